//! Changes of a user.

use gatewright_storage::{ChangeOutcome, NewUser, User, UserChange};

use crate::ended::belongs_to;
use crate::identities::key;
use crate::state::State;

impl State {
    /// Changes a user, or returns why the change was refused.
    pub(crate) fn change(&mut self, change: UserChange) -> ChangeOutcome {
        let id = &change.user.id;
        let now = change.user.updated_at;
        let seen = |user: &NewUser| user.user.updated_at == change.expected_updated_at;
        if !self.users.get(id).is_some_and(seen) || !self.grounds_hold(change.grounds.as_ref()) {
            return ChangeOutcome::Conflict;
        }
        let secret = match &change.consumes {
            Some(digest) => match self.secrets.get(digest) {
                Some(secret)
                    if secret.user_id.as_ref() == Some(id)
                        && secret.consumed_at.is_none()
                        && now < secret.expires_at =>
                {
                    Some(digest)
                }
                _ => return ChangeOutcome::SecretRefused,
            },
            None => None,
        };
        let taken = |key: fn(&NewUser) -> &Option<String>, wanted: &Option<String>| {
            let mut others = self.users.values().filter(|user| user.user.id != *id);
            wanted.is_some() && others.any(|user| key(user) == wanted)
        };
        let stays = |user: &NewUser| user.user.email == change.user.email;
        let email_stays = self.users.get(id).is_some_and(stays);
        if !email_stays && taken(|user| &user.email_key, &change.email_key) {
            return ChangeOutcome::EmailTaken;
        }
        if taken(|user| &user.username_key, &change.username_key) {
            return ChangeOutcome::UsernameTaken;
        }
        if self.identity_taken(&change.adds_identities) {
            return ChangeOutcome::IdentityTaken;
        }
        let removed = self.role_ids(&change.removes_roles);
        if self.is_last_holder(id, change.require_remaining_holder.as_ref()) {
            let removes = |role| change.removes_roles.contains(role);
            if change.user.disabled_at.is_some()
                || change
                    .require_remaining_holder
                    .as_ref()
                    .is_some_and(removes)
            {
                return ChangeOutcome::LastHolder;
            }
        }
        let added = self.role_ids(&change.adds_roles);
        if let Some(secret) = secret.and_then(|digest| self.secrets.get_mut(digest)) {
            secret.consumed_at = Some(now);
        }
        if let Some(voided) = &change.invalidates {
            self.secrets.retain(|_, secret| {
                secret.user_id.as_ref() != Some(id)
                    || secret.purpose != voided.purpose
                    || secret.created_at < voided.since
                    || secret.consumed_at.is_some()
            });
        }
        let ended = match &change.ends_sessions {
            Some(ending) => self.revoke(now, &ending.reason, |session| {
                let acting = session.actor_id.as_ref() == Some(id);
                let theirs = if ending.only_acting {
                    acting
                } else {
                    belongs_to(session, id)
                };
                let only = ending.only.as_ref();
                theirs
                    && Some(&session.id) != ending.except.as_ref()
                    && only.is_none_or(|only| {
                        session.id == *only || session.parent_id.as_ref() == Some(only)
                    })
            }),
            None => Vec::new(),
        };
        if let Some(stored) = self.users.get_mut(id) {
            stored.user = User {
                created_at: stored.user.created_at,
                last_login_at: stored.user.last_login_at,
                ..change.user
            };
            if !email_stays {
                stored.email_key = change.email_key;
            }
            stored.username_key = change.username_key;
            let stays = |kind: &String| !change.deletes_credentials.contains(kind);
            stored
                .credentials
                .retain(|credential| stays(&credential.kind));
            stored.credentials.extend(change.credentials);
            stored.identities.retain(|identity| {
                let mut removed = change.removes_identities.iter();
                !removed.any(|one| key(identity) == (&one.issuer, &one.subject))
            });
            stored.identities.extend(change.adds_identities);
            for role in added {
                if !stored.roles.contains(&role) {
                    stored.roles.push(role);
                }
            }
            stored.roles.retain(|role| !removed.contains(role));
            stored.search_terms = change.search_terms;
        }
        self.append_all(change.events);
        ChangeOutcome::Changed(ended)
    }
}

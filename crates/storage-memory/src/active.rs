//! Users and sessions with their roles and permissions.

use gatewright_storage::{
    Account, Acting, ActiveSession, Identity, NewUser, Session, Standing, Subject, UserDetails,
};

use crate::identities::sorted;
use crate::state::State;

impl State {
    pub(crate) fn member(&self, user: &NewUser) -> UserDetails {
        let Standing {
            rank,
            roles,
            permissions,
        } = self.standing_of(user.roles.iter().map(|id| &self.roles[id]));
        let identities = sorted(user).into_iter();
        let without_tokens = |identity| Identity {
            tokens: None,
            ..identity
        };
        UserDetails {
            account: Account {
                user: user.user.clone(),
                credentials: user.credentials.clone(),
            },
            identities: identities.map(without_tokens).collect(),
            roles,
            permissions,
            rank,
        }
    }

    pub(crate) fn active(&self, session: &Session) -> ActiveSession {
        let owner = self.member(&self.users[&session.user_id]);
        let parent = session.parent_id.as_ref();
        let parent = parent.and_then(|id| self.sessions.get(id));
        let parent = parent.filter(|parent| Some(&parent.user_id) == session.actor_id.as_ref());
        let acting = parent.map(|parent| Acting {
            opaque: parent.token.is_some(),
            last_seen_at: parent.last_seen_at,
            expires_at: parent.expires_at,
            revoked_at: parent.revoked_at,
            disabled_at: self.users[&parent.user_id].user.disabled_at,
            standing: self.standing(&Subject::User(parent.user_id.clone())),
        });
        let mut credentials = owner.account.credentials.iter();
        let second_factor = credentials.any(|credential| credential.kind == "totp");
        ActiveSession {
            session: session.clone(),
            user: owner.account.user,
            roles: owner.roles,
            permissions: owner.permissions,
            rank: owner.rank,
            keys_ended_at: self.keys_ended_at(),
            second_factor,
            acting,
        }
    }
}

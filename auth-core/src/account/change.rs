//! Changes a user: reads, decides, and stores the decision if the user has not changed since the read.

use core::time::Duration;

use crate::access::SUPERADMIN;
use crate::account::creation::proved_at;
use crate::audit::record::log_events;
use crate::client::Client;
use crate::context::Context;
use crate::credential::{CredentialKind, credential_of_kind};
use crate::error::{AccessTokenError, Error, LinkError, Result};
use crate::identifier::{canonical, email_key};
use crate::mail::kind::MailKind;
use crate::mail::outbox::notify_user;
use crate::new_id::new_id;
use crate::one_time_secret::Purpose;
use crate::platform::Platform;
use crate::profile::search_terms;
use crate::sessions::active::is_live;
use crate::storage::{
    Account, ActiveSession, AuditEvent, ChangeOutcome, Credential, Grounds, Identity, IdentityKey,
    InvalidatedSecrets, SessionEnding, Sessions as _, User, UserChange, UserDetails, Users as _,
};
use crate::time::Timestamp;

/// A change of a user. Every field but `user` is optional.
pub(crate) struct Change {
    /// The user after the change. `updated_at` is set when the change is stored.
    pub(crate) user: User,
    /// Digest of the one-time secret that the change uses up.
    pub(crate) consumes: Option<String>,
    /// One-time secrets to invalidate. If there are none, a change that unlinks an identity invalidates the links that change
    /// the address.
    pub(crate) invalidates: Option<InvalidatedSecrets>,
    /// Kinds of credentials to delete.
    pub(crate) deletes: Vec<CredentialKind>,
    /// Credentials to add.
    pub(crate) credentials: Vec<Credential>,
    /// Identities to unlink.
    pub(crate) removes_identities: Vec<IdentityKey>,
    /// Whether all identities are unlinked, except those that the change links.
    pub(crate) unlinks_all: bool,
    /// Identities to link.
    pub(crate) adds_identities: Vec<Identity>,
    /// Roles to add.
    pub(crate) adds_roles: Vec<String>,
    /// Roles to remove.
    pub(crate) removes_roles: Vec<String>,
    /// Sessions to end.
    pub(crate) ends_sessions: Option<SessionEnding>,
    /// Grounds of the decision besides the user.
    pub(crate) grounds: Option<Grounds>,
    /// Events that tell of the change. They are stored with it, and then logged.
    pub(crate) events: Vec<AuditEvent>,
}

impl Change {
    pub(crate) fn of(user: User) -> Self {
        Self {
            user,
            consumes: None,
            invalidates: None,
            deletes: Vec::new(),
            credentials: Vec::new(),
            removes_identities: Vec::new(),
            unlinks_all: false,
            adds_identities: Vec::new(),
            adds_roles: Vec::new(),
            removes_roles: Vec::new(),
            ends_sessions: None,
            grounds: None,
            events: Vec::new(),
        }
    }

    /// Ends the user's sessions, except one if it is given.
    pub(crate) fn end_sessions(&mut self, except: Option<&str>, reason: &str) {
        self.ends_sessions = Some(SessionEnding {
            except: except.map(str::to_owned),
            only: None,
            only_acting: false,
            reason: reason.to_owned(),
        });
    }

    /// Makes links that change the address invalid: a person whose access the change ends may have asked for one.
    pub(crate) fn end_email_changes(&mut self) {
        self.invalidates = Some(InvalidatedSecrets {
            purpose: Purpose::ChangeEmail.as_str().to_owned(),
            since: Timestamp::default(),
        });
    }

    /// Removes roles. Impersonations by the user end, because the permission for them may be lost.
    pub(crate) fn remove_roles(&mut self, roles: Vec<String>) {
        if !roles.is_empty() && self.ends_sessions.is_none() {
            self.ends_sessions = Some(SessionEnding {
                except: None,
                only: None,
                only_acting: true,
                reason: "role_removed".to_owned(),
            });
        }
        self.removes_roles = roles;
    }
}

/// Maximum number of attempts at a change whose grounds are changed concurrently.
pub(crate) const TRIES: usize = 4;

/// Maximum number of identities of a user.
pub(crate) const MAX_IDENTITIES: usize = 20;

/// Changes a user, and returns the result. After a concurrent change, `decide` is called again.
///
/// # Errors
/// The errors of `decide`, [`Error::AccountGone`], [`Error::EmailTaken`], [`Error::UsernameTaken`],
/// [`Error::IdentityTaken`], [`Error::TooManyIdentities`], [`Error::Link`] for the one-time secret, or a failure of the
/// platform.
pub(crate) async fn change_user<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    mut decide: impl FnMut(Account) -> Result<Change>,
) -> Result<User> {
    for _ in 0..TRIES {
        if let Some(user) = try_change(context, user_id, |member| decide(member.account)).await? {
            return Ok(user);
        }
    }
    Err(always_changing())
}

/// Changes the user of a session, within that session: if it ends in the meantime, nothing changes.
///
/// # Errors
/// The errors of [`change_user`], and [`Error::AccessToken`] if the session has ended.
pub(crate) async fn change_own<P: Platform>(
    context: &Context<P>,
    active: &ActiveSession,
    mut decide: impl FnMut(Account) -> Result<Change>,
) -> Result<User> {
    change_own_member(context, active, |member| decide(member.account)).await
}

/// Works like [`change_own`], for decisions that rest on more than the account.
///
/// # Errors
/// The errors of [`change_own`].
pub(crate) async fn change_own_member<P: Platform>(
    context: &Context<P>,
    active: &ActiveSession,
    mut decide: impl FnMut(UserDetails) -> Result<Change>,
) -> Result<User> {
    for _ in 0..TRIES {
        let grounds = session_grounds(context, active);
        let changed = try_change(context, &active.user.id, |member| {
            Ok(Change {
                grounds: Some(grounds),
                ..decide(member)?
            })
        });
        if let Some(user) = changed.await? {
            return Ok(user);
        }
        check_live(context, active).await?;
    }
    Err(always_changing())
}

/// Returns the grounds of a decision that rests on the user's own session.
pub(super) fn session_grounds<P: Platform>(
    context: &Context<P>,
    active: &ActiveSession,
) -> Grounds {
    Grounds {
        session: Some(active.session.id.clone()),
        now: context.now(),
        standings: Vec::new(),
    }
}

/// Fails if the session has ended in the meantime.
pub(super) async fn check_live<P: Platform>(
    context: &Context<P>,
    active: &ActiveSession,
) -> Result<()> {
    let id = active.session.id.clone();
    let session = context.storage().find_session(id).await?;
    match session.filter(|active| is_live(context, active, context.now())) {
        Some(_) => Ok(()),
        None => Err(Error::AccessToken(AccessTokenError::SessionEnded)),
    }
}

/// Tries [`change_user`] once, for decisions that may rest on more than the account. Returns `None` if the grounds of
/// the decision have changed meanwhile.
pub(crate) async fn try_change<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    decide: impl FnOnce(UserDetails) -> Result<Change>,
) -> Result<Option<User>> {
    let member = context
        .storage()
        .find_user(user_id.to_owned())
        .await?
        .ok_or(Error::AccountGone)?;
    let before = member.account.user.clone();
    let seen = before.updated_at;
    let pending = credential_of_kind(&member.account, CredentialKind::PendingUsername)
        .map(|pending| pending.secret.clone());
    let is_sign_up = credential_of_kind(&member.account, CredentialKind::PendingSignUp).is_some();
    let linked: Vec<_> = member.identities.iter().map(identity_key).collect();
    let mut change = decide(member)?;
    if change.unlinks_all {
        change.removes_identities.clone_from(&linked);
    }
    let removed = &change.removes_identities;
    // A person who signed in by an identity may have asked for a link that changes the address.
    if !removed.is_empty() {
        change
            .invalidates
            .get_or_insert_with(|| InvalidatedSecrets {
                purpose: Purpose::ChangeEmail.as_str().to_owned(),
                since: Timestamp::default(),
            });
    }
    let left = linked.iter().filter(|key| !removed.contains(key)).count();
    let added = change.adds_identities.len();
    if added > 0 && left + added > MAX_IDENTITIES {
        return Err(Error::TooManyIdentities);
    }
    let mut user = change.user;
    user.updated_at = later(context.now(), seen);
    user.email_proved_at = proved_at(Some(&before), &user);
    // The user name of the registration is claimed as soon as the address is proved by any means.
    let mut claimed = pending.filter(|_| user.email_verified_at.is_some());
    if claimed.is_some() {
        change.deletes.push(CredentialKind::PendingUsername);
        claimed.take_if(|_| user.username.is_some());
    }
    // Within a session and by an administrator, an account is changed that somebody uses.
    if is_sign_up && (user.email_verified_at.is_some() || change.grounds.is_some()) {
        change.deletes.push(CredentialKind::PendingSignUp);
    }
    let key = |text: &Option<String>| text.as_deref().map(canonical);
    let mut stored = UserChange {
        id: new_id(&context.platform),
        email_key: user.email.as_deref().map(email_key),
        username_key: key(&user.username),
        user: user.clone(),
        expected_updated_at: seen,
        consumes: change.consumes,
        invalidates: change.invalidates,
        deletes_credentials: change
            .deletes
            .into_iter()
            .map(|kind| kind.as_str().to_owned())
            .collect(),
        credentials: change.credentials,
        removes_identities: change.removes_identities,
        adds_identities: change.adds_identities,
        adds_roles: change.adds_roles,
        removes_roles: change.removes_roles,
        ends_sessions: change.ends_sessions,
        search_terms: search_terms(&user),
        require_remaining_holder: Some(SUPERADMIN.to_owned()),
        grounds: change.grounds,
        events: change.events.clone(),
    };
    let storage = context.storage();
    let mut loses_name = false;
    let outcome = if claimed.is_some() {
        let mut claiming = stored.clone();
        claiming.username_key = key(&claimed);
        claiming.user.username.clone_from(&claimed);
        match storage.change_user(claiming).await? {
            ChangeOutcome::UsernameTaken => {
                // Another user has the name by now. Nothing was stored; the account remains without one.
                loses_name = true;
                stored.id = new_id(&context.platform);
                storage.change_user(stored).await?
            }
            outcome => {
                user.username = claimed;
                outcome
            }
        }
    } else {
        storage.change_user(stored).await?
    };
    match outcome {
        ChangeOutcome::Changed(sessions) => {
            log_events(context, &change.events);
            context.announce_ended(sessions, user.updated_at);
            if loses_name {
                // The display name may be from somebody other than the person who has just proved the address.
                let nameless = User {
                    display_name: None,
                    ..user.clone()
                };
                notify_user(
                    context,
                    &nameless,
                    MailKind::UsernameTaken,
                    &Client::default(),
                );
            }
            Ok(Some(user))
        }
        ChangeOutcome::Conflict => Ok(None),
        ChangeOutcome::EmailTaken => Err(Error::EmailTaken),
        ChangeOutcome::UsernameTaken => Err(Error::UsernameTaken),
        ChangeOutcome::IdentityTaken => Err(Error::IdentityTaken),
        ChangeOutcome::LastHolder => Err(Error::LastSuperadmin),
        ChangeOutcome::SecretRefused => Err(Error::Link(LinkError::Used)),
    }
}

/// Returns the key of an identity.
pub(crate) fn identity_key(identity: &Identity) -> IdentityKey {
    IdentityKey {
        issuer: identity.issuer.clone(),
        subject: identity.subject.clone(),
    }
}

pub(crate) fn always_changing() -> Error {
    Error::Unavailable("concurrent changes to the user; try again".into())
}

/// Returns the current time, but at least 1 ms after the previous change, because a change is identified by its time.
pub(crate) fn later(now: Timestamp, before: Timestamp) -> Timestamp {
    now.max(before + Duration::from_millis(1))
}

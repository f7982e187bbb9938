//! Creates users.

use crate::audit::record::log_events;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::identifier::{canonical, email_key};
use crate::new_id::new_id;
use crate::platform::Platform;
use crate::profile::search_terms;
use crate::storage::{AuditEvent, CreateUserOutcome, Credential, NewUser, User, Users as _};
use crate::time::Timestamp;

/// Returns a new user with an identifier and no other data.
pub(crate) fn new_user<P: Platform>(context: &Context<P>) -> User {
    let now = context.now();
    User {
        id: new_id(&context.platform),
        email: None,
        email_verified_at: None,
        email_proved_at: None,
        username: None,
        display_name: None,
        profile: "{}".to_owned(),
        disabled_at: None,
        locked_until: None,
        created_at: now,
        updated_at: now,
        last_login_at: None,
    }
}

/// Stores a new user together with the event that tells of it, unless somebody has the role `unless_role_assigned`.
///
/// # Errors
/// [`Error::EmailTaken`], [`Error::UsernameTaken`], [`Error::IdentityTaken`], [`Error::AlreadySetUp`] if somebody has the
/// role, or a failure of the platform.
pub(crate) async fn create_user<P: Platform>(
    context: &Context<P>,
    user: &User,
    credentials: Vec<Credential>,
    roles: Vec<String>,
    unless_role_assigned: Option<&str>,
    event: AuditEvent,
) -> Result<()> {
    let new = NewUser {
        unless_role_assigned: unless_role_assigned.map(str::to_owned),
        events: vec![event],
        ..new_record(user.clone(), credentials, roles)
    };
    match try_create(context, new).await? {
        true => Ok(()),
        false => Err(Error::Internal("storage reported a conflict".into())),
    }
}

/// Stores a new user, and logs the events that are stored with it. Returns `false` if the grounds of the decision have changed meanwhile.
///
/// # Errors
/// Those of [`create_user`].
pub(crate) async fn try_create<P: Platform>(context: &Context<P>, new: NewUser) -> Result<bool> {
    let events = new.events.clone();
    match context.storage().create_user(new).await? {
        CreateUserOutcome::Created => {
            log_events(context, &events);
            Ok(true)
        }
        CreateUserOutcome::Conflict => Ok(false),
        CreateUserOutcome::EmailTaken => Err(Error::EmailTaken),
        CreateUserOutcome::UsernameTaken => Err(Error::UsernameTaken),
        CreateUserOutcome::IdentityTaken => Err(Error::IdentityTaken),
        CreateUserOutcome::RoleAssigned => Err(Error::AlreadySetUp),
        CreateUserOutcome::IdTaken => Err(Error::Internal("the new user id is taken".into())),
    }
}

/// Returns when the user's current address was first proved. That time is kept as long as the address stays the same,
/// even if the address is marked as unverified.
pub(crate) fn proved_at(before: Option<&User>, user: &User) -> Option<Timestamp> {
    let key = |user: &User| user.email.as_deref().map(email_key);
    before
        .filter(|before| key(before) == key(user))
        .and_then(|before| before.email_proved_at)
        .or(user.email_verified_at)
}

/// Returns the record of a user, with the keys and search terms derived from the fields.
pub(crate) fn new_record(
    mut user: User,
    credentials: Vec<Credential>,
    roles: Vec<String>,
) -> NewUser {
    user.email_proved_at = proved_at(None, &user);
    NewUser {
        email_key: user.email.as_deref().map(email_key),
        username_key: user.username.as_deref().map(canonical),
        credentials,
        identities: Vec::new(),
        roles,
        search_terms: search_terms(&user),
        unless_role_assigned: None,
        grounds: None,
        events: Vec::new(),
        user,
    }
}

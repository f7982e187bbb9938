//! Creates users.

use serde_json::{Map, Value};

use crate::access::{USER, VERIFIED};
use crate::account::change::{TRIES, always_changing};
use crate::account::creation::{new_record, new_user, try_create};
use crate::account::find::find_user;
use crate::account::password_reset::send_reset;
use crate::admin::actor::Actor;
use crate::admin::catalog::roles_of_names;
use crate::admin::grounds::{grounds, renewed};
use crate::admin::users::Users;
use crate::admin::users::fields::{UserUpdate, write_update};
use crate::audit::event::EventKind;
use crate::audit::record::audit_event;
use crate::context::Context;
use crate::credential::{CredentialKind, new_credential};
use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::mail::kind::MailKind;
use crate::password::acceptance::checked_password;
use crate::password::admission::hash_password;
use crate::platform::Platform;
use crate::storage::{NewUser, Role, SeenStanding, UserDetails};

/// A user whom an administrator creates.
#[derive(Clone, Copy, Default)]
pub struct NewAccount<'a> {
    /// E-mail address; it or a user name is required.
    pub email: Option<&'a str>,
    /// Whether the address counts as verified.
    pub email_verified: bool,
    /// User name.
    pub username: Option<&'a str>,
    /// Password; without one, the user sets it by a link.
    pub password: Option<&'a str>,
    /// Display name.
    pub display_name: Option<&'a str>,
    /// Values of the declared extra fields.
    pub profile: Option<&'a Map<String, Value>>,
    /// Names of roles; `None` means `user`.
    pub roles: Option<&'a [String]>,
    /// Whether the user gets a mail with a link to set a password.
    pub invite: bool,
}

impl<P: Platform> Users<'_, P> {
    /// Creates a user.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every broken rule, [`Error::EmailTaken`], [`Error::UsernameTaken`],
    /// [`Error::GrantNotHeld`], or a failure of the platform.
    pub async fn create(self, actor: &Actor, new: NewAccount<'_>) -> Result<UserDetails> {
        let context = self.context;
        let mut user = new_user(context);
        let none = Map::new();
        let update = UserUpdate {
            email: new.email,
            email_verified: Some(new.email_verified),
            username: new.username,
            display_name: new.display_name,
            profile: Some(new.profile.unwrap_or(&none)),
        };
        write_update(context, &mut user, update, true).map_err(Error::Invalid)?;
        if new.invite && user.email.is_none() {
            let message = "An invitation requires an e-mail address.";
            let rule = FieldError::new("email", FieldErrorCode::Required, message);
            return Err(Error::Invalid(vec![rule]));
        }
        let usual = [USER.to_owned()];
        let names = new.roles.unwrap_or(&usual);
        // Checked before a password is hashed.
        let mut granted = granted_roles(context, actor, names).await?;
        let mut credentials = Vec::new();
        if let Some(password) = new.password {
            let password = checked_password(context, password, "password", &user).await?;
            let secret = hash_password(context, &password).await?;
            credentials.push(new_credential(
                context,
                &user.id,
                CredentialKind::Password,
                secret,
            ));
        }
        let mut acting = actor.clone();
        let mut tries = 1..TRIES;
        loop {
            let mut roles: Vec<_> = granted.iter().map(|role| role.name.clone()).collect();
            // `verified` follows the address.
            roles.retain(|name| name != VERIFIED);
            if user.email_verified_at.is_some() {
                roles.push(VERIFIED.to_owned());
            }
            roles.sort();
            roles.dedup();
            let event = actor.event(EventKind::UserCreated).on("user", &user.id);
            let event = event.with("roles", roles.as_slice());
            let new = NewUser {
                events: vec![audit_event(context, event, actor.client())],
                grounds: Some(grounds(
                    context,
                    &acting,
                    granted.iter().map(SeenStanding::from),
                )),
                ..new_record(user.clone(), credentials.clone(), roles)
            };
            if try_create(context, new).await? {
                break;
            }
            tries.next().ok_or_else(always_changing)?;
            acting = renewed(context, &acting).await?;
            granted = granted_roles(context, &acting, names).await?;
        }
        let member = find_user(context, &user.id).await?;
        if let (true, Some(email)) = (new.invite, &user.email) {
            send_reset(context, Some(&member.account), email, MailKind::Invitation).await?;
        }
        Ok(member)
    }
}

/// Returns the roles with these names, if the actor may grant each of them.
async fn granted_roles<P: Platform>(
    context: &Context<P>,
    actor: &Actor,
    names: &[String],
) -> Result<Vec<Role>> {
    let roles = roles_of_names(context, names).await?;
    roles.iter().try_for_each(|role| actor.may_grant(role))?;
    Ok(roles)
}

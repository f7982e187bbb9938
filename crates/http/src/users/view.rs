//! The administrators' view of a user.

use auth_core::storage::UserDetails;
use auth_core::{LinkedIdentity, Platform, SignInMethods, Timestamp};
use serde::Serialize;

use crate::account::identities::IdentityView;
use crate::account::view::UserView;
use crate::call::Call;

/// A user, with the fields for administrators.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct UserRecord {
    #[serde(flatten)]
    user: UserView,
    /// When the e-mail address was verified, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    email_verified_at: Option<String>,
    /// Whether an administrator has disabled the account.
    disabled: bool,
    /// When the account was disabled, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    disabled_at: Option<String>,
    /// When the lockout after too many failed sign-in attempts ends, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    locked_until: Option<String>,
    /// When the user was last updated, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    updated_at: String,
    /// Names of the user's roles.
    roles: Vec<String>,
    /// Names of the permissions of those roles.
    permissions: Vec<String>,
    /// Whether the user has a password.
    has_password: bool,
    /// Whether a second factor is enabled.
    mfa_enabled: bool,
    /// Linked accounts at sign-in providers.
    identities: Vec<IdentityView>,
}

impl UserRecord {
    pub(crate) fn of<P: Platform>(call: &Call<'_, P>, member: UserDetails) -> Self {
        let methods = SignInMethods::of(&member);
        let user = member.account.user;
        let now = call.auth.platform().now();
        let time = |time: Timestamp| time.to_string();
        let identities = member.identities.iter().map(LinkedIdentity::from);
        let identities = identities.map(IdentityView::from).collect();
        Self {
            email_verified_at: user.email_verified_at.map(time),
            disabled: user.disabled_at.is_some(),
            disabled_at: user.disabled_at.map(time),
            locked_until: user.locked_until.filter(|until| *until > now).map(time),
            updated_at: user.updated_at.to_string(),
            roles: member.roles,
            permissions: member.permissions,
            has_password: methods.password,
            mfa_enabled: methods.second_factor,
            identities,
            user: user.into(),
        }
    }
}

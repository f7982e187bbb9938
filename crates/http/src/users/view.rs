//! Users, as administrators see them.

use auth_core::storage::UserDetails;
use auth_core::{Platform, SignInMethods, Timestamp};
use serde::Serialize;

use crate::account::view::UserView;
use crate::call::Call;

/// A user, as administrators see them.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct UserRecord {
    #[serde(flatten)]
    user: UserView,
    /// When the user proved to receive mail at the address, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    email_verified_at: Option<String>,
    /// Whether an administrator has switched the account off.
    disabled: bool,
    /// Since when, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    disabled_at: Option<String>,
    /// Until when too many attempts have closed the account, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    locked_until: Option<String>,
    /// When the user last changed, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    updated_at: String,
    /// Names of the user's roles.
    roles: Vec<String>,
    /// Permissions of those roles.
    permissions: Vec<String>,
    /// Whether there is a password to sign in with.
    has_password: bool,
    /// Whether a second factor is in force.
    mfa_enabled: bool,
}

impl UserRecord {
    pub(crate) fn of<P: Platform>(call: &Call<'_, P>, member: UserDetails) -> Self {
        let methods = SignInMethods::of(&member.account);
        let user = member.account.user;
        let now = call.auth.platform().now();
        let time = |time: Timestamp| time.to_string();
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
            user: user.into(),
        }
    }
}

//! Clears the counted attempts on an account.

use crate::context::Context;
use crate::error::Result;
use crate::identifier::{canonical, email_key};
use crate::platform::Platform;
use crate::rate_limits::quota::quotas_of;
use crate::rate_limits::sign_in::{attempts_at, codes_of, reauthentications_of, resets_of};
use crate::sign_in::known_device::devices_of;
use crate::storage::{RateLimits as _, User};

/// Clears the counted attempts on an account.
pub(crate) async fn forget_attempts<P: Platform>(context: &Context<P>, user: &User) -> Result<()> {
    let keys = [
        user.email.as_deref().map(email_key),
        user.username.as_deref().map(canonical),
    ];
    let mut prefixes: Vec<_> = keys.iter().flatten().map(|key| attempts_at(key)).collect();
    prefixes.extend([
        reauthentications_of(&user.id),
        codes_of(&user.id),
        resets_of(&user.id),
        devices_of(&user.id),
        quotas_of(&user.id),
    ]);
    Ok(context.storage().clear_limits(prefixes).await?)
}

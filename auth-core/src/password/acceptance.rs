//! Checks of new passwords.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::password::breach::refuse_breached;
use crate::password::policy;
use crate::platform::Platform;
use crate::storage::User;

/// Returns the normalised form of a new password if it meets the password policy.
pub(crate) async fn checked_password<P: Platform>(
    context: &Context<P>,
    new: &str,
    field: &'static str,
    user: &User,
) -> Result<zeroize::Zeroizing<String>> {
    let new = policy::normalize(new);
    let words = [user.email.as_deref(), user.username.as_deref()];
    policy::check(&new, field, &context.config, &words)
        .map_err(|rule| Error::Invalid(vec![rule]))?;
    refuse_breached(context, &new, field).await?;
    Ok(new)
}

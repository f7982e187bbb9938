//! Finds accounts.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::storage::{Account, LoginName, UserDetails, Users as _};

/// Returns the user with this identifier, with their credentials.
pub(crate) async fn find_account<P: Platform>(
    context: &Context<P>,
    user_id: &str,
) -> Result<Option<Account>> {
    let name = LoginName::Id(user_id.to_owned());
    Ok(context.storage().find_account(name).await?)
}

/// Returns a user with their roles and permissions.
///
/// # Errors
/// [`Error::NotFound`], or a failure of the platform.
pub(crate) async fn find_user<P: Platform>(
    context: &Context<P>,
    user_id: &str,
) -> Result<UserDetails> {
    let found = context.storage().find_user(user_id.to_owned());
    found.await?.ok_or(Error::NotFound("user"))
}

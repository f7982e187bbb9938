//! The list of users, and encrypted cursors for clients.

use crate::account::find::find_user;
use crate::admin::users::Users;
use crate::context::Context;
use crate::error::Result;
use crate::identifier::email_key;
use crate::platform::Platform;
use crate::storage::{Cursor, UserDetails, UserPage, UserQuery, Users as _};

/// Purpose for which cursors are encrypted, so that nobody can forge one.
const CURSOR_PURPOSE: &str = "gatewright place in a list v2";

/// Returns a page of the list of users. `search` is the beginning of an address, a user name, a display name or a word
/// of it, or a text of the profile.
///
/// # Errors
/// A failure of the platform.
pub(crate) async fn list_users<P: Platform>(
    context: &Context<P>,
    mut query: UserQuery,
) -> Result<UserPage> {
    // Makes a search for a whole address match every spelling of its domain.
    query.search = query.search.map(|text| email_key(text.trim()));
    query.search = query.search.filter(|text| !text.is_empty());
    query.now = context.now();
    Ok(context.storage().list_users(query).await?)
}

impl<P: Platform> Users<'_, P> {
    /// Returns a page of the list of users. `search` is the beginning of an address, a user name, a display name or a
    /// word of it, or a text of the profile.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn list(self, query: UserQuery) -> Result<UserPage> {
        list_users(self.context, query).await
    }

    /// Returns a user with their roles and permissions.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), or a failure of the platform.
    pub async fn get(self, user_id: &str) -> Result<UserDetails> {
        find_user(self.context, user_id).await
    }

    /// Encrypts the cursor of a list for clients. It is valid for the same list only.
    pub fn encrypt_cursor(self, list: &str, cursor: &Cursor) -> String {
        let context = self.context;
        let plain = cursor.as_str().as_bytes();
        let key = &context.config.secret_key;
        key.encrypt(&context.platform, CURSOR_PURPOSE, list, "", plain)
    }

    /// Decrypts a cursor that a client sends. `None` means that it is not a cursor of this list.
    pub fn decrypt_cursor(self, list: &str, encrypted: &str) -> Option<Cursor> {
        let key = &self.context.config.secret_key;
        let plain = key.decrypt(CURSOR_PURPOSE, list, "", encrypted)?;
        String::from_utf8(plain.to_vec()).ok().map(Cursor::new)
    }
}

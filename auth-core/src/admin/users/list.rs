//! The list of users, and places in it in a form for clients.

use serde_json::json;

use crate::account::find::find_member;
use crate::admin::users::Users;
use crate::context::Context;
use crate::error::Result;
use crate::identifier::canonical;
use crate::platform::Platform;
use crate::storage::{Member, Place, Storage as _, UserPage, UserQuery};

/// What places in lists are encrypted for, so that nobody makes one up.
const CURSOR_PURPOSE: &str = "gatewright place in a list v2";

/// A page of the list of users. `search` is the beginning of an address, a user name, a name or a word of it, or a text
/// of the profile.
///
/// # Errors
/// A failure of the platform.
pub(crate) async fn list_users<P: Platform>(
    context: &Context<P>,
    mut query: UserQuery,
) -> Result<UserPage> {
    query.search = query.search.map(|text| canonical(text.trim()));
    query.search = query.search.filter(|text| !text.is_empty());
    query.now = context.now();
    Ok(context.storage().list_users(query).await?)
}

impl<P: Platform> Users<'_, P> {
    /// A page of the list of users. `search` is the beginning of an address, a user name, a name or a word of it, or a text
    /// of the profile.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn list(self, query: UserQuery) -> Result<UserPage> {
        list_users(self.context, query).await
    }

    /// A user with what they may do.
    ///
    /// # Errors
    /// [`Error::NotFound`], or a failure of the platform.
    pub async fn get(self, user_id: &str) -> Result<Member> {
        find_member(self.context, user_id).await
    }

    /// A place in a list in a form for clients: opaque, and only good for the same list.
    pub fn encrypt_cursor(self, list: &str, place: &Place) -> String {
        let context = self.context;
        let plain = json!([place.part, place.key, place.tie_break]).to_string();
        context.config.secret_key.seal(
            &context.platform,
            CURSOR_PURPOSE,
            list,
            "",
            plain.as_bytes(),
        )
    }

    /// The place that a client brings back; none: it is not one of this list.
    pub fn decrypt_cursor(self, list: &str, sealed: &str) -> Option<Place> {
        let context = self.context;
        let key = &context.config.secret_key;
        let plain = key.open(CURSOR_PURPOSE, list, "", sealed)?;
        let (part, key, tie_break) = serde_json::from_slice(&plain).ok()?;
        Some(Place {
            part,
            key,
            tie_break,
        })
    }
}

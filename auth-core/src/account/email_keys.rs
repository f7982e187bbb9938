//! Renews keys of e-mail addresses that an earlier version derived by another rule.

use crate::account::Accounts;
use crate::audit::event::{Event, EventKind};
use crate::audit::record::record;
use crate::client::Client;
use crate::error::Result;
use crate::identifier::email_key;
use crate::platform::{Level, Platform};
use crate::storage::{EmailKey, Maintenance as _};

impl<P: Platform> Accounts<'_, P> {
    /// Renews keys that an earlier version derived by another rule, the part of an upgrade that SQL can't do. Call it
    /// before anything else; if there is nothing to do, it costs one query. If two accounts have the same address by
    /// today's rule, both are left unchanged, and the log and the audit log name the account that the address no longer
    /// signs in to.
    ///
    /// # Errors
    /// A failure of the platform; the next call continues.
    pub async fn renew_email_keys(self) -> Result<()> {
        let context = self.context;
        loop {
            let old = context.storage().list_old_email_keys().await?;
            if old.is_empty() {
                return Ok(());
            }
            let renewed = |old: EmailKey| EmailKey {
                key: email_key(&old.email),
                ..old
            };
            let keys = old.into_iter().map(renewed).collect();
            for user in context.storage().renew_email_keys(keys).await? {
                context.platform.log(
                    Level::Warn,
                    "another user has this user's e-mail address in another spelling; change one of the two addresses",
                    &[("user", &user)],
                );
                let event = Event::new(EventKind::EmailCollided).on("user", &user);
                record(context, event, &Client::default());
            }
        }
    }
}

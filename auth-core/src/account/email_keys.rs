//! Keys of addresses that an earlier version made by another rule are made anew.

use crate::account::Accounts;
use crate::audit::event::{Event, EventKind};
use crate::audit::record::record;
use crate::client::Client;
use crate::error::Result;
use crate::identifier::email_key;
use crate::platform::{Level, Platform};
use crate::storage::{EmailKey, Maintenance as _};

impl<P: Platform> Accounts<'_, P> {
    /// Makes the keys anew that an earlier version made by another rule: the part of an upgrade that SQL can't do. To be called
    /// before anything else; with nothing to do it is one look. Of two accounts whose addresses are one by today's rule both
    /// stay as they are, and the log and the audit log name the one that the address no longer signs in to.
    ///
    /// # Errors
    /// A failure of the platform; the next call goes on.
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
                    "another user has the address of this one in another spelling; both stay, change one of them",
                    &[("user", &user)],
                );
                let event = Event::new(EventKind::EmailCollided).on("user", &user);
                record(context, event, &Client::default());
            }
        }
    }
}

//! Records that an account is locked for a while.

use crate::account::change::{Change, change_user};
use crate::audit::event::{Event, EventKind};
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::context::Context;
use crate::error::Result;
use crate::mail::kind::MailKind;
use crate::mail::outbox::notify_user;
use crate::platform::{Level, Platform};
use crate::storage::{LoginName, Users as _};
use crate::time::Timestamp;

pub(crate) async fn lock<P: Platform>(
    context: &Context<P>,
    name: LoginName,
    until: Timestamp,
    client: &Client,
) {
    if let Err(error) = try_lock(context, name, until, client).await {
        let cause = error.to_string();
        context.platform.log(
            Level::Warn,
            "the lock of an account could not be stored",
            &[("cause", &cause)],
        );
    }
}

async fn try_lock<P: Platform>(
    context: &Context<P>,
    name: LoginName,
    until: Timestamp,
    client: &Client,
) -> Result<()> {
    let Some(account) = context.storage().find_account(name).await? else {
        return Ok(());
    };
    let event = Event::new(EventKind::UserLocked).on("user", &account.user.id);
    let event = audit_event(context, event, client);
    let user = change_user(context, &account.user.id, |account| {
        let mut user = account.user;
        user.locked_until = Some(until);
        Ok(Change {
            events: vec![event.clone()],
            ..Change::of(user)
        })
    })
    .await?;
    notify_user(context, &user, MailKind::AccountLocked, client);
    Ok(())
}

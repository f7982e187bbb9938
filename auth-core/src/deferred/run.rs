//! Runs deferred work.

use crate::account::email_verification::verify_after_login;
use crate::audit::append::{append, not_stored};
use crate::audit::settings::tell_settings;
use crate::client::Client;
use crate::context::Context;
use crate::deferred::lock::lock;
use crate::deferred::rehash::rehash;
use crate::deferred::task::{Deferred, Task};
use crate::deferred::warning::warn;
use crate::error::Error;
use crate::federation::documents::{refresh_document, store_document};
use crate::identifier::EmailAddress;
use crate::identities::recent_use::store_use;
use crate::mail::delivery::{deliver, not_sent};
use crate::platform::{Level, Platform};
use crate::rate_limits::mail::may_notify;
use crate::storage::{Sessions as _, User};

/// Runs deferred work. Failures are logged and affect no user.
pub(crate) async fn run<P: Platform>(context: &Context<P>, deferred: Deferred) {
    match deferred.0 {
        Task::Mail(message) => deliver(context, message).await,
        Task::MailToUnproved(message) => match may_notify(context, &message.to).await {
            Ok(true) => deliver(context, message).await,
            Ok(false) => not_sent(context, &message, "the address got too many mails"),
            Err(error) => not_sent(context, &message, &error.to_string()),
        },
        Task::Audit(event) => append(context, *event).await,
        Task::Lock {
            name,
            until,
            client,
        } => lock(context, name, until, &client).await,
        Task::Settings => tell_settings(context).await,
        Task::Warn(warning) => warn(context, warning).await,
        Task::VerificationLink {
            address,
            user,
            client,
        } => send_link_again(context, &address, user.as_deref(), &client).await,
        Task::UseIdentity(used) => store_use(context, *used).await,
        Task::Touch(session_id) => touch(context, session_id).await,
        Task::RefreshDocument(place) => refresh_document(context, &place).await,
        Task::StoreDocument(document) => store_document(context, document).await,
        Task::Rehash {
            credential,
            password,
        } => rehash(context, credential, &password).await,
    }
}

/// Reports that deferred work is dropped because too much is waiting.
pub(crate) fn give_up<P: Platform>(context: &Context<P>, deferred: Deferred) {
    let cause = "too much deferred work is waiting";
    match deferred.0 {
        Task::Mail(message) | Task::MailToUnproved(message) => not_sent(context, &message, cause),
        Task::Audit(_) => not_stored(context, cause),
        Task::Lock { .. }
        | Task::Settings
        | Task::Warn(_)
        | Task::VerificationLink { .. }
        | Task::UseIdentity(_)
        | Task::Touch(_)
        | Task::RefreshDocument(_)
        | Task::StoreDocument(_)
        | Task::Rehash { .. } => {
            let message = "deferred work was dropped";
            let fields = [("cause", cause)];
            context.platform.log(Level::Warn, message, &fields);
        }
    }
}

async fn send_link_again<P: Platform>(
    context: &Context<P>,
    address: &EmailAddress,
    user: Option<&User>,
    client: &Client,
) {
    if let Err(error) = verify_after_login(context, address, user, client).await {
        let cause = error.to_string();
        context.platform.log(
            Level::Warn,
            "the verification link could not be sent after a login",
            &[("cause", &cause)],
        );
    }
}

async fn touch<P: Platform>(context: &Context<P>, session_id: String) {
    let now = context.now();
    if let Err(error) = context.storage().touch_session(session_id, now).await {
        let cause = Error::from(error).to_string();
        context.platform.log(
            Level::Warn,
            "the last use of a session could not be stored",
            &[("cause", &cause)],
        );
    }
}

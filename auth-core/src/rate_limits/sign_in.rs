//! Rate limits of passwords and codes.

use crate::audit::record::record_failed_login;
use crate::client::Client;
use crate::client::network::in_one_network;
use crate::context::Context;
use crate::deferred::task::{Deferred, Task};
use crate::error::Result;
use crate::platform::Platform;
use crate::rate_limits::count::{by_network, count, exceeded, hashed, in_networks, limit};
use crate::rate_limits::quota::by_network_in_a_day;
use crate::sessions::active::active_sessions;
use crate::sign_in::known_device::known_device;
use crate::storage::{Account, Limit, LoginName, Session};
use crate::time::Timestamp;

/// Counts a password attempt on a login name before the password is verified, so that concurrent attempts can't bypass
/// the limit. The narrow limits are first: attempts that they refuse don't use up the wide one.
///
/// The wide limit is for strangers, who can use it up from many networks. A device that has signed in to the account
/// before has its own counter instead, and a network in which a session of the account began is exempt from it.
///
/// # Errors
/// [`Error::RateLimited`](crate::Error::RateLimited) if a limit is exceeded.
pub(crate) async fn count_login<P: Platform>(
    context: &Context<P>,
    name: &str,
    whose: Option<LoginName>,
    account: Option<&Account>,
    client: &Client,
) -> Result<()> {
    let everywhere = attempts_at(name);
    let mut limits = by_network(context, client);
    if let Some(device) = known_device(context, account, client) {
        limits.push(limit(
            context,
            device,
            context.config.login_attempts_per_account,
        ));
    } else {
        limits.extend(attempts(context, &everywhere, client));
    }
    let Some(exceeded) = exceeded(context, limits).await? else {
        return Ok(());
    };
    if exceeded.first {
        record_failed_login(context, None, "rate_limited", client);
    }
    if exceeded.key != everywhere {
        return Err(exceeded.error);
    }
    // Runs after the answer, which is the same for unknown accounts.
    if let Some(name) = whose.filter(|_| exceeded.first) {
        lock_later(context, name, exceeded.until, client);
    }
    if is_known_network(context, account, client).await? {
        return Ok(());
    }
    Err(exceeded.error)
}

/// Counts a password attempt by someone with a session or a link of the account. It is counted separately from logins,
/// so that strangers can't use up this limit, whatever login name they enter.
///
/// # Errors
/// [`Error::RateLimited`](crate::Error::RateLimited) if a limit is exceeded.
pub(crate) async fn count_reauthentication<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    client: &Client,
) -> Result<()> {
    let mut limits = by_network(context, client);
    limits.extend(attempts(context, &reauthentications_of(user_id), client));
    let Some(exceeded) = exceeded(context, limits).await? else {
        return Ok(());
    };
    if exceeded.first {
        record_failed_login(context, None, "rate_limited", client);
    }
    Err(exceeded.error)
}

/// Returns the limits of attempts on one target: from the client's networks, then from everywhere.
fn attempts<P: Platform>(context: &Context<P>, everywhere: &str, client: &Client) -> Vec<Limit> {
    let max = context.config.login_attempts_per_account;
    let mut limits = in_networks(context, everywhere, max, client);
    let max = context.config.login_attempts_everywhere();
    limits.push(limit(context, everywhere.to_owned(), max));
    limits
}

/// Whether an active session of the account began in the client's network. Without an account, the same work is done.
async fn is_known_network<P: Platform>(
    context: &Context<P>,
    account: Option<&Account>,
    client: &Client,
) -> Result<bool> {
    let id = account.map_or("", |account| &account.user.id);
    let sessions = active_sessions(context, id).await?;
    let began_here = |session: &Session| {
        // Excludes impersonation by an administrator.
        let own = session.actor_id.is_none();
        let from = session.ip.as_ref().and_then(|ip| ip.parse().ok());
        own && matches!((from, client.ip), (Some(a), Some(b)) if in_one_network(a, b))
    };
    Ok(sessions.iter().any(began_here))
}

fn lock_later<P: Platform>(
    context: &Context<P>,
    name: LoginName,
    until: Timestamp,
    client: &Client,
) {
    context.platform.defer(Deferred(Task::Lock {
        name,
        until,
        client: client.clone(),
    }));
}

/// Where a second-factor code is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeUse {
    /// At a sign-in, by somebody who knows the password.
    SignIn,
    /// In a session of the account.
    Session,
}

/// Counts an attempt on an account's second factor, for all kinds of requests at that place together, so that a new
/// challenge gives no new attempts. Attempts at sign-ins don't use up those of the owner's sessions. Also counts by network,
/// because one person can have any number of accounts.
///
/// # Errors
/// [`Error::RateLimited`](crate::Error::RateLimited) if a limit is exceeded.
pub(crate) async fn count_code<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    used: CodeUse,
    client: &Client,
) -> Result<()> {
    let of_account = match used {
        CodeUse::SignIn => codes_of(user_id),
        CodeUse::Session => session_codes_of(user_id),
    };
    let max = context.config.login_attempts_per_ip;
    let mut limits = in_networks(context, "codes", max, client);
    let max = context.config.mfa_attempts_per_account;
    limits.push(limit(context, of_account.clone(), max));
    let Some(exceeded) = exceeded(context, limits).await? else {
        return Ok(());
    };
    if exceeded.first {
        record_failed_login(context, Some(user_id), "rate_limited", client);
        if used == CodeUse::SignIn && exceeded.key == of_account {
            let name = LoginName::Id(user_id.to_owned());
            lock_later(context, name, exceeded.until, client);
        }
    }
    Err(exceeded.error)
}

/// Counts a use of a password reset link, which may query another service and computes a hash.
///
/// # Errors
/// [`Error::RateLimited`](crate::Error::RateLimited) if the limit is exceeded.
pub(crate) async fn count_reset<P: Platform>(context: &Context<P>, user_id: &str) -> Result<()> {
    let max = context.config.reset_attempts_per_account;
    count(context, vec![limit(context, resets_of(user_id), max)]).await
}

/// Counts the return of a browser from a sign-in provider, before anything is stored or requested for it. It does not use
/// up the attempts with passwords.
///
/// # Errors
/// [`Error::RateLimited`](crate::Error::RateLimited) if the limit is exceeded.
pub(crate) async fn count_return<P: Platform>(context: &Context<P>, client: &Client) -> Result<()> {
    let max = context.config.login_attempts_per_ip;
    count(context, in_networks(context, "oauth", max, client)).await
}

/// Counts a registration: together with attempts in a window, and separately in a day.
///
/// # Errors
/// [`Error::RateLimited`](crate::Error::RateLimited) if a limit is exceeded.
pub(crate) async fn count_registration<P: Platform>(
    context: &Context<P>,
    client: &Client,
) -> Result<()> {
    let mut limits = by_network(context, client);
    limits.extend(by_network_in_a_day(context, "registration", client));
    count(context, limits).await
}

/// Returns the key of attempts on a login name from all networks.
pub(super) fn attempts_at(name: &str) -> String {
    format!("login/{}", hashed(name))
}

/// Returns the key of a user's re-authentications. Unlike [`attempts_at`], it contains no text from a client.
pub(super) fn reauthentications_of(user_id: &str) -> String {
    format!("password/{user_id}")
}

/// Returns the key of second-factor codes in a user's sessions.
pub(super) fn session_codes_of(user_id: &str) -> String {
    format!("session-code/{user_id}")
}

/// Returns the key of a user's second-factor codes at sign-ins.
pub(super) fn codes_of(user_id: &str) -> String {
    format!("code/{user_id}")
}

/// Returns the key of a user's password reset links.
pub(super) fn resets_of(user_id: &str) -> String {
    format!("reset/{user_id}")
}

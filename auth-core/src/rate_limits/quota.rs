//! How much one person may add to storage: sessions, events and secrets that are kept for days. Whoever signs in could
//! fill the disk otherwise.

use core::time::Duration;

use crate::client::Client;
use crate::context::Context;
use crate::error::Result;
use crate::platform::Platform;
use crate::rate_limits::count::{count, in_networks};
use crate::storage::Limit;

const DAY: Duration = Duration::from_secs(86_400);

/// How many times what is allowed in one window is allowed in a day.
const WINDOWS_A_DAY: u64 = 10;

/// What a person does to the account. Each is counted apart, so that a stolen session that uses one up leaves the owner
/// the others.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SelfService {
    /// Change the profile.
    Profile,
    /// Anything that takes the password.
    Password,
    /// Set up a second factor.
    SecondFactor,
}

impl SelfService {
    fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Password => "password",
            Self::SecondFactor => "factor",
        }
    }
}

/// What is counted of a user, so that all of it can be forgotten together.
pub(crate) fn quotas_of(user_id: &str) -> String {
    format!("quota/{user_id}/")
}

/// Counts a sign-in whose password was right. It starts a session, or a login that waits for a second factor.
///
/// # Errors
/// [`Error::RateLimited`](crate::Error::RateLimited) past the limit.
pub(crate) async fn count_sign_in<P: Platform>(context: &Context<P>, user_id: &str) -> Result<()> {
    let key = format!("{}sign-in", quotas_of(user_id));
    let max = context.config.sign_ins_per_user;
    count(context, in_window_and_day(context, &key, max)).await
}

/// Counts what a person does to the account. What takes no password, which is counted by network anyway, is also counted
/// by network: somebody may have any number of accounts.
///
/// # Errors
/// [`Error::RateLimited`](crate::Error::RateLimited) past the limit.
pub(crate) async fn count_self_service<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    what: SelfService,
    client: &Client,
) -> Result<()> {
    let key = format!("{}{}", quotas_of(user_id), what.as_str());
    let mut limits = in_window_and_day(context, &key, context.config.changes_per_user);
    if !matches!(what, SelfService::Password) {
        limits.extend(by_network_in_a_day(context, what.as_str(), client));
    }
    count(context, limits).await
}

/// Limits of what adds rows from the networks of a client in a day, whatever the accounts: ten times the attempts of
/// a window.
pub(super) fn by_network_in_a_day<P: Platform>(
    context: &Context<P>,
    what: &str,
    client: &Client,
) -> Vec<Limit> {
    let max = context.config.login_attempts_per_ip;
    let max = max.saturating_mul(WINDOWS_A_DAY);
    let mut limits = in_networks(context, &format!("day/{what}"), max, client);
    for limit in &mut limits {
        limit.window = DAY;
    }
    limits
}

/// Counts a refresh of a session.
///
/// # Errors
/// [`Error::RateLimited`](crate::Error::RateLimited) past the limit.
pub(crate) async fn count_refresh<P: Platform>(
    context: &Context<P>,
    session_id: &str,
) -> Result<()> {
    count(
        context,
        vec![Limit {
            key: format!("refresh/{session_id}"),
            window: context.config.limit_window,
            max: context.config.refreshes_per_session,
        }],
    )
    .await
}

fn in_window_and_day<P: Platform>(context: &Context<P>, key: &str, max: u64) -> Vec<Limit> {
    vec![
        Limit {
            key: format!("{key}/window"),
            window: context.config.limit_window,
            max,
        },
        Limit {
            key: format!("{key}/day"),
            window: DAY,
            max: max.saturating_mul(WINDOWS_A_DAY),
        },
    ]
}

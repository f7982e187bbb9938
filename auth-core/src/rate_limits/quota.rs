//! How much one person may add to storage: sessions, events and secrets that are kept for days. Whoever signs in could
//! fill the disk otherwise.

use core::time::Duration;

use crate::context::Context;
use crate::error::Result;
use crate::platform::Platform;
use crate::rate_limits::count::count;
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
    count_in_window_and_day(context, key, context.config.sign_ins_per_user).await
}

/// Counts what a person does to the account.
///
/// # Errors
/// [`Error::RateLimited`](crate::Error::RateLimited) past the limit.
pub(crate) async fn count_self_service<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    what: SelfService,
) -> Result<()> {
    let key = format!("{}{}", quotas_of(user_id), what.as_str());
    count_in_window_and_day(context, key, context.config.changes_per_user).await
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
            most: context.config.refreshes_per_session,
        }],
    )
    .await
}

async fn count_in_window_and_day<P: Platform>(
    context: &Context<P>,
    key: String,
    most: u64,
) -> Result<()> {
    count(
        context,
        vec![
            Limit {
                key: format!("{key}/window"),
                window: context.config.limit_window,
                most,
            },
            Limit {
                key: format!("{key}/day"),
                window: DAY,
                most: most.saturating_mul(WINDOWS_A_DAY),
            },
        ],
    )
    .await
}

//! Quotas of what one user can add to storage: sessions, events and secrets that are kept for days. Without quotas, any
//! signed-in user could fill the disk.

use core::time::Duration;

use crate::client::Client;
use crate::context::Context;
use crate::error::Result;
use crate::platform::Platform;
use crate::rate_limits::count::{count, in_networks};
use crate::storage::Limit;

const DAY: Duration = Duration::from_secs(86_400);

/// The limit of a day, as a multiple of the limit of one window.
const WINDOWS_A_DAY: u64 = 10;

/// An action on the user's own account. Each is counted separately, so that a stolen session that exhausts one leaves
/// the owner the others.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SelfService {
    /// A change of the profile.
    Profile,
    /// Any action that requires the password.
    Password,
    /// Setup of a second factor.
    SecondFactor,
    /// Linking an identity, or a refresh of its tokens.
    Identity,
}

impl SelfService {
    fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Password => "password",
            Self::SecondFactor => "factor",
            Self::Identity => "identity",
        }
    }
}

/// Returns the prefix of a user's quota keys, by which all of them can be cleared together.
pub(crate) fn quotas_of(user_id: &str) -> String {
    format!("quota/{user_id}/")
}

/// Counts a sign-in with the correct password. It starts a session, or a login that waits for a second factor.
///
/// # Errors
/// [`Error::RateLimited`](crate::Error::RateLimited) if the limit is exceeded.
pub(crate) async fn count_sign_in<P: Platform>(context: &Context<P>, user_id: &str) -> Result<()> {
    let key = format!("{}sign-in", quotas_of(user_id));
    let max = context.config.sign_ins_per_user;
    count(context, in_window_and_day(context, &key, max)).await
}

/// Counts an action on the user's own account. Actions with the password are already counted by network. Others are
/// also counted by network here, because one person can have any number of accounts.
///
/// # Errors
/// [`Error::RateLimited`](crate::Error::RateLimited) if the limit is exceeded.
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

/// Returns the daily limits of actions that add rows from a client's networks, for all accounts together: ten times the
/// attempts of a window.
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
/// [`Error::RateLimited`](crate::Error::RateLimited) if the limit is exceeded.
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

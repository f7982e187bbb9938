//! Warnings of what the settings lack.

use core::time::Duration;

use crate::context::Context;
use crate::deferred::task::Warning;
use crate::platform::{Level, Platform};
use crate::storage::{Limit, RateLimits as _};

/// How long a warning is not repeated, by whatever instance of the service.
const SILENCE: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) async fn warn<P: Platform>(context: &Context<P>, warning: Warning) {
    let limit = Limit {
        key: format!("warning/{}", warning.message),
        window: SILENCE,
        max: 1,
    };
    let now = context.now();
    let counted = context.storage().count(vec![limit], now).await;
    // Rather twice than never.
    if counted.is_ok_and(|states| states.iter().any(|state| state.count > 1)) {
        return;
    }
    let fields: Vec<_> = warning
        .fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    context.platform.log(Level::Warn, warning.message, &fields);
}

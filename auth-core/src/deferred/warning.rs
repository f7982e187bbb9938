//! Warnings about missing settings.

use core::time::Duration;

use crate::context::Context;
use crate::deferred::task::Warning;
use crate::platform::{Level, Platform};
use crate::storage::{Limit, RateLimits as _};

/// How long a warning is not repeated by any instance of the service.
const SILENCE: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) async fn warn<P: Platform>(context: &Context<P>, warning: Warning) {
    let limit = Limit {
        key: format!("warning/{}", warning.message),
        window: SILENCE,
        max: 1,
    };
    let now = context.now();
    let counted = context.storage().count(vec![limit], now).await;
    // A repeated warning is better than a lost one.
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

//! Warnings of what the settings lack.

use core::time::Duration;

use crate::auth::Auth;
use crate::deferred::{Deferred, Work};
use crate::platform::{Level, Platform};
use crate::storage::{Limit, RateLimits as _};

/// How long a warning is not repeated, by whatever instance of the service.
const SILENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// A line for the operator.
pub(crate) struct Warning {
    message: &'static str,
    fields: Vec<(&'static str, String)>,
}

impl<P: Platform> Auth<P> {
    /// Writes a warning into the log after the answer, once a day for all instances on one storage together.
    pub fn warn_once(&self, message: &'static str, fields: Vec<(&'static str, String)>) {
        let warning = Warning { message, fields };
        self.platform.defer(Deferred(Work::Warn(warning)));
    }

    pub(crate) async fn warn(&self, warning: Warning) {
        let limit = Limit {
            key: format!("warning/{}", warning.message),
            window: SILENCE,
            most: 1,
        };
        let now = self.platform.now();
        let counted = self.platform.storage().count(vec![limit], now).await;
        // Rather twice than never.
        if counted.is_ok_and(|states| states.iter().any(|state| state.count > 1)) {
            return;
        }
        let fields: Vec<_> = warning
            .fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.platform.log(Level::Warn, warning.message, &fields);
    }
}

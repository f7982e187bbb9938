//! Settings of the retention of events.

use core::time::Duration;

use super::parse;
use crate::settings;

settings! {
    /// For how long storage keeps what has happened, the same on every host.
    pub struct RetentionConfig on Native Spin Worker;

    /// Time that events stay in the audit log; 0 keeps them without end.
    AUDIT_RETENTION_DAYS audit: Option<Duration> = "365", |text| parse::whole(text, 0, 36_500).map(|days| (days > 0).then(|| Duration::from_secs(days * 86_400))), "days, 0 to 36500", Administration, "90";
}

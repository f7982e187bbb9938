//! Points in time and durations, as numbers that the caller supplies.

use core::fmt;
use core::ops::Add;
use core::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timestamp(u64);

impl Timestamp {
    /// Creates a timestamp from milliseconds since the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Creates a timestamp from the parts of an instant of `wasi:clocks/system-clock`. A time before the Unix epoch
    /// becomes the epoch.
    pub const fn from_unix(seconds: i64, nanoseconds: u32) -> Self {
        if seconds < 0 {
            return Self(0);
        }
        let millis = seconds.unsigned_abs().saturating_mul(1000);
        Self(millis.saturating_add(nanoseconds as u64 / 1_000_000))
    }

    /// Returns the milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns the whole seconds since the Unix epoch: a `NumericDate` of RFC 7519.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }

    /// Returns the time from `earlier` to this point; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Parses a time in the format of RFC 3339, from 1970 on.
    pub fn parse(text: &str) -> Option<Self> {
        let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let millis = time.unix_timestamp_nanos() / 1_000_000;
        u64::try_from(millis).ok().map(Self)
    }

    /// Formats the time for people: "21 November 2026, 18:48 UTC". Returns `None` for times after the year 9999.
    pub fn in_words(self) -> Option<String> {
        let time = self.to_utc()?;
        let (date, hour, minute) = (time.date(), time.hour(), time.minute());
        let (day, month, year) = (date.day(), date.month(), date.year());
        Some(format!("{day} {month} {year}, {hour:02}:{minute:02} UTC"))
    }

    fn to_utc(self) -> Option<OffsetDateTime> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).ok()
    }
}

/// The format of RFC 3339, in UTC.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.to_utc().and_then(|time| time.format(&Rfc3339).ok());
        formatter.write_str(&time.unwrap_or_default())
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_millis() as u64))
    }
}

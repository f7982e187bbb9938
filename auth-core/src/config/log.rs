//! Settings of the log, and the format of its lines.

use core::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::parse;
use crate::platform::Level;
use crate::settings;
use crate::time::Timestamp;

settings! {
    /// The log settings, which are the same on every host.
    pub struct LogConfig on Native Spin Worker;

    /// Minimum level of the log lines that are written.
    LOG_LEVEL level: Level = "info", Level::parse, "error, warn, info or debug", Logging, "debug";
    /// Whether log lines are written as JSON.
    LOG_JSON json: bool = "false", parse::boolean, "true or false", Logging, "true";
}

impl LogConfig {
    /// The text of a log line; none when lines of that level are not written. `time` is left out where a platform
    /// writes it by itself.
    pub fn line(
        &self,
        time: Option<Timestamp>,
        level: Level,
        message: &str,
        fields: &[(&str, &str)],
    ) -> Option<String> {
        if level < self.level {
            return None;
        }
        if self.json {
            let fields: Map<_, _> = fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
                .collect();
            let mut line = json!({"level": level.as_str(), "message": message, "fields": fields});
            if let Some(time) = time {
                line["timestamp"] = time.to_string().into();
            }
            return Some(line.to_string());
        }
        let mut line = time.map(|time| format!("{time} ")).unwrap_or_default();
        let _ = write!(line, "{:5} {message}", level.as_str());
        for (name, value) in fields {
            // Quoted and escaped, so that a value can't begin a line of its own.
            let _ = write!(line, " {name}={value:?}");
        }
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_begin_a_log_line_of_its_own() {
        let text = LogConfig {
            level: Level::Info,
            json: false,
        };
        let line = |log: &LogConfig, time, level| {
            log.line(time, level, "refused", &[("cause", "a \"b\"\nINFO c")])
        };
        assert_eq!(
            line(&text, None, Level::Warn).unwrap(),
            r#"WARN  refused cause="a \"b\"\nINFO c""#
        );
        assert_eq!(line(&text, None, Level::Debug), None);
        let json = LogConfig { json: true, ..text };
        let time = Some(Timestamp::from_millis(0));
        assert_eq!(
            line(&json, time, Level::Info).unwrap(),
            r#"{"fields":{"cause":"a \"b\"\nINFO c"},"level":"INFO","message":"refused","timestamp":"1970-01-01T00:00:00Z"}"#
        );
    }
}

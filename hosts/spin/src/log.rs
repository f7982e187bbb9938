//! Log lines on standard error.

use std::sync::OnceLock;

use auth_core::Level;
use auth_core::config::LogConfig;
use wasip2::cli::stderr::get_stderr;

use crate::bindings::Provider;
use crate::bindings::exports::gatewright::auth::log::{Guest, Level as ContractLevel};
use crate::clock::now;

/// `LOG_LEVEL` and `LOG_JSON`, after they have been read.
static CONFIG: OnceLock<LogConfig> = OnceLock::new();
/// The configuration until then.
const USUAL: LogConfig = LogConfig {
    level: Level::Info,
    json: false,
};

/// The number of bytes that `wasi:io/streams` accepts at once.
const CHUNK: usize = 4096;

pub(crate) fn configure(config: LogConfig) {
    CONFIG.get_or_init(|| config);
}

impl Guest for Provider {
    fn emit(level: ContractLevel, message: String, fields: Vec<(String, String)>) {
        let level = match level {
            ContractLevel::Debug => Level::Debug,
            ContractLevel::Info => Level::Info,
            ContractLevel::Warn => Level::Warn,
            ContractLevel::Error => Level::Error,
        };
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        emit(level, &message, &fields);
    }
}

/// Writes one line.
pub(crate) fn emit(level: Level, message: &str, fields: &[(&str, &str)]) {
    let config = CONFIG.get().unwrap_or(&USUAL);
    let Some(line) = config.line(Some(now()), level, message, fields) else {
        return;
    };
    let stderr = get_stderr();
    for chunk in (line + "\n").as_bytes().chunks(CHUNK) {
        // There is nowhere to report that the log can't be written.
        let _ = stderr.blocking_write_and_flush(chunk);
    }
}

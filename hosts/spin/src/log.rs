//! Log lines on standard error.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU8, Ordering};

use auth_core::Level;
use auth_core::config::LogConfig;
use serde_json::{Map, Value};
use wasip2::cli::stderr::get_stderr;

use crate::bindings::exports::gatewright::auth::log::{Guest, Level as ContractLevel};
use crate::{Provider, now};

/// The least level that is written, and whether lines are JSON; `LOG_LEVEL` and `LOG_JSON` once they are known.
static LEAST: AtomicU8 = AtomicU8::new(Level::Info as u8);
static JSON: AtomicU8 = AtomicU8::new(0);

/// Most bytes that `wasi:io/streams` takes at once.
const CHUNK: usize = 4096;

pub(crate) fn configure(config: LogConfig) {
    LEAST.store(config.level as u8, Ordering::Relaxed);
    JSON.store(config.json.into(), Ordering::Relaxed);
}

impl Guest for Provider {
    fn emit(level: ContractLevel, message: String, fields: Vec<(String, String)>) {
        let level = match level {
            ContractLevel::Debug => Level::Debug,
            ContractLevel::Info => Level::Info,
            ContractLevel::Warn => Level::Warn,
            ContractLevel::Error => Level::Error,
        };
        emit(level, &message, &fields);
    }
}

/// Writes one line.
pub(crate) fn emit(level: Level, message: &str, fields: &[(String, String)]) {
    if (level as u8) < LEAST.load(Ordering::Relaxed) {
        return;
    }
    let line = if JSON.load(Ordering::Relaxed) == 1 {
        json(level, message, fields)
    } else {
        text(level, message, fields)
    };
    let stderr = get_stderr();
    for chunk in line.as_bytes().chunks(CHUNK) {
        // A log that can't be written has nowhere to say so.
        let _ = stderr.blocking_write_and_flush(chunk);
    }
}

fn text(level: Level, message: &str, fields: &[(String, String)]) -> String {
    let mut line = format!("{} {:5} {message}", now(), level.as_str());
    for (name, value) in fields {
        // In quotes and escaped: a value can't begin a line of its own.
        let _ = write!(line, " {name}={value:?}");
    }
    line + "\n"
}

fn json(level: Level, message: &str, fields: &[(String, String)]) -> String {
    let fields: Map<_, _> = fields
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect();
    let line = serde_json::json!({
        "timestamp": now().to_string(), "level": level.as_str(), "message": message, "fields": fields,
    });
    line.to_string() + "\n"
}

//! The log of the program.

use std::io::IsTerminal as _;

use anyhow::Result;
use auth_core::Level;
use gatewright::LayeredSettings;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The source of log lines.
pub(super) enum Speaker {
    /// The service, which logs according to the settings.
    Service,
    /// A command, which logs only warnings, errors and mails of the provider `console`, so that the log does not mix
    /// with its output.
    Command {
        /// Whether it was given `--json`.
        json: bool,
    },
}

/// Starts the log.
pub(super) fn init_log(settings: &LayeredSettings, speaker: Speaker) -> Result<()> {
    let config = settings.log_config()?;
    let level = match config.level {
        Level::Debug => LevelFilter::DEBUG,
        Level::Info => LevelFilter::INFO,
        Level::Warn => LevelFilter::WARN,
        Level::Error => LevelFilter::ERROR,
    };
    let (max, mails, json) = match speaker {
        Speaker::Service => (level, level, config.json),
        Speaker::Command { json } => {
            let max = level.min(LevelFilter::WARN);
            (max, LevelFilter::INFO, json || config.json)
        }
    };
    let filter = Targets::new().with_default(max).with_target("mail", mails);
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    if json {
        registry.with(layer.json()).init();
    } else {
        registry.with(layer).init();
    }
    Ok(())
}

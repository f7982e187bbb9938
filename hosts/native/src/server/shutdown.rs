//! Running until a signal to stop.

use std::time::Duration;

use anyhow::Result;
use auth_core::config::RetentionConfig;
use gatewright_storage_sqlite::purge_when_due;

use crate::database::now;
use crate::settings::LayeredSettings;
use crate::sqlite::Sqlite;

/// Waits for SIGINT or SIGTERM. In the meantime, deletes expired rows of the database.
pub(super) async fn wait_for_signal(
    database: Option<&(Sqlite, LayeredSettings)>,
) -> Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut minute = tokio::time::interval(Duration::from_secs(60));
    loop {
        tokio::select! {
            _ = interrupt.recv() => return Ok("SIGINT"),
            _ = terminate.recv() => return Ok("SIGTERM"),
            _ = minute.tick() => {
                if let Some((database, settings)) = database {
                    // A failure is already in the log, and the next run tries again.
                    let retention = async {
                        let loaded = RetentionConfig::load(settings).await;
                        loaded.map(|retention| retention.audit).map_err(|error| error.to_string())
                    };
                    let _ = purge_when_due(database, now(), retention).await;
                }
            }
        }
    }
}

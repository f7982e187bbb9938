//! Running until a signal to stop.

use std::time::Duration;

use anyhow::Result;
use auth_core::config::RetentionConfig;

use crate::database::Database;
use crate::settings::LayeredSettings;

/// Waits for SIGINT or SIGTERM. In the meantime, deletes expired rows of the database.
pub(super) async fn wait_for_signal(
    database: Option<&(Database, LayeredSettings)>,
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
                    let retention = async {
                        let loaded = RetentionConfig::load(settings).await;
                        loaded.map(|retention| retention.audit).map_err(|error| error.to_string())
                    };
                    if let Err(error) = database.purge_when_due(retention).await {
                        tracing::warn!(?error, "expired rows are not deleted; the next run tries again");
                    }
                }
            }
        }
    }
}

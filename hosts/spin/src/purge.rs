//! Deletion of expired data at intervals, after calls of the storage: Spin has no timer.

use std::sync::atomic::{AtomicU64, Ordering};

use auth_core::Level;
use auth_core::config::RetentionConfig;
use spin_sdk::wit_bindgen;

use crate::clock::now;
use crate::variables::Variables;
use crate::{database, log};

/// When this instance next checks for expired data, in milliseconds since the Unix epoch.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Deletes expired data if it is due. The caller has seen that the schema is current, and does not wait.
pub(crate) fn now_and_then() {
    let now_ms = now().as_millis();
    if now_ms < NEXT.load(Ordering::Relaxed) {
        return;
    }
    let every = database::PURGE_EVERY.as_millis() as u64;
    NEXT.store(now_ms + every, Ordering::Relaxed);
    wit_bindgen::spawn(async {
        let retention = async {
            let loaded = RetentionConfig::load(&Variables).await;
            loaded
                .map(|retention| retention.audit)
                .map_err(|error| error.to_string())
        };
        if let Err(error) = database::purge_when_due(now(), retention).await {
            let cause = format!("{error:?}");
            let message = "expired data could not be deleted";
            log::emit(Level::Warn, message, &[("cause", &cause)]);
        }
    });
}

//! Stores events of the audit log after the answer.

use core::sync::atomic::Ordering;
use core::time::Duration;

use crate::audit::event::{Event, EventKind};
use crate::audit::record::tell;
use crate::client::Client;
use crate::context::Context;
use crate::error::Error;
use crate::platform::{Level, Platform};
use crate::storage::{Audit as _, AuditEvent, StorageError};

/// How long to wait before each try to store an event. Storage itself may have waited for a lock for seconds.
const PAUSES: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
];

/// Stores an event, and tries again where that may help. The first one that is stored after others were lost is
/// followed by an event that says how many these were.
pub(crate) async fn append<P: Platform>(context: &Context<P>, event: AuditEvent) {
    if let Err(error) = try_append(context, event).await {
        not_stored(context, &Error::from(error).to_string());
        return;
    }
    let lost = context.lost_events.swap(0, Ordering::Relaxed);
    if lost > 0 {
        let event = Event::new(EventKind::EventsLost).with("number", lost);
        let event = tell(context, event, &Client::default());
        if context.storage().append_audit(event).await.is_err() {
            context.lost_events.fetch_add(lost, Ordering::Relaxed);
        }
    }
}

async fn try_append<P: Platform>(
    context: &Context<P>,
    event: AuditEvent,
) -> Result<bool, StorageError> {
    // Where the last one was lost after all tries, the next need not show the same.
    let tries = match context.lost_events.load(Ordering::Relaxed) {
        0 => PAUSES.len(),
        _ => 1,
    };
    let mut appended = Ok(false);
    for pause in &PAUSES[..tries] {
        context.platform.pause(*pause).await;
        // An event is stored once, also when an answer was lost.
        appended = context.storage().append_audit(event.clone()).await;
        match &appended {
            Err(StorageError::Unavailable(cause)) => context.platform.log(
                Level::Debug,
                "an event of the audit log could not be stored yet",
                &[("cause", cause)],
            ),
            _ => break,
        }
    }
    appended
}

pub(crate) fn not_stored<P: Platform>(context: &Context<P>, cause: &str) {
    context.lost_events.fetch_add(1, Ordering::Relaxed);
    context.platform.log(
        Level::Error,
        "an event of the audit log could not be stored; it is in this log alone",
        &[("cause", cause)],
    );
}

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

/// Pause before each attempt to store an event. Storage itself may have waited seconds for a lock.
const PAUSES: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
];

/// Stores an event, and retries if storage is unavailable. The first event stored after others were lost is followed
/// by an event with the number of lost events.
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
    // After an event was lost despite all attempts, the next ones are tried only once.
    let tries = match context.lost_events.load(Ordering::Relaxed) {
        0 => PAUSES.len(),
        _ => 1,
    };
    let mut appended = Ok(false);
    for pause in &PAUSES[..tries] {
        context.platform.pause(*pause).await;
        // An event is stored only once, even if the answer to an earlier attempt was lost.
        appended = context.storage().append_audit(event.clone()).await;
        match &appended {
            Err(StorageError::Unavailable(cause)) => context.platform.log(
                Level::Debug,
                "audit event not stored yet",
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
        "audit event not stored; it is only in this log",
        &[("cause", cause)],
    );
}

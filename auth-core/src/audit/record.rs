//! Records events.
//!
//! An event that tells of a change is stored together with the change: [`audit_event`] creates it, the call of storage
//! that carries the change takes it along, and [`log_events`] logs it once the change is stored. Any other event is
//! logged at once and stored after the answer ([`record`]).

use serde_json::Value;

use crate::audit::event::{Event, EventKind};
use crate::client::Client;
use crate::context::Context;
use crate::deferred::task::{Deferred, Task};
use crate::new_id::new_id;
use crate::platform::{Level, Platform};
use crate::storage::AuditEvent;

/// Records an event that no call of storage takes along: in the log at once, in storage after the answer.
pub(crate) fn record<P: Platform>(context: &Context<P>, event: Event, client: &Client) {
    let event = tell(context, event, client);
    context
        .platform
        .defer(Deferred(Task::Audit(Box::new(event))));
}

pub(crate) fn record_failed_login<P: Platform>(
    context: &Context<P>,
    user_id: Option<&str>,
    reason: &'static str,
    client: &Client,
) {
    let mut event = Event::new(EventKind::LoginFailed).because(reason);
    if let Some(id) = user_id {
        event = event.on("user", id);
    }
    record(context, event, client);
}

/// Writes an event into the log, and returns the record to store.
pub(crate) fn tell<P: Platform>(context: &Context<P>, event: Event, client: &Client) -> AuditEvent {
    let event = audit_event(context, event, client);
    log_event(context, &event);
    event
}

/// Returns the record of an event, to be stored together with the change that it tells of.
pub(crate) fn audit_event<P: Platform>(
    context: &Context<P>,
    event: Event,
    client: &Client,
) -> AuditEvent {
    let Event {
        kind,
        reason,
        actor,
        target,
        session,
        details,
    } = event;
    let (target_type, target_id) = target.unzip();
    AuditEvent {
        id: new_id(&context.platform),
        at: context.now(),
        kind: kind.as_str().to_owned(),
        reason: reason.map(str::to_owned),
        actor_id: actor,
        target_type: target_type.map(str::to_owned),
        target_id,
        session_id: session,
        ip: client.ip.map(|ip| ip.to_canonical().to_string()),
        user_agent: client.user_agent.clone(),
        request_id: client.request_id.clone(),
        details: Value::from(details).to_string(),
    }
}

/// Writes the events of a stored change into the log.
pub(crate) fn log_events<P: Platform>(context: &Context<P>, events: &[AuditEvent]) {
    for event in events {
        log_event(context, event);
    }
}

fn log_event<P: Platform>(context: &Context<P>, event: &AuditEvent) {
    let mut fields = vec![("event", event.kind.as_str()), ("id", event.id.as_str())];
    let further = [
        ("reason", &event.reason),
        ("actor", &event.actor_id),
        ("target_type", &event.target_type),
        ("target", &event.target_id),
        ("session", &event.session_id),
        ("ip", &event.ip),
        ("user_agent", &event.user_agent),
        ("request_id", &event.request_id),
    ];
    for (name, value) in further {
        fields.extend(value.as_deref().map(|value| (name, value)));
    }
    if event.details != "{}" {
        fields.push(("details", &event.details));
    }
    context.platform.log(Level::Info, "audit", &fields);
}

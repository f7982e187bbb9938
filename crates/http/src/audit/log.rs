//! Access to the audit log.

use auth_core::Platform;
use auth_core::storage::{AuditEvent, AuditQuery};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::call::{Answer, Call};
use crate::proof::Administrator;
use crate::request::query::invalid;
use crate::route::Parameter;
use crate::row::{get, rows};

rows![
    audit = get(
        "/audit",
        "Lists the events of the audit log, newest first, one page at a time."
    )
    .permission("audit:read")
    .query(PARAMETERS)
    .answers::<AuditResponse>(),
];

const PARAMETERS: &[Parameter] = &[
    Parameter::text("kind"),
    Parameter::uuid("actor"),
    Parameter::text("target"),
    Parameter::time("from"),
    Parameter::time("to"),
    Parameter::limit(200),
    Parameter::cursor(),
];

/// An event.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct EventView {
    /// Identifier, a UUID.
    #[cfg_attr(test, schema(format = "uuid"))]
    id: String,
    /// When the event happened, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    at: String,
    /// Name of the event, such as `login.failed`.
    kind: String,
    /// Reason of a failure.
    reason: Option<String>,
    /// Identifier of the user who acted.
    actor_id: Option<String>,
    /// Type of the target, such as `user`.
    target_type: Option<String>,
    /// Identifier of the target.
    target_id: Option<String>,
    /// Identifier of the session.
    session_id: Option<String>,
    /// IP address of the client.
    ip: Option<String>,
    /// `User-Agent` of the request.
    user_agent: Option<String>,
    /// Identifier of the request.
    request_id: Option<String>,
    /// Further details.
    #[cfg_attr(test, schema(value_type = Object))]
    details: Map<String, Value>,
}

impl From<AuditEvent> for EventView {
    fn from(event: AuditEvent) -> Self {
        Self {
            id: event.id,
            at: event.at.to_string(),
            kind: event.kind,
            reason: event.reason,
            actor_id: event.actor_id,
            target_type: event.target_type,
            target_id: event.target_id,
            session_id: event.session_id,
            ip: event.ip,
            user_agent: event.user_agent,
            request_id: event.request_id,
            details: auth_core::json::from_str(&event.details).unwrap_or_default(),
        }
    }
}

/// A page of events, newest first.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct AuditResponse {
    events: Vec<EventView>,
    /// Pass this as `cursor` to get the next page. Null on the last page.
    next_cursor: Option<String>,
}

async fn audit<P: Platform>(call: &Call<'_, P>, _: Administrator) -> Answer<AuditResponse> {
    const THIS: &str = "audit";
    let query = call.query()?;
    let after = call.cursor(THIS, &query)?;
    let text = |name| query.text(name).map(str::to_owned);
    let is_id = |text: &str| {
        let plain = |c: char| c == '-' || c.is_ascii_hexdigit();
        text.len() == 36 && text.chars().all(plain)
    };
    if query.text("actor").is_some_and(|text| !is_id(text)) {
        return Err(invalid("actor", "Use a UUID."));
    }
    let page = call
        .auth
        .audit()
        .list(AuditQuery {
            kind: text("kind"),
            actor_id: text("actor"),
            target_id: text("target"),
            at: query.times("from", "to")?,
            after,
            limit: query.limit()?,
        })
        .await?;
    Ok(call.json(&AuditResponse {
        events: page.events.into_iter().map(EventView::from).collect(),
        next_cursor: page
            .next
            .map(|next| call.auth.users().encrypt_cursor(THIS, &next)),
    }))
}

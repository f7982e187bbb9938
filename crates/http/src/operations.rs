//! For who runs the service: the audit log, keys, the first administrator, figures.

use std::fmt::Write as _;

use auth_core::storage::{AuditEvent, AuditPlace, AuditQuery, Place, SigningKey};
use auth_core::{FirstAdministrator, Platform, Timestamp};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::body;
use crate::caller::{Call, bearer};
use crate::error::ApiError;
use crate::query::{Query, invalid};
use crate::reply;
use crate::service::Answer;
use crate::users::UserRecord;

/// Most events of a page.
const PAGE: u64 = 200;

/// Something that happened.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct EventView {
    /// Identifier, a UUID.
    id: String,
    /// When it happened, RFC 3339.
    at: String,
    /// What it was, such as `login.failed`.
    kind: String,
    /// Why, for what failed.
    reason: Option<String>,
    /// Identifier of the user who did it.
    actor_id: Option<String>,
    /// What sort of thing it was done to, such as `user`.
    target_type: Option<String>,
    /// Its identifier.
    target_id: Option<String>,
    /// The session it was done in.
    session_id: Option<String>,
    /// Address that the request came from.
    ip: Option<String>,
    /// `User-Agent` of the request.
    user_agent: Option<String>,
    /// Identifier of the request.
    request_id: Option<String>,
    /// Further facts.
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
    /// What `cursor` gets the next page by; null: this was the last.
    next_cursor: Option<String>,
}

/// A key that signs access tokens, or did.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct KeyView {
    /// Key identifier, `kid` in token headers.
    kid: String,
    /// JWS algorithm.
    algorithm: String,
    /// Since when it signs, RFC 3339.
    created_at: String,
    /// Since when it does not sign any more, RFC 3339.
    retired_at: Option<String>,
    /// From when on signatures of it are not accepted, RFC 3339.
    expires_at: Option<String>,
}

impl From<SigningKey> for KeyView {
    fn from(key: SigningKey) -> Self {
        let time = |time: Timestamp| time.to_string();
        Self {
            kid: key.kid,
            algorithm: key.algorithm,
            created_at: key.created_at.to_string(),
            retired_at: key.retired_at.map(time),
            expires_at: key.expires_at.map(time),
        }
    }
}

/// All keys, oldest first.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct KeysResponse {
    keys: Vec<KeyView>,
}

/// The first administrator.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct SetupRequest {
    /// The value of `SETUP_TOKEN`.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password))]
    token: String,
    /// E-mail address.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Email))]
    email: String,
    /// Password.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password))]
    password: String,
    /// User name.
    username: Option<String>,
}

/// Parameters of the audit log.
pub(crate) const AUDIT: &[&str] = &["kind", "actor", "target", "from", "to", "limit", "cursor"];

pub(crate) async fn audit<P: Platform>(call: &Call<'_, P>) -> Answer {
    const THIS: &str = "audit";
    call.actor().await?;
    let query = Query::parse(call.parts, AUDIT)?;
    let not_here = || invalid("cursor", "Not a cursor of this list.");
    let after = match call.place(THIS, &query)? {
        Some(place) => Some(AuditPlace {
            at: Timestamp::from_millis(place.key.parse().map_err(|_| not_here())?),
            id: place.tie_break,
        }),
        None => None,
    };
    let text = |name| query.text(name).map(str::to_owned);
    let is_id = |text: &str| {
        let plain = |c: char| c == '-' || c.is_ascii_hexdigit();
        text.len() == 36 && text.chars().all(plain)
    };
    if query.text("actor").is_some_and(|text| !is_id(text)) {
        return Err(invalid("actor", "A UUID."));
    }
    let (events, more) = call
        .auth
        .audit_log(AuditQuery {
            kind: text("kind"),
            actor_id: text("actor"),
            target_id: text("target"),
            at: query.times("from", "to")?,
            after,
            limit: query.limit(PAGE)?,
        })
        .await?;
    let last = events.last().filter(|_| more).map(|event| Place {
        part: 0,
        key: event.at.as_millis().to_string(),
        tie_break: event.id.clone(),
    });
    let response = AuditResponse {
        events: events.into_iter().map(EventView::from).collect(),
        next_cursor: last.map(|place| call.auth.seal_place(THIS, &place)),
    };
    Ok(reply::json(StatusCode::OK, &response))
}

pub(crate) async fn keys<P: Platform>(call: &Call<'_, P>) -> Answer {
    call.actor().await?;
    let keys = call.auth.signing_keys().await?.into_iter();
    let response = KeysResponse {
        keys: keys.map(KeyView::from).collect(),
    };
    Ok(reply::json(StatusCode::OK, &response))
}

pub(crate) async fn rotate_key<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    let key = call.auth.rotate_key(&actor).await?;
    Ok(reply::json(StatusCode::CREATED, &KeyView::from(key)))
}

pub(crate) async fn set_up<P: Platform>(call: &Call<'_, P>) -> Answer {
    if call.auth.config().setup_token.is_none() {
        return Err(ApiError::not_found());
    }
    let request: SetupRequest = body::json(call.parts, call.body)?;
    let token = body::required("token", &request.token)?;
    let first = FirstAdministrator {
        email: &request.email,
        username: request.username.as_deref(),
        password: &request.password,
    };
    let member = call.auth.set_up(token, first, &call.client()).await?;
    let view = UserRecord::of(call, member);
    Ok(reply::json(StatusCode::CREATED, &view))
}

/// The text format of Prometheus.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(crate) async fn metrics<P: Platform>(call: &Call<'_, P>) -> Answer {
    let Some(expected) = &call.auth.config().metrics_token else {
        return Err(ApiError::not_found());
    };
    if !call.auth.is_secret(expected, bearer(call.parts)?) {
        return Err(ApiError::unauthenticated());
    }
    let mut text = String::from(
        "# HELP gatewright_build_info The version that answers.\n\
         # TYPE gatewright_build_info gauge\n",
    );
    let _ = writeln!(
        text,
        "gatewright_build_info{{version=\"{}\"}} 1",
        env!("CARGO_PKG_VERSION")
    );
    text.push_str(
        "# HELP gatewright_events_total Events of the audit log since the database was made.\n\
         # TYPE gatewright_events_total counter\n",
    );
    // Kinds and reasons are names of ours: nothing in them has to be escaped.
    for counted in call.auth.event_counts().await? {
        let _ = writeln!(
            text,
            "gatewright_events_total{{kind=\"{}\",reason=\"{}\"}} {}",
            counted.kind, counted.reason, counted.count
        );
    }
    Ok(reply::with_type(StatusCode::OK, PROMETHEUS, text.into()))
}

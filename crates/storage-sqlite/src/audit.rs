//! The audit log.

use gatewright_storage::{
    Audit, AuditEvent, AuditPage, AuditQuery, EventCount, StorageError, Timestamp,
};

use crate::executor::{Executor, Statement};
use crate::storage::SqliteStorage;
use crate::value::{Row, Value};
use gatewright_storage_sql::position::{Position, not_of_this_list};
use gatewright_storage_sql::text::prefix_upper_bound;

/// Maximum number of events on a page.
const LIMIT: u64 = 500;

/// Stores an event under a condition, whose parameters begin with `?13`. A trigger counts the event.
macro_rules! append {
    ($condition:literal) => {
        concat!(
            "INSERT INTO audit_events (id, at, kind, reason, actor_id, target_type, target_id, session_id, ip,
                user_agent, request_id, details)
            SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 WHERE ",
            $condition,
            " ON CONFLICT DO NOTHING"
        )
    };
}
// One statement, because it runs after the response, when it must not lock the database for other requests.
const APPEND: &str = concat!(append!("true"), " RETURNING 1");

/// Stores an event if the user is marked with the change. The marks are the user and the change.
pub(crate) const IF_CHANGED: &str =
    append!("EXISTS (SELECT 1 FROM users WHERE id = ?13 AND change_id = ?14)");
/// Stores an event if a decision with this mark is carried out.
pub(crate) const IF_DECIDED: &str = append!("EXISTS (SELECT 1 FROM decisions WHERE id = ?13)");
/// Deletes the mark of a decision, and returns a row if the decision was carried out.
pub(crate) const FORGET_DECISION: &str = "DELETE FROM decisions WHERE id = ?1 RETURNING 1";
/// Stores an event if the session with this mark is stored.
pub(crate) const IF_STARTED: &str = append!("EXISTS (SELECT 1 FROM sessions WHERE id = ?13)");

/// Stores an event, before a credential is deleted, if the credential exists.
pub(crate) const IF_CREDENTIAL: &str = append!("EXISTS (SELECT 1 FROM credentials WHERE id = ?13)");
/// Stores an event, before a session is revoked at a time, if the session has not ended.
pub(crate) const IF_ACTIVE: &str = append!(
    "EXISTS (SELECT 1 FROM sessions WHERE id = ?13 AND revoked_at IS NULL AND expires_at > ?14)"
);
/// Stores an event, before a user's sessions except one are revoked at a time, if one of them has not ended.
pub(crate) const IF_ANY_ACTIVE: &str = append!(
    "EXISTS (SELECT 1 FROM sessions WHERE (user_id = ?13 OR actor_id = ?13) AND id IS NOT ?14
        AND revoked_at IS NULL AND expires_at > ?15)"
);

/// Returns the statements that store the events of a change in its batch. `sql` is one of the above, and `marks` are
/// what it looks for.
pub(crate) fn append_with(
    sql: &'static str,
    events: Vec<AuditEvent>,
    marks: &[&str],
) -> Vec<Statement> {
    append_if(
        sql,
        events,
        marks.iter().map(|mark| (*mark).into()).collect(),
    )
}

/// Does the same with marks of any type.
pub(crate) fn append_if(
    sql: &'static str,
    events: Vec<AuditEvent>,
    marks: Vec<Value>,
) -> Vec<Statement> {
    let statement = |event| {
        let parameters = fields(event).into_iter().chain(marks.clone());
        Statement::new(sql, parameters.collect())
    };
    events.into_iter().map(statement).collect()
}

fn fields(event: AuditEvent) -> Vec<Value> {
    vec![
        event.id.into(),
        event.at.into(),
        event.kind.into(),
        event.reason.into(),
        event.actor_id.into(),
        event.target_type.into(),
        event.target_id.into(),
        event.session_id.into(),
        event.ip.into(),
        event.user_agent.into(),
        event.request_id.into(),
        event.details.into(),
    ]
}

/// The columns of an event.
macro_rules! columns {
    () => {
        "id, at, kind, reason, actor_id, target_type, target_id, session_id, ip, user_agent, request_id, details"
    };
}
/// Selects the events that match `$by` and are before `(?1, ?2)`, newest first.
macro_rules! list {
    ($columns:expr, $by:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM audit_events WHERE ",
            $by,
            " AND (at, id) < (?1, ?2) AND (?3 IS NULL OR (kind >= ?3 AND kind < ?4)) AND (?5 IS NULL OR kind = ?5)
            AND at >= coalesce(?6, 0) AND (?7 IS NULL OR at < ?7)
            AND (?8 IS NULL OR actor_id = ?8) AND (?9 IS NULL OR target_id = ?9)
            ORDER BY at DESC, id DESC LIMIT ?10"
        )
    };
}
const LIST: &str = list!(columns!(), "true");
const LIST_BY_ACTOR: &str = list!(columns!(), "actor_id = ?8");
const LIST_BY_KIND: &str = list!(columns!(), "kind = ?5");
const LIST_BY_TARGET: &str = list!(columns!(), "target_id = ?9");
// Selects the newest events of each known kind with the prefix, and of these the newest.
const LIST_BY_PREFIX: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM (SELECT DISTINCT kind AS of_kind FROM event_counts WHERE kind >= ?3 AND kind < ?4)
    CROSS JOIN audit_events ON id IN (",
    list!("id", "kind = of_kind"),
    ") ORDER BY at DESC, id DESC LIMIT ?10"
);

const COUNTS: &str = "SELECT kind, reason, count FROM event_counts ORDER BY kind, reason";

impl<E: Executor> Audit for SqliteStorage<E> {
    async fn append_audit(&self, event: AuditEvent) -> Result<bool, StorageError> {
        let append = Statement::new(APPEND, fields(event));
        let rows = self.executor().execute(append).await?;
        Ok(!rows.is_empty())
    }

    async fn list_audit(&self, query: AuditQuery) -> Result<AuditPage, StorageError> {
        let (exact, prefix) = match query.kind {
            Some(kind) if kind.ends_with('.') => (None, Some(kind)),
            exact => (exact, None),
        };
        let sql = match (&query.target_id, &query.actor_id, &exact, &prefix) {
            (Some(_), ..) => LIST_BY_TARGET,
            (None, Some(_), ..) => LIST_BY_ACTOR,
            (None, None, Some(_), _) => LIST_BY_KIND,
            (None, None, None, Some(_)) => LIST_BY_PREFIX,
            (None, None, None, None) => LIST,
        };
        let after = query.after.as_ref().map(Position::read).transpose()?;
        let (at, id) = match after {
            Some(Position { key, tie_break, .. }) => {
                let at = key.parse().map_err(|_| not_of_this_list())?;
                (Some(Timestamp::from_millis(at)), tie_break)
            }
            // The page begins with the newest event before the end of the range, or with the newest of all.
            None => (query.at.end, String::new()),
        };
        let limit = query.limit.clamp(1, LIMIT);
        let parameters = vec![
            at.map_or((1 << 53) - 1, Timestamp::as_millis).into(),
            id.into(),
            prefix.as_deref().into(),
            prefix.as_deref().map(prefix_upper_bound).into(),
            exact.into(),
            query.at.begin.into(),
            query.at.end.into(),
            query.actor_id.into(),
            query.target_id.into(),
            // One row more than the page shows whether there is a next page.
            (limit + 1).into(),
        ];
        let read = |mut row: Row| {
            Ok(AuditEvent {
                id: row.next()?,
                at: row.next()?,
                kind: row.next()?,
                reason: row.next()?,
                actor_id: row.next()?,
                target_type: row.next()?,
                target_id: row.next()?,
                session_id: row.next()?,
                ip: row.next()?,
                user_agent: row.next()?,
                request_id: row.next()?,
                details: row.next()?,
            })
        };
        let rows = self
            .executor()
            .query(Statement::new(sql, parameters))
            .await?;
        let mut events = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let more = events.len() as u64 > limit;
        events.truncate(limit as usize);
        let last = events.last().filter(|_| more).map(|event| Position {
            part: 0,
            key: event.at.as_millis().to_string(),
            tie_break: event.id.clone(),
        });
        Ok(AuditPage {
            events,
            next: last.map(Position::cursor),
        })
    }

    async fn count_events(&self) -> Result<Vec<EventCount>, StorageError> {
        let read = |mut row: Row| {
            Ok(EventCount {
                kind: row.next()?,
                reason: row.next()?,
                count: row.next()?,
            })
        };
        let rows = self
            .executor()
            .query(Statement::new(COUNTS, vec![]))
            .await?;
        rows.into_iter().map(read).collect()
    }
}

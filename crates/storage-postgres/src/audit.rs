//! The audit log.

use gatewright_storage::{
    Audit, AuditEvent, AuditPage, AuditQuery, EventCount, StorageError, Timestamp,
};

use crate::executor::{Executor, Statement};
use crate::schema::SHARDS;
use crate::storage::PostgresStorage;
use crate::value::{Row, Value};
use gatewright_storage_sql::position::{Position, not_of_this_list};
use gatewright_storage_sql::text::prefix_upper_bound;

/// Maximum number of events on a page.
const LIMIT: u64 = 500;

/// Stores an event under a condition, whose parameters begin with `$14`. One statement, so that an event is stored and
/// counted or neither. `$13` is the part of the counter.
macro_rules! append {
    ($condition:literal) => {
        concat!(
            "WITH stored AS (
                INSERT INTO audit_events (id, at, kind, reason, actor_id, target_type, target_id, session_id, ip,
                    user_agent, request_id, details)
                SELECT $1, $2::bigint, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 WHERE ",
            $condition,
            " ON CONFLICT DO NOTHING RETURNING kind, reason),
            counted AS (
                INSERT INTO event_counts (kind, reason, shard, count)
                SELECT kind, coalesce(reason, ''), $13::bigint, 1 FROM stored
                ON CONFLICT (kind, reason, shard) DO UPDATE SET count = event_counts.count + 1)
            SELECT 1 FROM stored"
        )
    };
}
const APPEND: &str = append!("true");

/// Stores an event if the user is marked with the change. The marks are the user and the change.
pub(crate) const IF_CHANGED: &str =
    append!("EXISTS (SELECT 1 FROM users WHERE id = $14 AND change_id = $15)");
/// Stores an event if a decision with this mark is carried out.
pub(crate) const IF_DECIDED: &str = append!("EXISTS (SELECT 1 FROM decisions WHERE id = $14)");
/// Stores an event if the session with this mark is stored.
pub(crate) const IF_STARTED: &str = append!("EXISTS (SELECT 1 FROM sessions WHERE id = $14)");

/// Returns the statements that store the events of a change in its batch. `sql` is one of the above, and `marks` are
/// what it looks for.
pub(crate) fn append_with(
    sql: &'static str,
    events: Vec<AuditEvent>,
    marks: &[&str],
) -> Vec<Statement> {
    let statement = |event| {
        let mut parameters = fields(event);
        parameters.extend(marks.iter().map(|mark| (*mark).into()));
        Statement::new(sql, parameters)
    };
    events.into_iter().map(statement).collect()
}

/// Adds to a statement that changes rows and returns their `id`: if one of them fulfils the condition, its last
/// parameter, unless it is null, becomes the mark of a decision that was carried out. Unlike a condition that is read
/// before the change, it can't differ from what the change does, whatever other transactions commit in between.
macro_rules! marked {
    ($change:expr, $condition:literal, $mark:literal) => {
        concat!(
            "WITH changed AS (",
            $change,
            "), marked AS (INSERT INTO decisions (id) SELECT ",
            $mark,
            "::text WHERE ",
            $mark,
            "::text IS NOT NULL AND EXISTS (SELECT 1 FROM changed WHERE ",
            $condition,
            ")) SELECT id FROM changed"
        )
    };
}
pub(crate) use marked;

/// Deletes the mark of a decision, and returns a row if the decision was carried out.
pub(crate) const FORGET_DECISION: &str = "DELETE FROM decisions WHERE id = $1 RETURNING 1";

/// Returns a change made by [`marked!`], and the statements after it that store its events.
pub(crate) fn marked_with(
    sql: &'static str,
    mut parameters: Vec<Value>,
    events: Vec<AuditEvent>,
) -> Vec<Statement> {
    // The identifier of an event occurs once. Without events, nothing looks for a mark.
    let mark = events.first().map(|event| event.id.clone());
    parameters.push(mark.as_deref().into());
    let mut batch = vec![Statement::new(sql, parameters)];
    if let Some(mark) = mark {
        batch.extend(append_with(IF_DECIDED, events, &[&mark]));
        batch.push(Statement::new(FORGET_DECISION, vec![mark.into()]));
    }
    batch
}

fn fields(event: AuditEvent) -> Vec<Value> {
    let shard = shard(&event.id);
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
        shard.into(),
    ]
}

/// The columns of an event.
macro_rules! columns {
    () => {
        "id, at, kind, reason, actor_id, target_type, target_id, session_id, ip, user_agent, request_id, details"
    };
}
/// Selects the events that match `$by` and are before `($1, $2)`, newest first.
macro_rules! list {
    ($columns:expr, $by:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM audit_events WHERE ",
            $by,
            " AND (at, id) < ($1::bigint, $2::text) AND ($3::text IS NULL OR (kind >= $3 AND kind < $4::text)) AND ($5::text IS NULL OR kind = $5)
            AND at >= coalesce($6::bigint, 0) AND ($7::bigint IS NULL OR at < $7)
            AND ($8::text IS NULL OR actor_id = $8) AND ($9::text IS NULL OR target_id = $9)
            ORDER BY at DESC, id DESC LIMIT $10::bigint"
        )
    };
}
const LIST: &str = list!(columns!(), "true");
const LIST_BY_ACTOR: &str = list!(columns!(), "actor_id = $8");
const LIST_BY_KIND: &str = list!(columns!(), "kind = $5");
const LIST_BY_TARGET: &str = list!(columns!(), "target_id = $9");
// Selects the newest events of each known kind with the prefix, and of these the newest.
const LIST_BY_PREFIX: &str = concat!(
    "SELECT found.* FROM (SELECT DISTINCT kind AS of_kind FROM event_counts WHERE kind >= $3 AND kind < $4) AS known
    CROSS JOIN LATERAL (",
    list!(columns!(), "kind = of_kind"),
    ") AS found ORDER BY at DESC, id DESC LIMIT $10"
);

const COUNTS: &str = "SELECT kind, reason, sum(count)::bigint FROM event_counts GROUP BY kind, reason ORDER BY kind, reason";

/// Returns the part of the counter that an event belongs to: its identifier ends in random digits.
fn shard(id: &str) -> u64 {
    let digits = id.bytes().rev().take(4);
    digits.fold(0, |sum, digit| sum + u64::from(digit)) % SHARDS
}

impl<E: Executor> Audit for PostgresStorage<E> {
    async fn append_audit(&self, event: AuditEvent) -> Result<bool, StorageError> {
        let append = Statement::new(APPEND, fields(event));
        let rows = self.database().execute(append).await?;
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
            Ok::<_, StorageError>(AuditEvent {
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
            .database()
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
            .database()
            .query(Statement::new(COUNTS, vec![]))
            .await?;
        rows.into_iter().map(read).collect()
    }
}

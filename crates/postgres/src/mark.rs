//! The mark of a transaction, by which a later connection finds out whether it was committed. Nothing is written for it.

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row};

/// Selects the mark of the transaction that runs it.
pub(crate) const MARK: &str = "SELECT pg_current_xact_id_if_assigned()::text,
    (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint,
    (extract(epoch FROM now()) * 1000000)::bigint";

// After a failover or a crash, another transaction can get the same identifier. Therefore `committed` counts only on the
// same server, without a crash since the transaction: a crash resets the statistics.
const OUTCOME: &str = "SELECT pg_xact_status($1::text::xid8),
    (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint = $2
    AND coalesce((SELECT (extract(epoch FROM stats_reset) * 1000000)::bigint < $3 FROM pg_stat_bgwriter), false)";

/// The mark of a transaction that could have changed something.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    transaction: String,
    server_started_at: i64,
    at: i64,
}

impl Mark {
    /// Reads the mark, or `None` if the transaction has changed and locked nothing.
    pub(crate) fn read(row: &Row) -> Result<Option<Self>, Error> {
        let transaction: Option<String> = row.try_get(0)?;
        let (server_started_at, at) = (row.try_get(1)?, row.try_get(2)?);
        Ok(transaction.map(|transaction| Self {
            transaction,
            server_started_at,
            at,
        }))
    }

    /// Asks a connection for the outcome of the transaction.
    pub(crate) async fn outcome(&self, client: &Client) -> Result<Outcome, Error> {
        let parameters: [(&(dyn ToSql + Sync), Type); 3] = [
            (&self.transaction, Type::TEXT),
            (&self.server_started_at, Type::INT8),
            (&self.at, Type::INT8),
        ];
        let rows = client.query_typed(OUTCOME, &parameters).await?;
        let Some(row) = rows.first() else {
            return Ok(Outcome::Unknown);
        };
        let (status, same_server): (Option<&str>, bool) = (row.try_get(0)?, row.try_get(1)?);
        Ok(match status {
            Some("committed") if same_server => Outcome::Committed,
            Some("aborted") => Outcome::Aborted,
            Some("in progress") => Outcome::InProgress,
            _ => Outcome::Unknown,
        })
    }
}

/// The outcome of a transaction whose connection was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It happened.
    Committed,
    /// It did not happen.
    Aborted,
    /// The server has not noticed that the connection is lost, or still works on it.
    InProgress,
    /// The server does not know.
    Unknown,
}

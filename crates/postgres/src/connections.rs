//! Connections from a pool, and what happens when one is lost.

use std::time::Duration;

use deadpool_postgres::{Client, Pool, PoolError};
use gatewright_storage::StorageError;
use gatewright_storage_postgres::{Failure, Row, Statement};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, Row as Columns};

use crate::failure::{failure, is_ended_by_server, is_lost, unavailable, with_cause};
use crate::mark::{Mark, Outcome};
use crate::pipeline::{Prepared, Replies, Sendable, send_one, send_transaction};
use crate::values::Column;

/// Maximum number of times that something runs of which each time is known that it did not happen.
const ATTEMPTS: u32 = 3;
/// Interval at which the outcome of a transaction is asked for.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// The pool, as the thread of the connections uses it.
#[derive(Clone)]
pub(crate) struct Connections {
    pub(crate) pool: Pool,
    pub(crate) keeps_session: bool,
    /// Maximum time in which the outcome of a transaction is found out.
    pub(crate) connect_timeout: Duration,
    /// The time after which a server that does not reply counts as lost. It limits its statements to less by itself.
    pub(crate) patience: Duration,
}

/// The effect of statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// They change nothing.
    Reads,
    /// One statement can change data.
    Writes,
    /// They are one transaction.
    Transaction,
}

/// The end of an attempt that has no result.
enum Ended {
    /// It must not run again.
    Failed(Failure),
    /// The connection was lost, and it is known that nothing happened.
    Undone,
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Connections {
    /// Runs statements. If the connection is lost, they run again only if it is known that they did not happen.
    pub(crate) async fn run(
        &self,
        statements: Vec<Statement>,
        effect: Effect,
    ) -> Result<Vec<Vec<Row>>, Failure> {
        let statements: Vec<Sendable> = statements.into_iter().map(Sendable::from).collect();
        for _ in 0..ATTEMPTS {
            match self.attempt(&statements, effect).await {
                Ok(rows) => return rows.iter().map(|rows| read_all(rows)).collect(),
                Err(Ended::Failed(failure)) => return Err(failure),
                Err(Ended::Undone) => {}
            }
        }
        Err(unavailable("the connection was lost repeatedly"))
    }

    async fn attempt(
        &self,
        statements: &[Sendable],
        effect: Effect,
    ) -> Result<Vec<Vec<Columns>>, Ended> {
        let client = self.client().await?;
        let transaction = effect == Effect::Transaction;
        let prepare = Prepared::of(&client, statements, self.keeps_session, transaction);
        let prepared = match tokio::time::timeout(self.patience, prepare).await {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(error)) if is_lost(&error) => {
                discard(client);
                return Err(Ended::Undone);
            }
            Ok(Err(error)) => return Err(failure(&error).into()),
            Err(_) => {
                discard(client);
                return Err(silent().into());
            }
        };
        if !prepared.fit(statements) {
            let text = "a parameter has another type than its statement expects".to_owned();
            return Err(Failure::Failed(StorageError::Invalid(text)).into());
        }
        if transaction {
            let replies = send_transaction(&client, statements, &prepared, self.patience).await;
            return self.judge(client, replies).await;
        }
        let Some(statement) = statements.first() else {
            return Ok(Vec::new());
        };
        match send_one(&client, statement, &prepared, self.patience).await {
            Some(Ok(rows)) => Ok(vec![rows]),
            Some(Err(error)) if is_lost(&error) => {
                discard(client);
                Err(match effect {
                    Effect::Reads => Ended::Undone,
                    _ => lost().into(),
                })
            }
            Some(Err(error)) => Err(refused(client, &error)),
            None => {
                discard(client);
                Err(silent().into())
            }
        }
    }

    /// Returns the rows of a transaction, or how it ended.
    async fn judge(&self, client: Client, replies: Replies) -> Result<Vec<Vec<Columns>>, Ended> {
        let Replies {
            begin,
            statements,
            mark,
            commit,
        } = replies;
        let (mut rows, mut interrupted) = (Vec::with_capacity(statements.len()), None);
        // The first reply that is no success tells the cause.
        for reply in std::iter::once(begin).chain(statements) {
            match reply {
                Some(Ok(read)) => rows.push(read),
                Some(Err(error)) if !is_lost(&error) => return Err(refused(client, &error)),
                reply => {
                    interrupted = Some(reply);
                    break;
                }
            }
        }
        if let Some(reply) = interrupted {
            discard(client);
            return Err(match reply {
                Some(Err(error)) if is_ended_by_server(&error) => Ended::Undone,
                Some(_) => lost().into(),
                None => silent().into(),
            });
        }
        rows.remove(0);
        let mark = match mark {
            Some(Ok(mark)) => mark.first().map(Mark::read),
            Some(Err(error)) if !is_lost(&error) => return Err(failure(&error).into()),
            _ => None,
        };
        match commit {
            Some(Ok(_)) => return Ok(rows),
            Some(Err(error)) if !is_lost(&error) => return Err(failure(&error).into()),
            _ => discard(client),
        }
        match mark {
            Some(Ok(Some(mark))) => match self.outcome(&mark).await {
                Outcome::Committed => Ok(rows),
                Outcome::Aborted => Err(Ended::Undone),
                Outcome::InProgress | Outcome::Unknown => Err(lost().into()),
            },
            // It has only read.
            Some(Ok(None)) => Ok(rows),
            Some(Err(_)) | None => Err(lost().into()),
        }
    }

    /// Finds out by other connections whether a transaction was committed.
    async fn outcome(&self, mark: &Mark) -> Outcome {
        let asked = async {
            loop {
                if let Ok(client) = self.pool.get().await {
                    match mark.outcome(&client).await {
                        Ok(Outcome::InProgress) => {}
                        Ok(outcome) => return outcome,
                        Err(error) if is_lost(&error) => discard(client),
                        Err(_) => return Outcome::Unknown,
                    }
                }
                tokio::time::sleep(ASK_AGAIN).await;
            }
        };
        let asked = tokio::time::timeout(self.connect_timeout, asked).await;
        asked.unwrap_or(Outcome::Unknown)
    }

    async fn client(&self) -> Result<Client, Failure> {
        self.pool.get().await.map_err(|error| match error {
            // Nothing that the server refuses at the start of a connection is a failure of the statement.
            PoolError::Backend(error) => match failure(&error) {
                Failure::Failed(StorageError::Invalid(text)) => unavailable(&text),
                failure => failure,
            },
            PoolError::Timeout(_) => unavailable("there is no connection to the database in time"),
            error => unavailable(&error.to_string()),
        })
    }
}

/// Returns the end of statements that the server has refused. A connection to a server that has become a standby is
/// closed, so that the next one finds the new primary.
fn refused(client: Client, error: &Error) -> Ended {
    if error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION) {
        discard(client);
    }
    failure(error).into()
}

/// Closes a connection that can't be used again.
fn discard(client: Client) {
    drop(Client::take(client));
}

fn lost() -> Failure {
    unavailable("the connection was lost, and it is unknown whether the change was made")
}

fn silent() -> Failure {
    unavailable("the database does not reply")
}

fn read_all(rows: &[Columns]) -> Result<Vec<Row>, Failure> {
    rows.iter().map(read).collect()
}

fn read(columns: &Columns) -> Result<Row, Failure> {
    let places = 0..columns.len();
    let values = places.map(|place| columns.try_get::<_, Column>(place).map(|column| column.0));
    let values: Result<Vec<_>, _> = values.collect();
    values.map(Row::new).map_err(|error| {
        let text = with_cause(&error);
        Failure::Failed(StorageError::Invalid(text))
    })
}

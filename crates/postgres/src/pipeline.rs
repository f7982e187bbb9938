//! Sending statements to the server, all before the first reply.

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use deadpool_postgres::Client;
use gatewright_storage_postgres::Statement;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use crate::mark::MARK;
use crate::values::Parameter;

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const COMMIT: &str = "COMMIT";

/// A statement with its parameters, as often as it has to be sent.
pub(crate) struct Sendable {
    sql: Cow<'static, str>,
    parameters: Vec<Parameter>,
}

impl From<Statement> for Sendable {
    fn from(statement: Statement) -> Self {
        let parameters = statement.parameters.into_iter().map(Parameter).collect();
        Self {
            sql: statement.sql,
            parameters,
        }
    }
}

/// The reply to a statement. `None` means that there was none in time.
pub(crate) type Reply = Option<Result<Vec<Row>, Error>>;

/// The replies to a transaction.
pub(crate) struct Replies {
    pub(crate) begin: Reply,
    pub(crate) statements: Vec<Reply>,
    pub(crate) mark: Reply,
    pub(crate) commit: Reply,
}

/// Statements that a connection has prepared.
pub(crate) struct Prepared {
    statements: Vec<Option<tokio_postgres::Statement>>,
    mark: Option<tokio_postgres::Statement>,
}

impl Prepared {
    /// Prepares the statements of a transaction or a single one, each once for a connection. Without `once` nothing is
    /// prepared.
    pub(crate) async fn of(
        client: &Client,
        statements: &[Sendable],
        once: bool,
        transaction: bool,
    ) -> Result<Self, Error> {
        let mut prepared = Vec::with_capacity(statements.len());
        for statement in statements {
            // A statement without parameters can depend on a table that one before it creates.
            prepared.push(match once && !statement.parameters.is_empty() {
                true => Some(client.prepare_cached(&statement.sql).await?),
                false => None,
            });
        }
        let mark = match once && transaction {
            true => Some(client.prepare_cached(MARK).await?),
            false => None,
        };
        Ok(Self {
            statements: prepared,
            mark,
        })
    }

    /// Whether the parameters of all statements have the types that the server expects. It is checked before the first is
    /// sent, because the following statements would be sent without the one that isn't.
    pub(crate) fn fit(&self, statements: &[Sendable]) -> bool {
        let mut both = statements.iter().zip(&self.statements);
        both.all(|(statement, prepared)| {
            let Some(prepared) = prepared else {
                return true;
            };
            let (types, given) = (prepared.params(), &statement.parameters);
            types.len() == given.len() && given.iter().zip(types).all(|(one, ty)| one.fits(ty))
        })
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Vec<Row>, Error>> + Send + 'a>>;

/// Sends one statement, and waits at most `patience` for the reply.
pub(crate) async fn send_one(
    client: &Client,
    statement: &Sendable,
    prepared: &Prepared,
    patience: Duration,
) -> Reply {
    let prepared = prepared.statements.first().and_then(Option::as_ref);
    let running = vec![running(client, statement, prepared)];
    in_order(running, patience).await.pop().flatten()
}

/// Sends a whole transaction, and waits at most `patience` for the replies.
pub(crate) async fn send_transaction(
    client: &Client,
    statements: &[Sendable],
    prepared: &Prepared,
    patience: Duration,
) -> Replies {
    let mut list: Vec<Running<'_>> = Vec::with_capacity(statements.len() + 3);
    list.push(simple(client, BEGIN));
    for (statement, prepared) in statements.iter().zip(&prepared.statements) {
        list.push(running(client, statement, prepared.as_ref()));
    }
    list.push(match &prepared.mark {
        Some(prepared) => Box::pin(client.query(prepared, &[])),
        None => Box::pin(client.query_typed(MARK, &[])),
    });
    list.push(simple(client, COMMIT));
    let mut replies = in_order(list, patience).await;
    let commit = replies.pop().flatten();
    let mark = replies.pop().flatten();
    let mut replies = replies.into_iter();
    Replies {
        begin: replies.next().flatten(),
        statements: replies.collect(),
        mark,
        commit,
    }
}

fn running<'a>(
    client: &'a Client,
    statement: &'a Sendable,
    prepared: Option<&'a tokio_postgres::Statement>,
) -> Running<'a> {
    match prepared {
        Some(prepared) => Box::pin(async move {
            let given: Vec<_> = statement.parameters.iter().map(given).collect();
            client.query(prepared, &given).await
        }),
        None => Box::pin(async move {
            let typed = statement.parameters.iter();
            let typed: Vec<_> = typed.map(|one| (given(one), one.declared())).collect();
            client.query_typed(&statement.sql, &typed).await
        }),
    }
}

fn given(one: &Parameter) -> &(dyn ToSql + Sync) {
    one
}

/// Runs a statement that has neither parameters nor rows.
fn simple<'a>(client: &'a Client, sql: &'static str) -> Running<'a> {
    Box::pin(async move { client.batch_execute(sql).await.map(|()| Vec::new()) })
}

/// Polls all futures in their order, so that the connection sends their statements in this order before it waits for the
/// first reply.
async fn in_order(mut running: Vec<Running<'_>>, patience: Duration) -> Vec<Reply> {
    let mut done: Vec<Reply> = running.iter().map(|_| None).collect();
    let replies = poll_fn(|context| {
        let mut pending = false;
        for (future, done) in running.iter_mut().zip(&mut done) {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(result) => *done = Some(result),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    });
    // The replies that are missing by then stay `None`.
    let _ = tokio::time::timeout(patience, replies).await;
    done
}

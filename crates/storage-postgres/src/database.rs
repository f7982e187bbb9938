//! The database of a storage: transactions that a concurrent one has overtaken run again.

use std::time::Duration;

use gatewright_storage::StorageError;

use crate::executor::{Executor, Failure, Statement};
use crate::value::{Row, Value};

/// Maximum number of times that a transaction runs.
const ATTEMPTS: u32 = 10;
/// The wait before the first repetition at most; it doubles with each attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(8);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Returns the time to wait before a transaction runs again, from random bits.
pub fn pause_before(attempt: u32, random: u64) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << attempt.min(10));
    let longest = longest.min(LONGEST_PAUSE).as_micros() as u64;
    Duration::from_micros(random % (longest + 1))
}

/// The character that the server refuses, so that no row has it.
const NULL: char = '\0';

/// Takes texts that no row has out of the parameters that select rows. Returns whether rows can remain.
fn selects_rows(parameters: &mut [Value]) -> bool {
    parameters.iter_mut().all(|parameter| match parameter {
        Value::Text(text) => !text.contains(NULL),
        Value::Texts(texts) => {
            texts.retain(|text| !text.as_ref().is_some_and(|text| text.contains(NULL)));
            true
        }
        _ => true,
    })
}

/// An executor, and the rule by which its transactions run again.
#[derive(Debug, Clone)]
pub(crate) struct Database<E> {
    pub(crate) executor: E,
}

impl<E: Executor> Database<E> {
    /// Runs a statement that changes nothing. Parameters select its rows.
    pub(crate) async fn query(&self, mut statement: Statement) -> Result<Vec<Row>, StorageError> {
        if !selects_rows(&mut statement.parameters) {
            return Ok(Vec::new());
        }
        self.again(|| self.executor.query(statement.clone())).await
    }

    /// Returns the rows of a key, like [`Executor::look_up`].
    pub(crate) async fn look_up(
        &self,
        sql: &'static str,
        key: String,
    ) -> Result<Vec<Row>, StorageError> {
        if key.contains(NULL) {
            return Ok(Vec::new());
        }
        self.again(|| self.executor.look_up(sql, key.clone())).await
    }

    /// Runs one statement that can change data.
    pub(crate) async fn execute(&self, statement: Statement) -> Result<Vec<Row>, StorageError> {
        self.again(|| self.executor.execute(statement.clone()))
            .await
    }

    /// Runs statements as one transaction.
    pub(crate) async fn batch(
        &self,
        statements: Vec<Statement>,
    ) -> Result<Vec<Vec<Row>>, StorageError> {
        self.again(|| self.executor.batch(statements.clone())).await
    }

    async fn again<T, F>(&self, run: impl Fn() -> F) -> Result<T, StorageError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut attempt = 1;
        loop {
            match run().await {
                Ok(done) => return Ok(done),
                Err(Failure::Overtaken(_)) if attempt < ATTEMPTS => {
                    self.executor.pause(attempt).await;
                    attempt += 1;
                }
                Err(Failure::Overtaken(error)) => {
                    let text = match error {
                        StorageError::Unavailable(text) | StorageError::Invalid(text) => text,
                    };
                    return Err(StorageError::Unavailable(text));
                }
                Err(Failure::Failed(error)) => return Err(error),
            }
        }
    }
}

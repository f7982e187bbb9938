//! Look-ups that share statements: under load, one statement looks up the keys of many callers.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gatewright_storage_postgres::{Failure, Row, Statement, Value};
use tokio::sync::oneshot::{Receiver, Sender, channel};

/// Maximum number of statements of the same text that run at the same time. Callers wait until one of them ends, and then
/// share the next one.
const AT_ONCE: usize = 2;
/// Maximum number of callers that share a statement.
const CALLERS: usize = 64;

type Answer = Result<Vec<Row>, Failure>;

/// The callers that wait, by the text of their statement.
#[derive(Default)]
pub(crate) struct LookUps(Mutex<HashMap<&'static str, Queue>>);

#[derive(Default)]
struct Queue {
    running: usize,
    waiting: VecDeque<(String, Sender<Answer>)>,
}

impl LookUps {
    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a caller. Returns its answer, and whether a further statement is to run: then [`next`](Self::next) must be
    /// called until it returns `None`.
    pub(crate) fn add(&self, sql: &'static str, key: String) -> (Receiver<Answer>, bool) {
        let (sender, receiver) = channel();
        let mut queues = self.lock();
        let queue = queues.entry(sql).or_default();
        queue.waiting.push_back((key, sender));
        let is_due = queue.running < AT_ONCE;
        queue.running += usize::from(is_due);
        (receiver, is_due)
    }

    /// Returns the callers that share the next statement. `None` means that no caller waits and no statement follows.
    pub(crate) fn next(&self, sql: &'static str) -> Option<Callers> {
        let mut queues = self.lock();
        let queue = queues.get_mut(sql)?;
        if queue.waiting.is_empty() {
            queue.running -= 1;
            return None;
        }
        let count = queue.waiting.len().min(CALLERS);
        let mut callers = HashMap::<_, Vec<_>>::with_capacity(count);
        for (key, caller) in queue.waiting.drain(..count) {
            callers.entry(key).or_default().push(caller);
        }
        Some(Callers(callers))
    }
}

/// Callers by their key.
pub(crate) struct Callers(HashMap<String, Vec<Sender<Answer>>>);

impl Callers {
    /// Returns the statement that looks up all keys.
    pub(crate) fn statement(&self, sql: &'static str) -> Statement {
        let keys: Vec<String> = self.0.keys().cloned().collect();
        Statement::new(sql, vec![keys.into()])
    }

    /// Gives each caller the rows of its key, or the failure.
    pub(crate) fn answer(self, looked_up: Answer) {
        let mut by_key = looked_up.map(|rows| {
            let mut by_key = HashMap::<_, Vec<_>>::with_capacity(rows.len());
            for row in rows {
                if let Some(Value::Text(key)) = row.last() {
                    by_key.entry(key.clone()).or_default().push(row);
                }
            }
            by_key
        });
        for (key, mut callers) in self.0 {
            let answer = match &mut by_key {
                Ok(by_key) => Ok(by_key.remove(&key).unwrap_or_default()),
                Err(failure) => Err(failure.clone()),
            };
            let last = callers.pop();
            // A caller that does not wait any more needs no answer.
            for caller in callers {
                let _ = caller.send(answer.clone());
            }
            let _ = last.map(|caller| caller.send(answer));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::failure::unavailable;

    const SQL: &str = "SELECT";

    fn row(value: i64, key: &str) -> Row {
        Row::new(vec![Value::Integer(value), key.into()])
    }

    fn values(mut receiver: Receiver<Answer>) -> Vec<Value> {
        let rows = receiver.try_recv().unwrap().unwrap().into_iter();
        rows.map(|row| row.into_values().swap_remove(0)).collect()
    }

    #[test]
    fn callers_wait_for_the_next_statement_and_share_it() {
        let look_ups = LookUps::default();
        let due = |key: &str| look_ups.add(SQL, key.to_owned()).1;
        assert!(due("a") && due("b"));
        let first = look_ups.next(SQL).unwrap();
        assert_eq!(first.0.len(), 2);
        assert!(look_ups.next(SQL).is_none(), "the second has no callers");
        assert!(due("c"));
        assert!(!due("d") && !due("e"), "two statements run");
        assert_eq!(look_ups.next(SQL).unwrap().0.len(), 3);
        assert!(look_ups.next(SQL).is_none() && look_ups.next(SQL).is_none());
        assert!(due("f"), "none runs");
    }

    #[test]
    fn a_statement_has_a_limited_number_of_callers() {
        let look_ups = LookUps::default();
        let _callers: Vec<_> = (0..CALLERS + 1)
            .map(|number| look_ups.add(SQL, number.to_string()))
            .collect();
        assert_eq!(look_ups.next(SQL).unwrap().0.len(), CALLERS);
        assert_eq!(look_ups.next(SQL).unwrap().0.len(), 1);
    }

    #[test]
    fn each_caller_gets_the_rows_of_its_key() {
        let look_ups = LookUps::default();
        let [one, again, missing, two] =
            ["one", "one", "missing", "two"].map(|key| look_ups.add(SQL, key.to_owned()).0);
        let callers = look_ups.next(SQL).unwrap();
        assert_eq!(callers.0.len(), 3, "the same key is looked up once");
        callers.answer(Ok(vec![row(2, "two"), row(1, "one"), row(3, "two")]));
        assert_eq!(values(one), [Value::Integer(1)]);
        assert_eq!(values(again), [Value::Integer(1)]);
        assert_eq!(values(missing), []);
        assert_eq!(values(two), [Value::Integer(2), Value::Integer(3)]);
    }

    #[test]
    fn a_failure_is_that_of_all_callers() {
        let look_ups = LookUps::default();
        let receivers = ["a", "b"].map(|key| look_ups.add(SQL, key.to_owned()).0);
        look_ups.next(SQL).unwrap().answer(Err(unavailable("lost")));
        for mut receiver in receivers {
            assert_eq!(
                receiver.try_recv().unwrap().unwrap_err(),
                unavailable("lost")
            );
        }
    }
}

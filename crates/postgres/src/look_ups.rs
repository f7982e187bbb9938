//! Look-ups that share statements: under load, one statement looks up the keys of many callers.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gatewright_storage_postgres::{Failure, Row, Statement, Value};
use tokio::sync::oneshot::{Receiver, Sender, channel};

/// Callers wait while a statement of the same text runs, and then share the next one. If it takes longer than this, the
/// next one starts beside it, so that a connection that hangs stops no others.
pub(crate) const SLOW: Duration = Duration::from_millis(100);
/// Maximum number of statements of the same text that run at the same time.
const AT_ONCE: usize = 4;
/// Maximum number of callers that share a statement.
const CALLERS: usize = 64;

type Answer = Result<Vec<Row>, Failure>;

/// The callers that wait, by the text of their statement.
#[derive(Default)]
pub(crate) struct LookUps(Mutex<HashMap<&'static str, Queue>>);

#[derive(Default)]
struct Queue {
    /// The start of the current statement of each turn, by the number of the turn.
    turns: BTreeMap<u64, Instant>,
    waiting: VecDeque<(String, Sender<Answer>)>,
}

impl Queue {
    /// Whether a statement can start beside those of all turns but this one.
    fn is_due(&self, own: Option<u64>, now: Instant) -> bool {
        let mut others = self.turns.iter().filter(|(turn, _)| Some(**turn) != own);
        others.all(|(_, started)| now.duration_since(*started) >= SLOW)
    }

    /// Returns the number of a new turn if callers wait and a statement can start.
    fn begin(&mut self, now: Instant) -> Option<u64> {
        if self.waiting.is_empty() || self.turns.len() >= AT_ONCE || !self.is_due(None, now) {
            return None;
        }
        let turn = self.turns.keys().last().map_or(0, |last| last + 1);
        self.turns.insert(turn, now);
        Some(turn)
    }
}

impl LookUps {
    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a caller. Returns its answer, and the number of a turn if statements are to run: then [`next`](Self::next) must
    /// be called until it returns `None`.
    pub(crate) fn add(
        &self,
        sql: &'static str,
        key: String,
        now: Instant,
    ) -> (Receiver<Answer>, Option<u64>) {
        let (sender, receiver) = channel();
        let mut queues = self.lock();
        let queue = queues.entry(sql).or_default();
        queue.waiting.push_back((key, sender));
        (receiver, queue.begin(now))
    }

    /// Returns the number of a further turn if callers wait for a statement that takes long. [`next`](Self::next) must be
    /// called as after [`add`](Self::add).
    pub(crate) fn begin(&self, sql: &'static str, now: Instant) -> Option<u64> {
        self.lock().get_mut(sql)?.begin(now)
    }

    /// Returns the callers that share the next statement of a turn. `None` means that the turn is over: no caller waits, or
    /// another turn continues.
    pub(crate) fn next(&self, sql: &'static str, turn: u64, now: Instant) -> Option<Callers> {
        let mut queues = self.lock();
        let queue = queues.get_mut(sql)?;
        if queue.waiting.is_empty() || !queue.is_due(Some(turn), now) {
            queue.turns.remove(&turn);
            return None;
        }
        queue.turns.insert(turn, now);
        let count = queue.waiting.len().min(CALLERS);
        let mut callers = HashMap::<_, Vec<_>>::with_capacity(count);
        for (key, caller) in queue.waiting.drain(..count) {
            callers.entry(key).or_default().push(caller);
        }
        Some(Callers(callers))
    }

    /// Ends a turn whose statements can't run any more. Unless another turn goes on, no caller gets an answer.
    pub(crate) fn abandon(&self, sql: &'static str, turn: u64) {
        let mut queues = self.lock();
        let Some(queue) = queues.get_mut(sql) else {
            return;
        };
        queue.turns.remove(&turn);
        if queue.turns.is_empty() {
            queue.waiting.clear();
        }
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
    use tokio::sync::oneshot::error::TryRecvError;

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
        let (look_ups, now) = (LookUps::default(), Instant::now());
        let due = |key: &str| look_ups.add(SQL, key.to_owned(), now).1;
        let callers = |turn| Some(look_ups.next(SQL, turn, now)?.0.len());
        assert_eq!((due("a"), due("b")), (Some(0), None));
        assert_eq!(callers(0), Some(2));
        assert_eq!((due("c"), due("d"), due("e")), (None, None, None));
        assert_eq!(callers(0), Some(3));
        assert_eq!(callers(0), None, "no caller waits");
        assert_eq!(due("f"), Some(0), "no statement runs");
    }

    #[test]
    fn a_statement_that_takes_long_stops_no_others() {
        let (look_ups, start) = (LookUps::default(), Instant::now());
        let add = |now| {
            let (_, turn) = look_ups.add(SQL, "key".to_owned(), now);
            turn
        };
        let is_next = |turn, now| look_ups.next(SQL, turn, now).is_some();
        assert_eq!(add(start), Some(0));
        assert!(is_next(0, start));
        assert_eq!(add(start + SLOW / 2), None);
        let late = start + SLOW;
        assert_eq!(look_ups.begin(SQL, start + SLOW / 2), None);
        assert_eq!((look_ups.begin(SQL, late), add(late)), (Some(1), None));
        assert!(is_next(1, late));
        assert_eq!(add(late), None, "the second is not slow");
        assert!(!is_next(0, late), "the second continues");
        assert!(is_next(1, late));
        // The third begins, although the second never ends.
        let later = late + SLOW;
        assert_eq!(add(later), Some(2));
        assert!(is_next(2, later));
        assert!(!is_next(2, later), "no caller waits");
        assert_eq!(look_ups.begin(SQL, later + SLOW), None, "no caller waits");
    }

    #[test]
    fn no_caller_waits_for_a_turn_that_was_abandoned() {
        let (look_ups, now) = (LookUps::default(), Instant::now());
        let [mut first, mut second] =
            ["a", "b"].map(|key| look_ups.add(SQL, key.to_owned(), now).0);
        look_ups.abandon(SQL, 0);
        assert!(
            first
                .try_recv()
                .is_err_and(|error| error == TryRecvError::Closed)
        );
        assert!(
            second
                .try_recv()
                .is_err_and(|error| error == TryRecvError::Closed)
        );
        assert_eq!(
            look_ups.add(SQL, "c".to_owned(), now).1,
            Some(0),
            "a new turn"
        );
    }

    #[test]
    fn few_statements_run_at_the_same_time() {
        let (look_ups, start) = (LookUps::default(), Instant::now());
        let turns =
            (0..10).map(|number| look_ups.add(SQL, "key".to_owned(), start + SLOW * number).1);
        assert_eq!(turns.flatten().count(), AT_ONCE);
    }

    #[test]
    fn a_statement_has_a_limited_number_of_callers() {
        let (look_ups, now) = (LookUps::default(), Instant::now());
        let _callers: Vec<_> = (0..CALLERS + 1)
            .map(|number| look_ups.add(SQL, number.to_string(), now))
            .collect();
        assert_eq!(look_ups.next(SQL, 0, now).unwrap().0.len(), CALLERS);
        assert_eq!(look_ups.next(SQL, 0, now).unwrap().0.len(), 1);
    }

    #[test]
    fn each_caller_gets_the_rows_of_its_key() {
        let (look_ups, now) = (LookUps::default(), Instant::now());
        let [one, again, missing, two] =
            ["one", "one", "missing", "two"].map(|key| look_ups.add(SQL, key.to_owned(), now).0);
        let callers = look_ups.next(SQL, 0, now).unwrap();
        assert_eq!(callers.0.len(), 3, "the same key is looked up once");
        callers.answer(Ok(vec![row(2, "two"), row(1, "one"), row(3, "two")]));
        assert_eq!(values(one), [Value::Integer(1)]);
        assert_eq!(values(again), [Value::Integer(1)]);
        assert_eq!(values(missing), []);
        assert_eq!(values(two), [Value::Integer(2), Value::Integer(3)]);
    }

    #[test]
    fn a_failure_is_that_of_all_callers() {
        let (look_ups, now) = (LookUps::default(), Instant::now());
        let receivers = ["a", "b"].map(|key| look_ups.add(SQL, key.to_owned(), now).0);
        let callers = look_ups.next(SQL, 0, now).unwrap();
        callers.answer(Err(unavailable("lost")));
        for mut receiver in receivers {
            assert_eq!(
                receiver.try_recv().unwrap().unwrap_err(),
                unavailable("lost")
            );
        }
    }
}

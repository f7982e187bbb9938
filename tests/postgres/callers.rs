//! Storage whose calls several processes make. Each of them is this program, which runs the ignored test.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use auth_core::storage::*;
use futures::channel::oneshot;
use gatewright_postgres::{Address, PoolSettings, Postgres};
use gatewright_storage_postgres::PostgresStorage;
use gatewright_tests::postgres::Database;
use serde_json::{Value, json};

use crate::overtaken::Overtaken;

/// The number of processes.
const PROCESSES: usize = 4;
/// Tells a process that it makes the calls of others, and the URLs of the databases that it asks for plans.
const CALLED: &str = "GATEWRIGHT_CALLER";
const ANSWER: &str = "answer ";

type Waiting = Arc<Mutex<BTreeMap<u64, oneshot::Sender<Value>>>>;

/// A process that makes calls.
struct Caller {
    input: Mutex<ChildStdin>,
    waiting: Waiting,
    _process: Child,
}

impl Caller {
    fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "callers::makes_calls_for_another_process"])
            .args(["--ignored", "--nocapture"])
            .env(CALLED, [false, true].map(crate::plans::database).join(" "))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let waiting = Waiting::default();
        let output = BufReader::new(process.stdout.take().unwrap());
        let answered = waiting.clone();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // The first one follows the name of the test.
                let Some((_, answer)) = line.split_once(ANSWER) else {
                    continue;
                };
                let (number, answer) = answer.split_once(' ').unwrap();
                let answer = serde_json::from_str(answer).unwrap();
                let mut waiting = answered.lock().unwrap_or_else(PoisonError::into_inner);
                let sender = waiting.remove(&number.parse().unwrap()).unwrap();
                let _ = sender.send(answer);
            }
        });
        Self {
            input: Mutex::new(process.stdin.take().unwrap()),
            waiting,
            _process: process,
        }
    }

    async fn call(&self, number: u64, call: Value) -> Value {
        let (sender, answer) = oneshot::channel();
        self.waiting().insert(number, sender);
        self.tell(&call);
        answer.await.unwrap()
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<u64, oneshot::Sender<Value>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, line: &Value) {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(input, "{line}").unwrap();
    }
}

fn callers() -> &'static [Caller] {
    static CALLERS: OnceLock<Vec<Caller>> = OnceLock::new();
    CALLERS.get_or_init(|| (0..PROCESSES).map(|_| Caller::start()).collect())
}

/// A database whose concurrent calls several processes make.
pub(crate) struct Calls {
    url: String,
    keeps_session: bool,
    /// Deleted in the end.
    _database: Database,
}

impl Calls {
    /// Makes calls to a database at this URL. `keeps_session` is false if a pooler gives each transaction another
    /// connection.
    pub(crate) fn new(database: Database, url: String, keeps_session: bool) -> Self {
        Self {
            url,
            keeps_session,
            _database: database,
        }
    }

    async fn call(&self, function: &str, arguments: Value) -> Value {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let call = json!({
            "number": number,
            "url": self.url,
            "keeps_session": self.keeps_session,
            "function": function,
            "arguments": arguments,
        });
        // Calls at the same time are made by all processes. One after another, a single process makes them, because each
        // would open connections.
        let idle = callers().iter().min_by_key(|caller| caller.waiting().len());
        idle.unwrap().call(number, call).await
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        for caller in callers() {
            caller.tell(&json!({"url": self.url, "close": true}));
        }
    }
}

macro_rules! functions {
    ($($noun:ident in $module:ident {
        $($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*
    })*) => {
        $(impl $noun for Calls {
            $(async fn $name(&self, $($argument: $ty),*) -> Result<$output, StorageError> {
                let answer = self.call(stringify!($name), json!([$($argument),*])).await;
                serde_json::from_value::<Result<$output, StorageError>>(answer).unwrap()
            })*
        })*

        async fn call(storage: &PostgresStorage<Overtaken>, function: &str, arguments: Value) -> Value {
            let Value::Array(arguments) = arguments else { panic!("no arguments") };
            match function {
                $($(stringify!($name) => {
                    let [$($argument),*] = arguments.try_into().unwrap();
                    $(let $argument: $ty = serde_json::from_value($argument).unwrap();)*
                    json!(storage.$name($($argument),*).await)
                })*)*
                unknown => panic!("no function is called {unknown}"),
            }
        }
    };
}
auth_core::storage::storage_functions!(functions);

#[test]
#[ignore = "other tests start it as a process of its own"]
fn makes_calls_for_another_process() {
    let Ok(planners) = std::env::var(CALLED) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connect = |url: &str, keeps_session| {
        let settings = PoolSettings {
            size: 4,
            keeps_session,
            ..PoolSettings::default()
        };
        Postgres::new(&Address::parse(url).unwrap(), &settings).unwrap()
    };
    let (first, second) = planners.split_once(' ').unwrap();
    let planners = [first, second].map(|url| connect(url, true));
    let mut storages = BTreeMap::new();
    for line in std::io::stdin().lines() {
        let call: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let url = call["url"].as_str().unwrap().to_owned();
        if call["close"] == true {
            storages.remove(&url);
            continue;
        }
        let storage = storages.entry(url.clone()).or_insert_with(|| {
            Arc::new(PostgresStorage::new(Overtaken {
                postgres: connect(&url, call["keeps_session"] == true),
                planners: planners.clone(),
            }))
        });
        let storage = storage.clone();
        runtime.spawn(async move {
            let (function, arguments) = (call["function"].clone(), call["arguments"].clone());
            let made = tokio::spawn(async move {
                self::call(&storage, function.as_str().unwrap(), arguments).await
            });
            // The error of a panic is printed here, and the test that wants the result fails.
            let result = made.await.unwrap_or_default();
            let number = call["number"].as_u64().unwrap();
            writeln!(std::io::stdout().lock(), "{ANSWER}{number} {result}").unwrap();
        });
    }
    // Nobody reads the result of this test any more.
    std::process::exit(0);
}

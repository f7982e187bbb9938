//! Storage whose calls fail at random.

use std::sync::{Mutex, PoisonError};

use auth_core::storage::*;
use futures::FutureExt as _;
use gatewright_postgres::Postgres;
use gatewright_storage_memory::MemoryStorage;
use gatewright_storage_postgres::PostgresStorage;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::postgres::{Connections, Database, PostgresServer, wait_for};

/// One of this many calls fails before it does anything, and as many after everything is done.
const FAILS: u64 = 20;

/// Storage in memory or on PostgreSQL. A call returns when the database has answered, so that a simulation is reproducible.
pub struct Unreliable {
    inner: Inner,
    /// Decides which calls fail, if any do.
    failing: Mutex<Option<ChaCha20Rng>>,
}

enum Inner {
    Memory(Box<MemoryStorage>),
    Postgres {
        storage: PostgresStorage<Postgres>,
        _connections: Connections,
        // Deleted after the connections are closed.
        _database: Database,
    },
}

impl Unreliable {
    /// Creates empty storage in memory.
    pub fn in_memory() -> Self {
        Self::of(Inner::Memory(Box::default()))
    }

    /// Creates empty storage on PostgreSQL.
    pub fn on_postgres() -> Self {
        let database = PostgresServer::shared().database();
        let connections = database.connect();
        Self::of(Inner::Postgres {
            storage: PostgresStorage::new(connections.postgres()),
            _connections: connections,
            _database: database,
        })
    }

    fn of(inner: Inner) -> Self {
        Self {
            inner,
            failing: Mutex::default(),
        }
    }

    /// Lets calls fail from now on, which depend on this seed.
    #[must_use]
    pub fn failing(self, seed: u64) -> Self {
        let numbers = ChaCha20Rng::seed_from_u64(seed);
        Self {
            failing: Mutex::new(Some(numbers)),
            ..self
        }
    }

    /// Lets a function run without failures.
    pub fn reliably<T>(&self, run: impl FnOnce() -> T) -> T {
        let lock = || self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let failing = lock().take();
        let result = run();
        *lock() = failing;
        result
    }

    /// Returns the result of a call that the test itself makes, and that does not fail.
    pub fn told<T>(&self, call: impl Future<Output = Result<T, StorageError>>) -> T {
        // Every call returns when the database has answered.
        self.reliably(|| call.now_or_never()).unwrap().unwrap()
    }

    /// Returns whether the next call fails before it does anything, and whether it fails afterwards.
    fn fails(&self) -> (bool, bool) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let number = failing.as_mut().map(|numbers| numbers.next_u64() % FAILS);
        (number == Some(0), number == Some(1))
    }
}

fn unavailable<T>() -> Result<T, StorageError> {
    Err(StorageError::Unavailable("the connection is lost".into()))
}

macro_rules! pass_on {
    ($($noun:ident in $module:ident {
        $($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*
    })*) => {
        $(impl $noun for Unreliable {
            $(async fn $name(&self, $($argument: $ty),*) -> Result<$output, StorageError> {
                let (before, after) = self.fails();
                if before {
                    return unavailable();
                }
                let result = match &self.inner {
                    Inner::Memory(storage) => storage.$name($($argument),*).await,
                    Inner::Postgres { storage, .. } => wait_for(storage.$name($($argument),*)),
                };
                if after { unavailable() } else { result }
            })*
        })*
    };
}
auth_core::storage::storage_functions!(pass_on);

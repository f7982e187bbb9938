//! Storage in a Worker in Cloudflare's runtime, on D1.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use auth_core::storage::*;
use reqwest::Method;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::host::{Host, worker_kit};

/// Runs the requests, independent of the executor of the kit's futures.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
});

/// The number of databases of one Worker.
const DATABASES: usize = 200;

/// A Worker that several storages share, each with its own database.
struct Shared {
    host: Host,
    used: AtomicUsize,
}

/// The Worker of the storages in use.
static SHARED: Mutex<Weak<Shared>> = Mutex::new(Weak::new());

/// The storage contract, with each call as a request to a Worker.
pub struct WorkerStorage {
    shared: Arc<Shared>,
    /// The binding of the database.
    database: String,
}

impl WorkerStorage {
    /// Creates empty storage.
    pub fn start() -> Self {
        let mut current = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let usable = |shared: &Arc<Shared>| shared.used.load(Ordering::Relaxed) < DATABASES;
        let shared = current.upgrade().filter(usable).unwrap_or_else(|| {
            let folder = Arc::new(tempfile::tempdir().unwrap());
            let mut command = worker_kit(folder.path());
            command.arg("--databases").arg(DATABASES.to_string());
            Arc::new(Shared {
                host: Host::run(&mut command, folder),
                used: AtomicUsize::new(0),
            })
        });
        *current = Arc::downgrade(&shared);
        let number = shared.used.fetch_add(1, Ordering::Relaxed);
        Self {
            shared,
            database: format!("DB{number}"),
        }
    }
}

macro_rules! post {
    ($($noun:ident in $module:ident {
        $($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*
    })*) => {
        $(impl $noun for WorkerStorage {
            $(async fn $name(&self, $($argument: $ty),*) -> Result<$output, StorageError> {
                let arguments = json!([$($argument),*]);
                let path = concat!("/", stringify!($name));
                let request = self.shared.host.request(Method::POST, path);
                let request = request.header("database", &self.database).json(&arguments);
                let answer = async { request.send().await?.error_for_status()?.bytes().await };
                let answer = RUNTIME.spawn(answer).await.unwrap().unwrap();
                serde_json::from_slice::<Result<$output, StorageError>>(&answer).unwrap()
            })*
        })*
    };
}
auth_core::storage::storage_functions!(post);

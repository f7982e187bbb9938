//! Storage that is a Worker in Cloudflare's runtime, over D1.

use std::sync::{Arc, LazyLock};

use auth_core::Timestamp;
use auth_core::storage::*;
use reqwest::Method;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::host::{Host, worker_kit};

/// Drives the requests, whatever drives the futures of the kit.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
});

/// The storage contract, each call of it a request to a Worker.
pub struct WorkerStorage(Host);

impl WorkerStorage {
    /// Empty storage.
    pub fn start() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self(Host::run(&mut worker_kit(folder.path()), folder))
    }
}

macro_rules! post {
    ($($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*) => {
        impl Storage for WorkerStorage {
            $(async fn $name(&self, $($argument: $ty),*) -> Result<$output, StorageError> {
                let arguments = json!([$($argument),*]);
                let path = concat!("/", stringify!($name));
                let request = self.0.request(Method::POST, path).json(&arguments).send();
                let answer = async { request.await?.error_for_status()?.bytes().await };
                let answer = RUNTIME.spawn(answer).await.unwrap().unwrap();
                serde_json::from_slice::<Result<$output, StorageError>>(&answer).unwrap()
            })*
        }
    };
}
auth_core::storage_functions!(post);

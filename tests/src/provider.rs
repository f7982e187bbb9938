//! Storage in a provider component: every call goes to one of its instances, like the service's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use auth_core::Timestamp;
use auth_core::storage::*;
use futures::channel::{mpsc, oneshot};
use futures::executor::block_on;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use gatewright::Sqlite;
use gatewright::spin::{App, Compiled, Given, InstanceData};
use gatewright_storage_sqlite::migrate;
use tempfile::TempDir;
use wasmtime::component::{Accessor, ComponentNamedList, Instance, Lift, Lower, TypedFunc};

use crate::postgres::origin;

/// Bindings generated from `wit/`.
#[allow(clippy::all, reason = "generated; documented in wit/")]
mod generated {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "provider",
        exports: { default: async | store },
    });
}

use generated::exports::gatewright::auth;

auth_core::storage::mirror_storage!(crate::provider::generated::exports::gatewright::auth);

/// The path of Spin's default SQLite database, in the folder of an application.
const SQLITE: &str = ".spin/sqlite_db.db";

/// Instances of a provider, each on a separate thread. They serve one call each at the same time.
pub struct ProviderStorage {
    instances: Vec<mpsc::UnboundedSender<Job>>,
    next: AtomicUsize,
    folder: TempDir,
}

type Job =
    Box<dyn for<'a> FnOnce(&'a Accessor<InstanceData>, &'a Instance) -> BoxFuture<'a, ()> + Send>;

impl ProviderStorage {
    /// Creates this many instances of a component, all with the same empty state.
    pub fn new(component: &Path, instances: usize) -> Self {
        Self::with(tempfile::tempdir().unwrap(), component, instances, "")
    }

    /// Creates this many instances of a component on a database of Spin's SQLite that has all tables.
    pub fn on_sqlite(component: &Path, instances: usize) -> Self {
        static TEMPLATE: LazyLock<Vec<u8>> = LazyLock::new(|| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("template.db");
            let sqlite = Sqlite::open(&path).unwrap();
            block_on(migrate(&sqlite, Timestamp::from_millis(1))).unwrap();
            sqlite.close();
            std::fs::read(path).unwrap()
        });
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".spin")).unwrap();
        std::fs::write(folder.path().join(SQLITE), &*TEMPLATE).unwrap();
        Self::with(folder, component, instances, "")
    }

    /// Creates this many instances of a component that stores its state in the PostgreSQL database of a URL.
    pub fn on_postgres(component: &Path, instances: usize, url: &str) -> Self {
        let further = format!(
            "allowed_outbound_hosts = [{:?}]\n[component.provider.variables]\ndatabase_url = {:?}",
            origin(url),
            url
        );
        Self::with(tempfile::tempdir().unwrap(), component, instances, &further)
    }

    fn with(folder: TempDir, component: &Path, instances: usize, further: &str) -> Self {
        let manifest = folder.path().join("spin.toml");
        let text = format!(
            r#"
            spin_manifest_version = 2
            [application]
            name = "provider"
            [[trigger.http]]
            route = "/..."
            component = "provider"
            [component.provider]
            source = {component:?}
            sqlite_databases = ["default"]
            {further}
            "#
        );
        std::fs::write(&manifest, text).unwrap();
        let start = |_| {
            let given = Given {
                by_name: Default::default(),
                environment: Default::default(),
            };
            let app = App::load(&manifest, None, given).unwrap();
            let compiled = compiled(&app);
            let (sender, jobs) = mpsc::unbounded();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(serve(&compiled, app, jobs));
            });
            sender
        };
        Self {
            instances: (0..instances).map(start).collect(),
            next: AtomicUsize::new(0),
            folder,
        }
    }

    /// Returns the database of Spin's SQLite.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join(SQLITE)
    }

    /// Sends a job to the next instance in turn.
    fn send(&self, job: Job) {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % self.instances.len();
        self.instances[next].unbounded_send(job).unwrap();
    }
}

/// Returns an application's component, compiled once per process.
fn compiled(app: &App) -> Arc<Compiled> {
    static COMPILED: Mutex<BTreeMap<Vec<u8>, Arc<Compiled>>> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let component = app.component().to_vec();
    compiled
        .entry(component)
        .or_insert_with(|| Arc::new(Compiled::new(app).unwrap()))
        .clone()
}

/// Runs jobs concurrently in one instance until there are no more.
async fn serve(compiled: &Compiled, app: App, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let (mut store, instance) = compiled.instantiate(app).await.unwrap();
    let served = store.run_concurrent(async |accessor| {
        let mut running = FuturesUnordered::new();
        loop {
            futures::select! {
                job = jobs.next().fuse() => match job {
                    Some(job) => running.push(job(accessor, &instance)),
                    None => break,
                },
                () = running.select_next_some() => {}
            }
        }
    });
    served.await.unwrap();
}

/// Returns a function of an exported interface, both by their names in Rust.
fn function<A, R>(
    accessor: &Accessor<InstanceData>,
    instance: &Instance,
    interface: &str,
    name: &str,
) -> TypedFunc<A, R>
where
    A: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    accessor.with(|mut store| {
        let interface = format!("gatewright:auth/{}@0.1.0", interface.replace('_', "-"));
        let interface = instance.get_export_index(&mut store, None, &interface);
        let name = name.replace('_', "-");
        let function = instance
            .get_export_index(&mut store, interface.as_ref(), &name)
            .unwrap();
        instance.get_typed_func(&mut store, function).unwrap()
    })
}

/// The exported functions, with the types of the contract.
mod exported {
    use wasmtime::Result as Called;

    use super::{Accessor, Instance, InstanceData, auth, function};

    macro_rules! call {
        ($($noun:ident in $module:ident {
            $($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*
        })*) => {
            $(pub(super) mod $module {
                use super::auth::$module::*;
                use super::{Accessor, Called, Instance, InstanceData, function};

                $(#[allow(clippy::too_many_arguments, reason = "those of the contract's function")]
                pub(in super::super) async fn $name(
                    accessor: &Accessor<InstanceData>,
                    instance: &Instance,
                    $($argument: $ty),*
                ) -> Called<Result<$output, StorageError>> {
                    let function = function(accessor, instance, stringify!($module), stringify!($name));
                    let (result,) = function.call_concurrent(accessor, ($($argument,)*)).await?;
                    Ok(result)
                })*
            })*
        };
    }
    auth_core::storage::storage_functions!(call);
}

macro_rules! have_called {
    ($($noun:ident in $module:ident {
        $($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*
    })*) => {
        $(impl $noun for ProviderStorage {
            $(async fn $name(&self, $($argument: $ty),*) -> Result<$output, StorageError> {
                let (reply, answer) = oneshot::channel();
                self.send(Box::new(move |accessor, instance| {
                    Box::pin(async move {
                        let result = exported::$module::$name(accessor, instance, $($argument.mirror()),*).await;
                        // The receiver exists as long as the test.
                        let _ = reply.send(result);
                    })
                }));
                answer.await.unwrap().unwrap().mirror()
            })*
        })*
    };
}
auth_core::storage::storage_functions!(have_called);

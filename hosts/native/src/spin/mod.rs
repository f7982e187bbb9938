//! Running Gatewright's Spin application without Spin: its manifest, `spin:sqlite`, `spin:variables` and outbound HTTP.
//!
//! This is not Spin. It serves one HTTP component, and refuses a manifest that asks for more.

mod allowed_hosts;
mod manifest;
mod sqlite;
mod variables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use auth_core::IpBlock;
use gatewright_compose::{Provider, compose};
use wasmtime::component::{Accessor, Component, HasData, Instance, Linker, ResourceTable};
use wasmtime::{Engine, Store};

pub(crate) use allowed_hosts::AllowedHosts;
use manifest::Manifest;
pub use sqlite::Connection;
use sqlite::Keeper;
use variables::{Values, Variables};

use crate::component;
pub use crate::instance::InstanceData;
use crate::instance::{Imports, Shared, linker, store};

/// Bindings generated from `hosts/native/wit`.
#[allow(clippy::all, reason = "generated; documented in wit/")]
mod generated {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "gatewright:native/spin",
        imports: { default: async | store },
        with: { "spin:sqlite/sqlite.connection": super::Connection },
    });
}

use generated::spin::sqlite::sqlite as spin_sqlite;
use generated::spin::variables::variables as spin_variables;

/// Most memory of an instance that is called alone.
const MEMORY: usize = 64 << 20;

/// An application, read from its manifest.
pub struct App {
    component: Vec<u8>,
    state: PathBuf,
    databases: Vec<String>,
    variables: Variables,
    environment: BTreeMap<String, String>,
    allowed_hosts: AllowedHosts,
    keeper: Keeper,
}

/// Where variables come from besides the manifest: given by name before the environment.
pub struct Given {
    /// By the name of an application variable.
    pub by_name: BTreeMap<String, String>,
    /// `SPIN_VARIABLE_*`.
    pub environment: BTreeMap<String, String>,
}

impl Given {
    /// What is given by name, in the environment, and in `.env` in the current folder. A value may be empty.
    ///
    /// # Errors
    /// The file is malformed.
    pub fn new(by_name: BTreeMap<String, String>) -> Result<Self> {
        let mut environment = BTreeMap::new();
        if Path::new(".env").exists() {
            for entry in dotenvy::from_path_iter(".env").context("can't read .env")? {
                // Not the error's own text: it quotes the line, which may hold a secret.
                let (name, value) = entry.map_err(|_| anyhow::anyhow!(".env is malformed"))?;
                environment.insert(name, value);
            }
        }
        environment.extend(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }));
        environment.retain(|name, _| name.starts_with("SPIN_VARIABLE_"));
        Ok(Self {
            by_name,
            environment,
        })
    }
}

impl App {
    /// Reads a manifest and the components it names. State is kept in `state`, or `.spin` beside the manifest.
    ///
    /// # Errors
    /// What is missing, wrong or not supported.
    pub fn load(manifest_path: &Path, state: Option<&Path>, given: Given) -> Result<Self> {
        let folder = manifest_path.parent().unwrap_or_else(|| Path::new(""));
        let manifest = Manifest::read(manifest_path)?;
        let values = Values::new(manifest.variables, given)?;
        let component = manifest.component;
        let read = |path: &Path| {
            let path = folder.join(path);
            std::fs::read(&path).with_context(|| {
                format!(
                    "can't read the component {}; build it with: cargo xtask build spin",
                    path.display()
                )
            })
        };
        let mut bytes = read(&component.source)?;
        if !component.dependencies.is_empty() {
            if !component.dependencies_inherit_configuration {
                bail!(
                    "dependencies without dependencies_inherit_configuration = true could reach neither database nor variables"
                );
            }
            let providers = component
                .dependencies
                .into_iter()
                .map(|(provides, dependency)| {
                    let component = read(&dependency.path)?;
                    Ok(Provider {
                        component,
                        provides,
                    })
                })
                .collect::<Result<_>>()?;
            bytes = compose(bytes, providers)?;
        }
        if let Some(other) = component
            .sqlite_databases
            .iter()
            .find(|name| *name != "default")
        {
            bail!(
                "sqlite_databases: {other:?} would need a runtime configuration; only \"default\" is supported"
            );
        }
        Ok(Self {
            component: bytes,
            state: state.map_or_else(|| folder.join(".spin"), Path::to_owned),
            databases: component.sqlite_databases,
            allowed_hosts: AllowedHosts::new(&component.allowed_outbound_hosts, &values)?,
            variables: Variables::new(component.variables, &values)?,
            environment: component.environment,
            keeper: Keeper::default(),
        })
    }

    /// The component, with its dependencies in it.
    pub fn component(&self) -> &[u8] {
        &self.component
    }

    /// The proxies that the application trusts, as far as it says so in the right form: it tells what is wrong with it.
    pub(crate) fn trusted_proxies(&self) -> Vec<IpBlock> {
        let value = self.variables.get("trusted_proxies").ok();
        value
            .and_then(|text| IpBlock::parse_list(&text))
            .unwrap_or_default()
    }

    /// Where state is kept.
    pub(crate) fn state(&self) -> &Path {
        &self.state
    }

    pub(crate) fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    pub(crate) fn allowed_hosts(&self) -> &AllowedHosts {
        &self.allowed_hosts
    }
}

/// A component that was compiled, to be instantiated whatever it exports: that is how a provider is called alone.
pub struct Compiled {
    engine: Engine,
    component: Component,
}

impl Compiled {
    /// Compiles an application's component.
    ///
    /// # Errors
    /// It is no component.
    pub fn new(app: &App) -> Result<Self> {
        let engine = component::engine(MEMORY)?;
        let component = Component::new(&engine, &app.component)?;
        Ok(Self { engine, component })
    }

    /// An instance that belongs to this application.
    ///
    /// # Errors
    /// The component imports what is not there.
    pub async fn instantiate(&self, app: App) -> Result<(Store<InstanceData>, Instance)> {
        let shared = Arc::new(Shared {
            imports: Imports::Spin(app),
            clock_offset: 0,
            done: false.into(),
        });
        let linker = linker(&self.engine, &shared.imports)?;
        let mut store = store(&self.engine, shared, MEMORY);
        let instance = linker
            .instantiate_async(&mut store, &self.component)
            .await?;
        Ok((store, instance))
    }
}

/// Marks the imports in a linker.
struct Spin;

/// What the imports see of an instance.
struct SpinView<'a> {
    app: &'a App,
    table: &'a mut ResourceTable,
}

impl HasData for Spin {
    type Data<'a> = SpinView<'a>;
}

/// Adds what an application imports from Spin to a linker.
pub(crate) fn add_to_linker(linker: &mut Linker<InstanceData>) -> wasmtime::Result<()> {
    fn view(data: &mut InstanceData) -> SpinView<'_> {
        let (app, table) = data.spin();
        SpinView { app, table }
    }
    // All of WASI, as providers in other languages import more than they use; there are no folders and no sockets.
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi::p3::add_to_linker(linker)?;
    spin_sqlite::add_to_linker::<_, Spin>(linker, view)?;
    spin_variables::add_to_linker::<_, Spin>(linker, view)
}

impl<T: Send + 'static> spin_variables::HostWithStore<T> for Spin {
    async fn get(
        accessor: &Accessor<T, Self>,
        name: String,
    ) -> Result<String, spin_variables::Error> {
        accessor.with(|mut store| store.get().app.variables.get(&name))
    }
}

impl spin_variables::Host for SpinView<'_> {}
impl spin_sqlite::Host for SpinView<'_> {}
impl spin_sqlite::HostConnection for SpinView<'_> {}

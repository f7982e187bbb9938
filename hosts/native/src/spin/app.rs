//! A Spin application.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use auth_core::IpBlock;
use auth_core::config::WebConfig;
use futures::FutureExt as _;
use gatewright_compose::{Provider, compose};

use super::allowed_hosts::AllowedHosts;
use super::connection::KeptConnection;
use super::manifest::Manifest;
use super::postgres::pool::Pools;
use super::variables::{Given, Values, Variables};

/// An application, read from its manifest.
pub struct App {
    component: Vec<u8>,
    state: PathBuf,
    pub(super) databases: Vec<String>,
    pub(super) variables: Variables,
    environment: BTreeMap<String, String>,
    allowed_hosts: AllowedHosts,
    pub(super) kept_connection: KeptConnection,
    pub(super) pools: Pools,
}

impl App {
    /// Reads a manifest and its components. State is stored in `state`, or `.spin` beside the manifest.
    ///
    /// # Errors
    /// A part is missing, wrong or not supported.
    pub fn load(manifest_path: &Path, state: Option<&Path>, given: Given) -> Result<Self> {
        let folder = manifest_path.parent().unwrap_or_else(|| Path::new(""));
        let manifest = Manifest::read(manifest_path)?;
        let values = Values::new(manifest.variables, given)?;
        let component = manifest.component;
        let read = |path: &Path| {
            let path = folder.join(path);
            std::fs::read(&path).with_context(|| {
                format!(
                    "can't read the component {}; build it with `cargo xtask build spin`",
                    path.display()
                )
            })
        };
        let mut bytes = read(&component.source)?;
        if !component.dependencies.is_empty() {
            if !component.dependencies_inherit_configuration {
                bail!(
                    "dependencies need dependencies_inherit_configuration = true to reach the database and the variables"
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
                "sqlite_databases: {other:?} is not supported, as it needs a runtime configuration; use \"default\""
            );
        }
        Ok(Self {
            component: bytes,
            state: state.map_or_else(|| folder.join(".spin"), Path::to_owned),
            databases: component.sqlite_databases,
            allowed_hosts: AllowedHosts::new(&component.allowed_outbound_hosts, &values)?,
            variables: Variables::new(component.variables, &values)?,
            environment: component.environment,
            kept_connection: KeptConnection::default(),
            pools: Pools::default(),
        })
    }

    /// Returns the file of the database, which need not exist yet.
    pub fn database(&self) -> PathBuf {
        self.state.join("sqlite_db.db")
    }

    /// Returns the component, composed with its dependencies.
    pub fn component(&self) -> &[u8] {
        &self.component
    }

    /// Returns the trusted proxies of the application, if the variables are valid. The application reports invalid ones
    /// itself.
    pub(crate) fn trusted_proxies(&self) -> Vec<IpBlock> {
        let value = self.variables.get("trusted_proxies").ok();
        value
            .and_then(|text| IpBlock::parse_list(&text))
            .unwrap_or_default()
    }

    /// Returns the addresses of the application, if the variables are valid.
    pub(crate) fn web_config(&self) -> Option<WebConfig> {
        WebConfig::load(&self.variables).now_or_never()?.ok()
    }

    /// Returns the folder for state.
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

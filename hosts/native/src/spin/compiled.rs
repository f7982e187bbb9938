//! An application whose component is called directly, without a server.

use std::sync::Arc;

use anyhow::Result;
use wasmtime::component::{Component, Instance};
use wasmtime::{Engine, Store};

use super::app::App;
use crate::component;
use crate::instance::context::{InstanceContext, Interfaces};
use crate::instance::data::InstanceData;
use crate::instance::epochs::Epochs;
use crate::instance::linker::{linker, store};

/// Maximum memory of an instance that is called directly.
const MEMORY: usize = 64 << 20;

/// A compiled component that can be instantiated whatever it exports, so that a provider can be called directly.
pub struct Compiled {
    engine: Engine,
    component: Component,
}

impl Compiled {
    /// Compiles an application's component.
    ///
    /// # Errors
    /// It is not a component.
    pub fn new(app: &App) -> Result<Self> {
        let engine = component::engine(MEMORY)?;
        let component = Component::new(&engine, app.component())?;
        Ok(Self { engine, component })
    }

    /// Creates an instance of this application.
    ///
    /// # Errors
    /// The component has an unknown import.
    pub async fn instantiate(&self, app: App) -> Result<(Store<InstanceData>, Instance)> {
        let context = Arc::new(InstanceContext {
            interfaces: Interfaces::Spin(app),
            epochs: Epochs::default(),
            clock_offset: 0,
            done: false.into(),
        });
        let linker = linker(&self.engine, &context.interfaces)?;
        let mut store = store(&self.engine, context, MEMORY);
        let instance = linker
            .instantiate_async(&mut store, &self.component)
            .await?;
        Ok((store, instance))
    }
}

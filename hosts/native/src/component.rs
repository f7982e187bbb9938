//! The component: compiled once, and kept on disk in compiled form.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use wasmtime::component::Component;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How many instances there may be at once; requests beyond are held back before they reach the pool.
pub(crate) const INSTANCES: u32 = 256;

/// An engine for instances of at most `memory` bytes.
pub(crate) fn engine(memory: usize) -> Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(INSTANCES)
        .total_core_instances(8 * INSTANCES)
        // The service's, and a provider's that is composed with it.
        .total_memories(2 * INSTANCES)
        .total_tables(4 * INSTANCES)
        .total_stacks(4 * INSTANCES)
        .max_memory_size(memory)
        .max_component_instance_size(1 << 20)
        .max_core_instance_size(1 << 20);
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .wasm_component_model_async(true)
        // Instances yield at every epoch, so that a long computation does not hold up its thread's others.
        .epoch_interruption(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Ok(Engine::new(&config)?)
}

/// Loads a component, compiling it unless `cache` has it compiled for this engine. Returns whether it compiled.
pub(crate) fn load(engine: &Engine, bytes: &[u8], cache: &Path) -> Result<(Component, bool)> {
    let no_component =
        |error: wasmtime::Error| anyhow::Error::from(error).context("it is no component");
    if !is_private(cache) {
        // Somebody else could put machine code there: compile at every start instead.
        tracing::warn!(folder = %cache.display(), "others can write to the folder of compiled components; not used");
        return Ok((Component::new(engine, bytes).map_err(no_component)?, false));
    }
    let compiled = cache.join(format!("{:016x}.cwasm", key(engine, bytes)));
    if let Some(component) = deserialize(engine, &compiled) {
        return Ok((component, false));
    }
    let artifact = engine.precompile_component(bytes).map_err(no_component)?;
    // Renamed into place, so that a process that starts meanwhile never sees half of it.
    let partial = cache.join(format!("{}.partial", std::process::id()));
    fs::write(&partial, &artifact)
        .and_then(|()| fs::rename(&partial, &compiled))
        .with_context(|| format!("can't write {}", compiled.display()))?;
    let component =
        deserialize(engine, &compiled).context("the compiled component can't be loaded")?;
    Ok((component, true))
}

/// Makes a folder that its owner alone can write to; false when it is there and others can, or it is another's.
fn is_private(path: &Path) -> bool {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
        builder.mode(0o700);
        builder.create(path).is_ok()
            && fs::symlink_metadata(path).is_ok_and(|folder| {
                folder.is_dir()
                    && folder.mode() & 0o022 == 0
                    && folder.uid() == rustix::process::geteuid().as_raw()
            })
    }
    #[cfg(not(unix))]
    builder.create(path).is_ok()
}

/// Differs for another component, another version of wasmtime and another configuration or processor.
fn key(engine: &Engine, bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

#[allow(unsafe_code, reason = "loading machine code that this program wrote")]
fn deserialize(engine: &Engine, path: &PathBuf) -> Option<Component> {
    if !path.exists() {
        return None;
    }
    // SAFETY: the file must be what `precompile_component` made. It lies in a folder that `is_private` has found to be
    // writable by this user alone, under a name that is made of its source, and wasmtime checks version and
    // configuration. Who can write there can also replace this program.
    unsafe { Component::deserialize_file(engine, path) }.ok()
}

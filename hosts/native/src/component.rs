//! The component: compiled once, by a process of its own, and kept on disk in compiled form.
//!
//! The compiler takes more than a hundred MiB, which an allocator keeps: so it runs in a process that ends.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use wasmtime::component::Component;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How many instances there may be at once; requests beyond are held back before they reach the pool.
pub(crate) const INSTANCES: u32 = 256;

/// The command of the program that compiles.
pub const COMPILE: &str = "compile-component";
/// Its argument: most bytes of an instance's memory.
pub const COMPILE_MEMORY: &str = "memory";

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

/// A component, as it is compiled.
pub(crate) struct Source<'a> {
    /// The component.
    pub(crate) bytes: &'a [u8],
    /// Most bytes of an instance's memory.
    pub(crate) memory: usize,
    /// The program whose command [`COMPILE`] compiles: this one, as a rule.
    pub(crate) compiler: &'a Path,
}

/// Loads a component, compiling it unless `cache` has it compiled for this engine. Returns whether it compiled.
pub(crate) fn load(
    engine: &Engine,
    source: &Source<'_>,
    cache: &Path,
) -> Result<(Component, bool)> {
    if !is_private(cache) {
        // Somebody else could put machine code there: compile at every start instead.
        tracing::warn!(folder = %cache.display(), "others can write to the folder of compiled components; not used");
        let artifact = source.compile(Stdio::piped())?;
        return Ok((deserialize_bytes(engine, &artifact)?, false));
    }
    let compiled = cache.join(format!("{:016x}.cwasm", key(engine, source.bytes)));
    if let Some(component) = deserialize(engine, &compiled) {
        return Ok((component, false));
    }
    // Renamed into place, so that a process that starts meanwhile never sees half of it; under a name that no other uses,
    // as that one may be compiling, too.
    let cannot = || format!("can't write {}", compiled.display());
    let partial = tempfile::Builder::new()
        .suffix(".partial")
        .tempfile_in(cache);
    let partial = partial.with_context(cannot)?;
    let file = partial.as_file().try_clone().with_context(cannot)?;
    source.compile(file.into())?;
    partial.persist(&compiled).with_context(cannot)?;
    let component =
        deserialize(engine, &compiled).context("the compiled component can't be loaded")?;
    Ok((component, true))
}

impl Source<'_> {
    /// Has a process compile, which writes what it makes to `output`; what comes through a pipe is returned.
    fn compile(&self, output: Stdio) -> Result<Vec<u8>> {
        let mut command = Command::new(self.compiler);
        command.arg(COMPILE);
        command.arg(format!("--{COMPILE_MEMORY}={}", self.memory));
        command.stdin(Stdio::piped()).stdout(output);
        let started = command.stderr(Stdio::piped()).spawn();
        let cannot = || format!("can't run {} {COMPILE}", self.compiler.display());
        let mut compiler = started.with_context(cannot)?;
        // It reads to the end before it writes. One that ended early says why below.
        let sent = compiler
            .stdin
            .take()
            .map(|mut input| input.write_all(self.bytes));
        let ended = compiler.wait_with_output().with_context(cannot)?;
        if ended.status.success() && matches!(sent, Some(Ok(()))) {
            return Ok(ended.stdout);
        }
        let said = String::from_utf8_lossy(&ended.stderr);
        let said = said.trim().trim_start_matches("gatewright: ");
        if said.is_empty() {
            bail!(
                "the process that compiles the component ended ({})",
                ended.status
            );
        }
        bail!("{said}")
    }
}

/// Compiles the component that standard input has for instances of at most `memory` bytes, to standard output.
///
/// # Errors
/// It is no component, or can't be read or written.
pub fn compile(memory: usize) -> Result<()> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let artifact = engine(memory)?.precompile_component(&bytes);
    let artifact =
        artifact.map_err(|error| anyhow::Error::from(error).context("it is no component"))?;
    let mut output = io::stdout().lock();
    output.write_all(&artifact)?;
    output.flush()?;
    Ok(())
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

#[allow(unsafe_code, reason = "loading machine code that this program wrote")]
fn deserialize_bytes(engine: &Engine, artifact: &[u8]) -> Result<Component> {
    // SAFETY: the bytes must be what `precompile_component` made. They came through a pipe from this program, which this
    // process has just started for that.
    let component = unsafe { Component::deserialize(engine, artifact) };
    component.map_err(|error| {
        anyhow::Error::from(error).context("the compiled component can't be loaded")
    })
}

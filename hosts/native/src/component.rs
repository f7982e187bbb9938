//! The component, which is compiled once in a separate process and kept on disk in compiled form.
//!
//! The compiler needs more than a hundred MiB, which the allocator would keep. So it runs in a process that ends.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use wasmtime::component::Component;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// Maximum number of instances at the same time. Further requests wait before they reach the pool.
pub(crate) const INSTANCES: u32 = 256;

/// The command of the program that compiles a component.
pub const COMPILE: &str = "compile-component";
/// Its argument: maximum memory of an instance in bytes.
pub const COMPILE_MEMORY: &str = "memory";

/// Creates an engine for instances of at most `memory` bytes.
///
/// # Errors
/// The system lacks something that wasmtime needs.
pub fn engine(memory: usize) -> Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(INSTANCES)
        .total_core_instances(8 * INSTANCES)
        // One memory of the service, and one of a composed provider.
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
        // Instances yield at every epoch, so that a long computation does not block the others on its thread.
        .epoch_interruption(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    avoid_slow_products(&mut config);
    Ok(Engine::new(&config)?)
}

/// Keeps wasmtime from computing Argon2's products of 32-bit numbers by `vpmullq`, which is slower than the `pmuludq` that
/// it takes on other processors. On arm64 they are `umull` in any case.
#[allow(unsafe_code, reason = "a flag of the compiler")]
fn avoid_slow_products(config: &mut Config) {
    if cfg!(target_arch = "x86_64") {
        // SAFETY: code with fewer kinds of instructions runs on every processor that has more.
        unsafe { config.cranelift_flag_set("has_avx512dq", "false") };
    }
}

/// The parameters of compiling a component.
pub(crate) struct Source<'a> {
    /// The component.
    pub(crate) bytes: &'a [u8],
    /// Maximum memory of an instance in bytes.
    pub(crate) memory: usize,
    /// The program whose command [`COMPILE`] compiles, usually this one.
    pub(crate) compiler: &'a Path,
}

/// Loads a component. Compiles it unless `cache` has it compiled for this engine. Returns whether it was compiled.
pub(crate) fn load(
    engine: &Engine,
    source: &Source<'_>,
    cache: &Path,
) -> Result<(Component, bool)> {
    match folder_access(cache) {
        Access::Private => {}
        Access::None => {
            tracing::info!(folder = %cache.display(), "there is no writable folder for the compiled component, so every start compiles it");
            return uncached(engine, source);
        }
        Access::Shared => {
            // Another user could put machine code there.
            tracing::warn!(folder = %cache.display(), "other users can write to the folder of compiled components, so it is not used; remove their write permission");
            return uncached(engine, source);
        }
    }
    let compiled = cache.join(format!("{:016x}.cwasm", key(engine, source.bytes)));
    if let Some(component) = deserialize(engine, &compiled) {
        return Ok((component, false));
    }
    // Renamed into place, so that a process that starts at the same time never reads half of it. The temporary name is
    // unique, because that process can be compiling, too.
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

/// Compiles and keeps nothing. Without a folder that only this user can write to, every start does so.
fn uncached(engine: &Engine, source: &Source<'_>) -> Result<(Component, bool)> {
    let artifact = source.compile(Stdio::piped())?;
    Ok((deserialize_bytes(engine, &artifact)?, false))
}

impl Source<'_> {
    /// Compiles in another process, which writes the result to `output`. Returns the result if `output` is a pipe.
    fn compile(&self, output: Stdio) -> Result<Vec<u8>> {
        let mut command = Command::new(self.compiler);
        command.arg(COMPILE);
        command.arg(format!("--{COMPILE_MEMORY}={}", self.memory));
        command.stdin(Stdio::piped()).stdout(output);
        let started = command.stderr(Stdio::piped()).spawn();
        let cannot = || format!("can't run {} {COMPILE}", self.compiler.display());
        let mut compiler = started.with_context(cannot)?;
        // It reads to the end before it writes. If it ended early, its error is reported below.
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

/// Compiles the component on standard input to standard output, for instances of at most `memory` bytes.
///
/// # Errors
/// It is not a component, or can't be read or written.
pub fn compile(memory: usize) -> Result<()> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let artifact = engine(memory)?.precompile_component(&bytes);
    let artifact =
        artifact.map_err(|error| anyhow::Error::from(error).context("it is not a component"))?;
    let mut output = io::stdout().lock();
    output.write_all(&artifact)?;
    output.flush()?;
    Ok(())
}

/// The users that can write to a folder.
enum Access {
    /// Only this one.
    Private,
    /// Others, too, or the folder belongs to another user.
    Shared,
    /// It can't be created, as in a container without a volume.
    None,
}

/// Creates a folder that only its owner can write to, unless it exists.
fn folder_access(path: &Path) -> Access {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
        builder.mode(0o700);
        if builder.create(path).is_err() {
            return Access::None;
        }
        let is_private = fs::symlink_metadata(path).is_ok_and(|folder| {
            folder.is_dir()
                && folder.mode() & 0o022 == 0
                && folder.uid() == rustix::process::geteuid().as_raw()
        });
        match is_private {
            true => Access::Private,
            false => Access::Shared,
        }
    }
    #[cfg(not(unix))]
    match builder.create(path) {
        Ok(()) => Access::Private,
        Err(_) => Access::None,
    }
}

/// Returns a key that differs for another component, version of wasmtime, configuration or processor.
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
    // SAFETY: the file must be the output of `precompile_component`. It is in a folder that only this user can write
    // to, which `folder_access` has checked, under a name derived from its source, and wasmtime checks version and
    // configuration. Anyone who can write there can also replace this program.
    unsafe { Component::deserialize_file(engine, path) }.ok()
}

#[allow(unsafe_code, reason = "loading machine code that this program wrote")]
fn deserialize_bytes(engine: &Engine, artifact: &[u8]) -> Result<Component> {
    // SAFETY: the bytes must be the output of `precompile_component`. They come through a pipe from this program, which
    // this process has just started for that.
    let component = unsafe { Component::deserialize(engine, artifact) };
    component.map_err(|error| {
        anyhow::Error::from(error).context("the compiled component can't be loaded")
    })
}

//! Runs a test program that was compiled for wasm32-unknown-unknown, in the native host's engine. The sibling of
//! `crates/argon2-simd/tests/run.mjs`.

#![allow(clippy::print_stdout, reason = "it reports a result")]

use std::process::ExitCode;

use wasmtime::error::Context as _;
use wasmtime::{Instance, Module, Result, Store};

/// Enough for the known answers of the reference implementation.
const MEMORY: usize = 1 << 30;

fn main() -> Result<ExitCode> {
    let path = std::env::args().nth(1).context("needs a path")?;
    let engine = gatewright::engine(MEMORY).map_err(wasmtime::Error::from_anyhow)?;
    let module = Module::from_file(&engine, &path)?;
    let mut store = Store::new(&engine, ());
    store.set_epoch_deadline(u64::MAX / 2);
    let instance = Instance::new(&mut store, &module, &[])?;
    let main = instance.get_typed_func::<(i32, i32), i32>(&mut store, "main")?;
    // A failed test is a trap.
    let status = main.call(&mut store, (0, 0))?;
    println!("{path}: status {status}");
    Ok(ExitCode::from(u8::try_from(status).unwrap_or(u8::MAX)))
}

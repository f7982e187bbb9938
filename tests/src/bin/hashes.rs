//! Computes password hashes for `cargo xtask bench hash`, by the core as a component in the native host's engine. The
//! lines of the input are those of `tests/hashes/node.mjs`.

#![allow(clippy::print_stdout, reason = "it answers a benchmark")]

use std::io::BufRead as _;

use gatewright_tests::host::component;
use wasmtime::component::{Component, Linker, Val};
use wasmtime::error::{Context as _, bail};
use wasmtime::{Result, Store};

const MEMORY: usize = 256 << 20;
const PASSWORD: &str = "correct horse battery staple";

fn main() -> Result<()> {
    let engine = gatewright::engine(MEMORY).map_err(wasmtime::Error::from_anyhow)?;
    let component = Component::from_file(&engine, component("auth-core"))?;
    let mut linker = Linker::new(&engine);
    // Verifying a hash needs neither time nor randomness.
    linker.define_unknown_imports_as_traps(&component)?;
    let mut store = Store::new(&engine, ());
    store.set_epoch_deadline(u64::MAX / 2);
    let instance = linker.instantiate(&mut store, &component)?;
    let passwords = instance.get_export_index(&mut store, None, "gatewright:auth/passwords@0.1.0");
    let verify = instance.get_export_index(&mut store, passwords.as_ref(), "verify");
    let verify = verify.context("the core verifies passwords")?;
    let verify = instance.get_func(&mut store, verify);
    let verify = verify.context("it is a function")?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut fields = line.split(' ');
        let count = fields.next().context("a number")?.parse()?;
        let stored = fields.nth(1).context("a stored hash")?;
        let arguments = [PASSWORD, stored].map(|text| Val::String(text.to_owned()));
        for _ in 0..count {
            let mut results = [Val::Bool(false)];
            verify.call(&mut store, &arguments, &mut results)?;
            let Val::Result(Ok(Some(verified))) = &results[0] else {
                bail!("{stored} can't be verified");
            };
            if **verified != Val::Bool(false) {
                bail!("no password matches these hashes");
            }
        }
        println!("done");
    }
    Ok(())
}

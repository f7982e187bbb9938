//! Benchmarks of the Spin application.

use std::path::Path;

use anyhow::Result;

use super::client::sign_in;
use super::load::{Figures, Load, ROUNDS};
use crate::component::{self, Module};
use crate::process::root;
use crate::running::start_as;

/// Measures the cost of a new instance for every request, which Spin may create: runs the same application with reused
/// and with single-use instances, in turn.
pub(super) fn measure(program: &Path, folder: &Path, seconds: u64) -> Result<()> {
    let component = component::build(Module::Spin)?;
    println!(
        "Spin: service and provider composed: {:.2} MB (aim: 3)",
        component.metadata()?.len() as f64 / 1e6
    );
    let manifest = root().join("hosts/spin/spin.toml");
    let state = folder.join("spin");
    let up = |instance_requests| {
        let arguments = [
            "spin".as_ref(),
            "up".as_ref(),
            "--from".as_ref(),
            manifest.as_os_str(),
            "--state-dir".as_ref(),
            state.as_os_str(),
        ];
        let settings = [
            ("INSTANCE_REQUESTS", instance_requests),
            (
                "SPIN_VARIABLE_SECRET_KEY",
                "0123456789abcdef0123456789abcdef",
            ),
            ("SPIN_VARIABLE_LOGIN_ATTEMPTS_PER_IP", "0"),
            ("SPIN_VARIABLE_LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
            ("SPIN_VARIABLE_SIGN_INS_PER_USER", "0"),
        ];
        start_as(&arguments, program, folder, &settings)
    };
    let (_again, again) = up("100000")?;
    let (_once, once) = up("1")?;
    let load = Load::tokens(folder.join("spin.lua"), &sign_in(&again)?)?;
    // The second path also opens the database, and verifies its token without cached keys.
    for path in ["/healthz", "/auth/me"] {
        let (mut reused, mut fresh) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            reused.push(load.run(&format!("{again}{path}"), 1, seconds)?);
            fresh.push(load.run(&format!("{once}{path}"), 1, seconds)?);
        }
        let (reused, fresh) = (Figures::median(&reused), Figures::median(&fresh));
        println!(
            "Spin: GET {path}, one connection: median {:.2} ms with a reused instance, {:.2} ms with a new one: {:.2} ms more (aim: 1)",
            reused.p50,
            fresh.p50,
            fresh.p50 - reused.p50
        );
    }
    Ok(())
}

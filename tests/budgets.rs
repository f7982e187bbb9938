//! Size budgets, so that sizes don't grow unnoticed, and what modules must not contain. A commit that raises a budget gives
//! the reason. The budgets of the npm package are in `packages/verify/tests/package.test.mjs`.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stdout, reason = "the sizes are what one wants to read")]

use std::path::Path;
use std::process::Command;

use gatewright_tests::host::component;

/// Size of the Worker's scripts and module in bytes, gzipped, as Cloudflare counts it.
const WORKER: usize = 1_285_000;
/// Size of the Spin application in bytes.
const SPIN: u64 = 5_525_000;

#[test]
fn the_worker_is_within_its_budget() {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/cloudflare");
    let mut pack = Command::new("tar");
    pack.args(["--create", "--gzip", "--file=-", "--directory"])
        .arg(built)
        .args(["--exclude=migrations", "--exclude=wrangler.toml", "."]);
    let size = pack.output().unwrap().stdout.len();
    println!("the Worker: {size} bytes gzipped");
    assert!((1..WORKER).contains(&size), "{size} bytes gzipped");
}

#[test]
fn the_spin_component_is_within_its_budget() {
    let size = component("gatewright-spin").metadata().unwrap().len();
    println!("the Spin component: {size} bytes");
    assert!(size < SPIN, "{size} bytes");
}

/// The compiler writes the path of each source file that can panic into a module.
#[test]
fn no_module_names_the_machine_that_built_it() {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    for folder in ["components", "cloudflare", "js/wasm"] {
        let mut modules = 0;
        for file in std::fs::read_dir(target.join(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|kind| kind != "wasm") {
                continue;
            }
            modules += 1;
            let bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            for folder in ["/.cargo/", "/registry/src/"] {
                let found = text.find(folder).map(|at| {
                    let from = text.floor_char_boundary(at.saturating_sub(40));
                    text[from..].chars().take(120).collect::<String>()
                });
                assert_eq!(found, None, "{}", path.display());
            }
        }
        assert!(modules > 0, "{folder}");
    }
}

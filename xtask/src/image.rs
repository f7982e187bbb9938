//! The file system of the container image. The Dockerfile builds it with `cargo xtask image`, and the tests run it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::component::{self, Module};
use crate::install::programs;
use crate::native;
use crate::packages::{Profile, build_for};
use crate::process::root;
use crate::toolchain::ensure_target;

/// The folder of the program and its component.
const PROGRAM: &str = "usr/local/lib/gatewright";
/// The folder of programs that are found by their names.
const NAMES: &str = "usr/local/bin";
/// The program as seen from there.
const LINK: &str = "../lib/gatewright/gatewright";
/// The only folder that the service writes to.
const STATE: &str = "var/lib/gatewright";

/// Builds a static program and lays out the image in `target/image`.
pub(crate) fn build() -> Result<PathBuf> {
    // Static programs of musl need nothing at run time; those of glibc load its libraries to resolve names.
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    ensure_target(&target)?;
    programs(&[("musl-gcc", "musl-tools")])?;
    let program = build_for(&target, "gatewright")?;
    let component = component::build(Module::Service)?;
    lay_out(&program, &component, &root().join("target/image"))
}

/// Lays out an image of the test build, which is not static: the tests add libraries of this machine to it.
pub(crate) fn lay_out_dev() -> Result<PathBuf> {
    let (program, component) = (native::host(Profile::Dev), component::path("service"));
    lay_out(&program, &component, &dev())
}

/// Returns the folder of the image of the test build.
pub(crate) fn dev() -> PathBuf {
    root().join("target/image-dev")
}

fn lay_out(program: &Path, component: &Path, image: &Path) -> Result<PathBuf> {
    let _ = fs::remove_dir_all(image);
    for folder in [PROGRAM, NAMES, STATE] {
        let mut path = image.to_owned();
        for part in Path::new(folder) {
            path.push(part);
            fs::create_dir_all(&path)?;
            fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        }
    }
    fs::set_permissions(image.join(STATE), Permissions::from_mode(0o700))?;
    for (file, name, mode) in [
        (program, "gatewright", 0o755),
        (component, "service.wasm", 0o644),
    ] {
        let copy = image.join(PROGRAM).join(name);
        fs::copy(file, &copy)?;
        fs::set_permissions(copy, Permissions::from_mode(mode))?;
    }
    symlink(LINK, image.join(NAMES).join("gatewright"))?;
    Ok(image.to_owned())
}

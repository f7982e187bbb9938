//! The image in a container of bubblewrap: its user, a read-only root, and nothing else of this machine.
//!
//! `GATEWRIGHT_IMAGE` is the image's file system, and `GATEWRIGHT_IMAGE_LIBRARIES` names folders of this machine that a
//! program needs that isn't static. `cargo xtask test` runs the test build, `cargo xtask prove image` the real image.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use gatewright_tests::host::{Compiled, Host};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::dockerfile::Dockerfile;

fn image() -> PathBuf {
    let image = std::env::var_os("GATEWRIGHT_IMAGE").expect("run `cargo xtask test image`");
    PathBuf::from(image)
}

fn libraries() -> Option<String> {
    std::env::var("GATEWRIGHT_IMAGE_LIBRARIES").ok()
}

/// A container, and the folder of this machine that is its volume.
struct Container {
    dockerfile: Dockerfile,
    folder: Arc<TempDir>,
}

impl Container {
    fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let container = Self {
            dockerfile: Dockerfile::read(),
            folder,
        };
        let mut private = fs::DirBuilder::new();
        private.mode(0o700).create(container.volume()).unwrap();
        container
    }

    fn volume(&self) -> PathBuf {
        self.folder.path().join("volume")
    }

    /// Returns the command that runs a program in the image, as process 1.
    fn command(&self, program: &[String], settings: &[(&str, &str)]) -> Command {
        let mut command = Command::new("bwrap");
        let (user, group) = self.dockerfile.user();
        command
            .args(["--unshare-all", "--share-net", "--as-pid-1"])
            .args(["--die-with-parent", "--new-session", "--cap-drop", "ALL"])
            .args(["--uid", user, "--gid", group]);
        for entry in fs::read_dir(image()).unwrap() {
            let path = entry.unwrap().path();
            let inside = Path::new("/").join(path.file_name().unwrap());
            command.arg("--ro-bind").args([&path, &inside]);
        }
        for folder in libraries().iter().flat_map(|folders| folders.split(':')) {
            command.args(["--ro-bind", folder, folder]);
        }
        let state = self.dockerfile.one("WORKDIR");
        command
            .arg("--bind")
            .arg(self.volume())
            .args([state, "--chdir", state])
            .args(["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/"])
            .arg("--clearenv");
        let environment = self.dockerfile.environment();
        for (name, value) in environment.iter().chain(settings) {
            command.args(["--setenv", name, value]);
        }
        command
            .args(program)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts the service.
    fn start(&self) -> Host {
        let mut program = self.dockerfile.command("ENTRYPOINT");
        program.extend(self.dockerfile.command("CMD"));
        let mut command = self.command(&program, &[("LISTEN", "127.0.0.1:0")]);
        Host::run(&mut command, self.folder.clone())
    }

    /// Runs the health check of a service.
    fn is_healthy(&self, host: &Host) -> bool {
        let address = host.base().strip_prefix("http://").unwrap();
        let program = self.dockerfile.command("HEALTHCHECK");
        let mut command = self.command(&program, &[("LISTEN", address)]);
        command.status().unwrap().success()
    }
}

/// Returns the process in a container: the last descendant of bubblewrap.
fn process_inside(host: &mut Host) -> u32 {
    let mut process = host.process_id();
    loop {
        let children = format!("/proc/{process}/task/{process}/children");
        let children = fs::read_to_string(children).unwrap();
        match children.split_whitespace().next() {
            Some(child) => process = child.parse().unwrap(),
            None => return process,
        }
    }
}

/// Returns the mounts that a process can write to, except for devices and processes.
fn writable(process: u32) -> Vec<String> {
    let mounts = fs::read_to_string(format!("/proc/{process}/mountinfo")).unwrap();
    let fields = mounts.lines().map(|line| line.split(' '));
    let writable = fields.filter_map(|mut fields| {
        let (place, options) = (fields.nth(4)?, fields.next()?);
        let system = place.starts_with("/dev") || place == "/proc";
        (!system && options.split(',').any(|option| option == "rw")).then(|| place.to_owned())
    });
    writable.collect()
}

#[tokio::test]
async fn the_image_serves_and_writes_to_its_volume_alone() {
    let container = Container::new();
    if libraries().is_some() {
        Compiled::of("native").lend(&container.volume().join("cache"));
    }
    let mut host = container.start();
    assert!(container.is_healthy(&host));
    assert_eq!(host.get("/readyz").await.status, 200);
    host.register("ada@example.com").await;

    let process = process_inside(&mut host);
    assert_eq!(writable(process), [container.dockerfile.one("WORKDIR")]);
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    for rights in ["CapPrm:\t0000000000000000", "NoNewPrivs:\t1"] {
        assert!(status.contains(rights), "{status}");
    }

    kill_process(Pid::from_raw(process.cast_signed()).unwrap(), Signal::TERM).unwrap();
    assert!(host.wait().success());
    assert!(!container.is_healthy(&host));

    container.start().login("ada@example.com").await;
}

/// No shell, no library, no settings: two files, readable by every user.
#[test]
fn the_image_holds_the_program_and_its_component() {
    let mut found = Vec::new();
    let mut folders = vec![image()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let file = path.symlink_metadata().unwrap();
            let name = path.strip_prefix(image()).unwrap().display().to_string();
            if file.is_dir() {
                folders.push(path);
            }
            found.push((name, file.mode()));
        }
    }
    found.sort();
    let found: Vec<_> = found.iter().map(|(name, mode)| (&**name, *mode)).collect();
    const FOLDER: u32 = 0o40_755;
    assert_eq!(
        found,
        [
            ("usr", FOLDER),
            ("usr/local", FOLDER),
            ("usr/local/bin", FOLDER),
            ("usr/local/bin/gatewright", 0o120_777),
            ("usr/local/lib", FOLDER),
            ("usr/local/lib/gatewright", FOLDER),
            ("usr/local/lib/gatewright/gatewright", 0o100_755),
            ("usr/local/lib/gatewright/service.wasm", 0o100_644),
            ("var", FOLDER),
            ("var/lib", FOLDER),
            ("var/lib/gatewright", 0o40_700),
        ]
    );
}

/// A folder that is copied from the image exists there, and the programs are in it.
#[test]
fn the_dockerfile_is_about_this_image() {
    let dockerfile = Dockerfile::read();
    let (user, group) = dockerfile.user();
    for number in [user, group] {
        assert!(number.parse::<u32>().unwrap() > 0);
    }
    let inside = |path: &str| image().join(path.trim_start_matches('/'));
    for copied in dockerfile.all("COPY") {
        let (_, path) = copied.split_once("/src/target/image").unwrap();
        let (from, to) = path.split_once(' ').unwrap();
        assert!(inside(from).is_dir() && Path::new("/").join(from) == Path::new(to));
    }
    for name in ["ENTRYPOINT", "HEALTHCHECK"] {
        let program = &dockerfile.command(name)[0];
        assert!(inside(program).exists(), "{program}");
    }
    assert!(inside(dockerfile.one("WORKDIR")).is_dir());
}

//! Compiling the component, and the cache of compiled code.

use std::process::{Command, Stdio};

use gatewright_tests::host::{Host, native};

use super::{KEY, refused};

#[test]
fn compiled_code_is_not_loaded_from_a_folder_that_others_can_write() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut host = Host::start(&[]);
    let cache = host.folder().join("data/cache");
    assert_eq!(
        cache.metadata().unwrap().permissions().mode() & 0o777,
        0o700
    );
    assert_eq!(
        host.folder()
            .join("data/gatewright.db")
            .metadata()
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
    host.kill();
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o777)).unwrap();
    let host = host.restart(&[]);
    host.wait_for_log("other users can write to the folder");
}

#[tokio::test]
async fn a_second_start_uses_what_was_compiled() {
    let host = Host::start(&[]);
    // The shared cache can also contain other tests' components.
    let cache = host.folder().join("data/cache");
    let files = || {
        let files = std::fs::read_dir(&cache).unwrap();
        files.map(|file| file.unwrap().path()).collect::<Vec<_>>()
    };
    for file in files() {
        std::fs::remove_file(file).unwrap();
    }
    let host = host.restart(&[]);
    let files = files();
    let [file] = &files[..] else {
        panic!("{files:?}")
    };
    let written = file.metadata().unwrap().modified().unwrap();
    let again = host.restart(&[]);
    assert_eq!(again.get("/healthz").await.status, 200);
    assert_eq!(file.metadata().unwrap().modified().unwrap(), written);
    // A truncated file, as a full disk leaves it, is compiled again.
    std::fs::write(file, b"not machine code").unwrap();
    let again = again.restart(&[]);
    assert_eq!(again.get("/healthz").await.status, 200);
}

/// Returns the peak memory of a process in KiB.
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}

/// The compiler uses more than 150 MiB, which the allocator would keep.
#[test]
fn the_first_start_compiles_in_a_process_of_its_own() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let start = |database: &str| {
        let mut command = native(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
        command.env(KEY.0, KEY.1);
        command.env("DATABASE_URL", format!("sqlite:data/{database}.db"));
        Host::run(&mut command, folder.clone())
    };
    // Two hosts start at the same time with one empty cache, and both fill it.
    let mut hosts = std::thread::scope(|scope| {
        let hosts = ["one", "two"].map(|name| scope.spawn(move || start(name)));
        hosts.map(|host| host.join().unwrap())
    });
    for host in &mut hosts {
        let peak = peak(host.process_id());
        assert!(peak < 100_000, "{peak} KiB");
    }
    let files = std::fs::read_dir(folder.path().join("data/cache")).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert!(
        files.len() == 1 && files[0].to_string_lossy().ends_with(".cwasm"),
        "{files:?}"
    );
}

#[test]
fn a_compiler_that_fails_or_is_killed_stops_the_start_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage.wasm");
    std::fs::write(&garbage, b"\0asm and no more").unwrap();
    let listen = ["serve", "--listen", "127.0.0.1:0"];
    let mut command = native(folder.path(), &listen);
    command.arg("--component").arg(&garbage);
    let said = refused(command);
    assert!(
        said.contains("garbage.wasm: it is not a component"),
        "{said}"
    );

    // The compiler needs more than a second of CPU time, and the host far less.
    let host = native(folder.path(), &listen);
    let mut limited = Command::new("sh");
    limited
        .current_dir(folder.path())
        .env_clear()
        .args(["-c", "ulimit -t 1; exec \"$0\" \"$@\""])
        .arg(host.get_program())
        .args(host.get_args())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let said = refused(limited);
    assert!(
        said.contains("the process that compiles the component ended (signal: "),
        "{said}"
    );
    let left = std::fs::read_dir(folder.path().join("data/cache")).unwrap();
    assert_eq!(left.count(), 0);
}

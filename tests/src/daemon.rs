//! Programs that run in the background for the tests.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Prepares a folder, starts a program there, prints the folder when the program is ready, and stops the program when
/// the input ends. The input also ends with the process of the tests, however that ends.
const SCRIPT: &str = r#"
    folder=$(mktemp -d) && cd "$folder" || exit 1
    eval "$1" >log 2>&1 || { cat log >&2; exit 1; }
    eval "exec $2" >>log 2>&1 &
    program=$!
    for _ in $(seq 600); do
        eval "$3" 2>/dev/null && break
        kill -0 $program || { cat log >&2; exit 1; }
        sleep 0.05
    done
    echo "$folder"
    cat >/dev/null
    kill "$4" $program
    wait $program
    rm -r "$folder"
"#;

/// Shell commands of a program that runs in the background, in an empty folder.
pub struct Commands<'a> {
    /// Runs first.
    pub prepare: &'a str,
    /// The program itself.
    pub program: &'a str,
    /// Succeeds when the program is ready.
    pub is_ready: &'a str,
    /// The option of `kill` that names the signal which stops the program immediately.
    pub stop: &'a str,
}

/// A program that runs in a temporary folder until this value is dropped or this process ends. If this user is `root`,
/// it runs as the user `postgres`, because servers of databases refuse to run as `root`.
pub struct Daemon {
    folder: PathBuf,
    process: Child,
}

impl Daemon {
    /// Starts a program and waits until it is ready.
    pub fn start(commands: &Commands<'_>) -> Self {
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        command.args(["-c", SCRIPT, "sh", commands.prepare, commands.program]);
        let mut process = command
            .args([commands.is_ready, commands.stop])
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut folder, mut byte) = (Vec::new(), [0]);
        let output = process.stdout.as_mut().unwrap();
        while output.read(&mut byte).unwrap() == 1 && byte[0] != b'\n' {
            folder.push(byte[0]);
        }
        assert!(!folder.is_empty(), "{} did not start", commands.program);
        Self {
            folder: String::from_utf8(folder).unwrap().into(),
            process,
        }
    }

    /// Returns the folder that the program runs in.
    pub fn folder(&self) -> &PathBuf {
        &self.folder
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

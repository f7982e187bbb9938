//! `cargo xtask bench hashes`: the time to verify imported hashes, compared with the estimate that an import prints
//! (`auth-core/src/password/cost.rs`).

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::native::build_host;
use crate::packages::Profile;
use crate::process::{output, target};
use crate::running::start;

/// One hash of each kind, at full size.
const HASHES: [(&str, &str); 9] = [
    (
        "Argon2id, 19 MiB, 2 passes (OWASP)",
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$VGhpcyBpcyBub3QgYSByZWFsIGhhc2gsIGJ1dCBsb25nLi4",
    ),
    (
        "Argon2id, 64 MiB, 3 passes (fastapi-users)",
        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$VGhpcyBpcyBub3QgYSByZWFsIGhhc2gsIGJ1dCBsb25nLi4",
    ),
    (
        "Argon2id, 100 MiB, 2 passes (Django)",
        "$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHRzb21lc2FsdA$VGhpcyBpcyBub3QgYSByZWFsIGhhc2gsIGJ1dCBsb25nLi4",
    ),
    (
        "scrypt, 32 MiB (Werkzeug)",
        "$scrypt$ln=15,r=8,p=1$c2Vhc2FsdA$VGhpcyBpcyBub3QgYSByZWFsIGhhc2gsIGJ1dCBsb25nLi4",
    ),
    (
        "scrypt, 128 MiB (OWASP)",
        "$scrypt$ln=17,r=8,p=1$c2Vhc2FsdA$VGhpcyBpcyBub3QgYSByZWFsIGhhc2gsIGJ1dCBsb25nLi4",
    ),
    (
        "bcrypt, cost 12",
        "$2b$12$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
    ),
    (
        "PBKDF2, SHA-1, 400,000",
        "pbkdf2_sha1$400000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ),
    (
        "PBKDF2, SHA-256, 1,000,000 (Django)",
        "pbkdf2_sha256$1000000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ),
    (
        "PBKDF2, SHA-512, 400,000",
        "$pbkdf2-sha512$i=400000,l=32$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ),
];
/// Each time is the minimum of this many runs, because other load on the machine only adds to it.
const TRIES: usize = 5;

/// Measures and prints the times.
pub(crate) fn run() -> Result<()> {
    let program = build_host(Profile::Release)?;
    let folder = target().join("bench-hashes");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let settings = [
        ("LOGIN_ATTEMPTS_PER_IP", "0"),
        ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
        ("LOG_LEVEL", "error"),
    ];
    let (_host, base) = start(&program, &folder, &settings)?;
    for (at, (name, hash)) in HASHES.into_iter().enumerate() {
        let username = format!("user-{at}");
        let file = folder.join("user.jsonl");
        let user = json!({"username": username, "password_hash": hash});
        fs::write(&file, format!("{user}\n"))?;
        let mut import = Command::new(&program);
        import.args(["import", "--json"]).arg(&file);
        let summary = output(import.current_dir(&folder)).context("the import failed")?;
        let summary: Value = serde_json::from_str(&summary)?;
        let body = json!({"username": username, "password": "not the right password"});
        let mut least = f64::INFINITY;
        for _ in 0..TRIES {
            let mut login = Command::new("curl");
            login.args(["-sS", "-o", "/dev/null", "-w", "%{time_total}"]);
            login.args(["-H", "content-type: application/json"]);
            login.args(["-d", &body.to_string(), &format!("{base}/auth/login")]);
            let seconds: f64 = output(&mut login).context("curl failed")?.trim().parse()?;
            least = least.min(seconds * 1000.0);
        }
        let estimate = &summary["password_cost_ms"];
        println!("{name}: {least:.0} ms; estimate of the import: {estimate}");
    }
    Ok(())
}

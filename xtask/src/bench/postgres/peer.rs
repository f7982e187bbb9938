//! The peer: fastapi-users on the same server.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use super::server::Server;
use crate::bench::client::{TOKENS, curl, login_body, post};
use crate::install::python_packages;
use crate::process::root;
use crate::running::Running;

const DATABASE: &str = "fastapi_users";

/// Running processes of the peer, their URLs and the tokens of a user.
pub(super) struct Peer {
    _processes: Vec<Running>,
    pub(super) bases: Vec<String>,
    pub(super) tokens: Vec<String>,
}

/// Starts the peer with a process for each host, each of which has a port, so that the load is the same for all.
pub(super) fn start_peer(server: &Server, hosts: usize, secret: &str) -> Result<Peer> {
    let folder = root().join("xtask/src/bench/postgres/fastapi_users");
    python_packages(&folder)?;
    server.create(DATABASE)?;
    let (mut processes, mut bases) = (Vec::new(), Vec::new());
    for _ in 0..hosts {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = Command::new(folder.join(".venv/bin/python"))
            .args(["-B", "-m", "uvicorn", "app:app", "--no-access-log"])
            .args(["--log-level", "warning", "--port", &port.to_string()])
            .current_dir(&folder)
            .env("DATABASE_URL", server.asyncpg_url(DATABASE))
            .env("SECRET_KEY", secret)
            .stdout(Stdio::null())
            .spawn()
            .context("can't start uvicorn")?;
        processes.push(Running::new(child));
        let base = format!("http://127.0.0.1:{port}");
        // The first one creates the table before the next one starts.
        let retry = [
            "--retry",
            "100",
            "--retry-delay",
            "1",
            "--retry-connrefused",
        ];
        curl(&[&retry[..], &[&format!("{base}/openapi.json")]].concat())?;
        bases.push(base);
    }
    let first = bases.first().context("a process")?;
    let user = login_body();
    post(&format!("{first}/auth/register"), &user)?;
    let field = |name: &str| user[name].as_str().unwrap_or_default();
    let username = format!("username={}", field("email"));
    let password = format!("password={}", field("password"));
    let url = format!("{first}/auth/jwt/login");
    let login = || -> Result<String> {
        let given = ["--data-urlencode", &username, "--data-urlencode", &password];
        let said = curl(&[&given[..], &[&url]].concat())?;
        Ok(said["access_token"].as_str().context("a token")?.to_owned())
    };
    let tokens: Result<_> = (0..TOKENS).map(|_| login()).collect();
    server.analyze(DATABASE)?;
    Ok(Peer {
        _processes: processes,
        tokens: tokens?,
        bases,
    })
}

//! The command line administers every host with the same commands.

use std::process::Stdio;

use gatewright_tests::host::{Host, PASSWORD, SETUP, native};
use serde_json::{Value, json};

use crate::users::import_export::BCRYPT;

/// Returns the standard output of a command that must succeed.
fn output(host: &Host, token: &str, arguments: &[&str]) -> String {
    let done = native(host.folder(), arguments)
        .args(["--url", host.base(), "--token", token])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(done.stdout).unwrap()
}

fn answer(host: &Host, token: &str, arguments: &[&str]) -> Value {
    let mut arguments = arguments.to_vec();
    arguments.push("--json");
    serde_json::from_str(&output(host, token, &arguments)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_administer_any_host() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let token = root.token();

    output(&host, token, &["role", "create", "editor"]);
    output(&host, token, &["permission", "create", "posts:write"]);
    output(&host, token, &["role", "grant", "editor", "posts:write"]);
    let made = ["user", "create", "--email", "ada@example.com", "--verified"];
    let ada = answer(&host, token, &made);
    output(
        &host,
        token,
        &["user", "add-role", "ada@example.com", "editor"],
    );
    output(&host, token, &["check", "ada@example.com", "posts:write"]);
    let refused = native(host.folder(), &["check", "ada@example.com", "posts:read"])
        .args(["--url", host.base(), "--token", token])
        .stdout(Stdio::null())
        .status();
    assert_eq!(refused.unwrap().code(), Some(1));

    let shown = answer(&host, token, &["user", "show", "ada@example.com"]);
    assert_eq!(shown["id"], ada["id"]);
    assert_eq!(shown["roles"], json!(["editor", "user", "verified"]));
    let refused = native(host.folder(), &["user", "remove-factor", "ada@example.com"])
        .args(["--url", host.base(), "--token", token])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert!(errors.contains("There is no second factor"), "{errors}");
    output(&host, token, &["user", "disable", "ada@example.com"]);
    let disabled = answer(&host, token, &["user", "list", "--disabled=true"]);
    assert_eq!(disabled["users"][0]["email"], "ada@example.com");
    output(
        &host,
        token,
        &["user", "delete", "ada@example.com", "--yes"],
    );

    let keys = answer(&host, token, &["keys", "list"]);
    output(&host, token, &["keys", "rotate"]);
    let rotated = answer(&host, token, &["keys", "list"]);
    let count = |keys: &Value| keys["keys"].as_array().unwrap().len();
    assert_eq!(count(&rotated), count(&keys) + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_moved_by_the_command_line() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let token = root.token();
    // In the format of fastapi-users.
    let table = format!(
        "id,email,hashed_password,is_active,is_superuser,is_verified\n\
         018bcfe5-6800-7000-8000-0000000000aa,ada@example.com,{BCRYPT},true,false,true\n\
         018bcfe5-6800-7000-8000-0000000000ab,not an address,{BCRYPT},true,false,true\n"
    );
    std::fs::write(host.folder().join("users.csv"), table).unwrap();
    let import = ["import", "users.csv", "--format", "fastapi-users"];
    let run = |further: &[&str]| {
        native(host.folder(), &import)
            .args(["--url", host.base(), "--token", token, "--json"])
            .args(further)
            .output()
            .unwrap()
    };
    let report = |output: &std::process::Output| -> Value {
        let errors = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{errors}"))
    };
    let tried = run(&["--dry-run"]);
    assert_eq!(report(&tried)["created"], 1);
    assert_eq!(
        host.get_as("/users?search=ada", token).await.body["users"],
        json!([])
    );
    let done = run(&["--report", "refused"]);
    // One user was refused, and the report names it with the reason.
    assert_eq!(done.status.code(), Some(1));
    assert_eq!(report(&done)["created"], 1);
    let refused = std::fs::read_to_string(host.folder().join("refused")).unwrap();
    let refused: Value = serde_json::from_str(refused.trim()).unwrap();
    assert_eq!(refused["line"], 3);
    assert_eq!(report(&run(&[]))["existing"], 1);
    let ada = json!({"email": "ada@example.com", "password": PASSWORD});
    assert_eq!(host.post("/auth/login", ada).await.status, 200);

    for command in [
        &["permission", "create", "posts:write"][..],
        &["role", "create", "editor", "--permission", "posts:write"],
        &["role", "grant", "admin", "posts:write"],
        &["user", "add-role", "ada@example.com", "editor"],
    ] {
        output(&host, token, command);
    }
    let exported = exported(&host, token);
    let ada = exported
        .iter()
        .find(|line| line["email"] == "ada@example.com");
    assert!(ada.unwrap()["password_hash"].is_string());
    assert_eq!(ada.unwrap()["roles"], json!(["editor", "user"]));

    // An empty service gets the same content, except for its own administrator.
    let other = Host::start(&[SETUP]);
    let administrator = other.administrator().await;
    let file = host.folder().join("all.jsonl");
    let file = file.to_str().unwrap();
    output(&other, administrator.token(), &["import", file]);
    let but_root = |lines: Vec<Value>| -> Vec<Value> {
        let others = lines
            .into_iter()
            .filter(|line| line["email"] != "root@example.com");
        others.collect()
    };
    let again = but_root(self::exported(&other, administrator.token()));
    assert_eq!(again, but_root(exported));
    other.login("ada@example.com").await;
    let check = ["check", "ada@example.com", "posts:write"];
    output(&other, administrator.token(), &check);
}

/// Returns the lines of an export with secrets.
fn exported(host: &Host, token: &str) -> Vec<Value> {
    output(host, token, &["export", "all.jsonl", "--secrets"]);
    let text = std::fs::read_to_string(host.folder().join("all.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Returns a pipe without a reader, as after `head -1`.
fn unread() -> std::io::PipeWriter {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer
}

/// Standard output and standard error can be closed.
#[test]
fn no_command_panics_where_nobody_reads() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for arguments in [
        &["config"][..],
        &["config", "print"],
        &["config", "check"],
        &["mail", "preview"],
        &["mail", "preview", "verify_email"],
        &["mail", "preview", "verify_email", "--html"],
        &["completions", "bash"],
        &["secret", "generate"],
        &["migrate"],
        &["role", "list"],
        &["role", "list", "--json"],
        &["export"],
        &["help"],
        &["--version"],
    ] {
        let done = native(folder, arguments).stdout(unread()).output().unwrap();
        let errors = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments:?}: {errors}");
        assert_eq!(errors, "", "{arguments:?}");
    }
    for (arguments, code) in [
        (&["role", "show", "nobody"][..], 1),
        (&["role", "show", "nobody", "--json"], 1),
        (&["config", "check", "--listen", "nowhere"], 1),
        (&["role", "nothing"], 2),
        (&["role", "nothing", "--json"], 2),
    ] {
        let done = native(folder, arguments)
            .stdout(unread())
            .stderr(unread())
            .status();
        assert_eq!(done.unwrap().code(), Some(code), "{arguments:?}");
    }
    let done = native(folder, &["config", "check"])
        .env("ADMIN_EMAIL", "root@example.com")
        .stdout(unread())
        .stderr(unread())
        .status();
    assert!(done.unwrap().success());
}

/// Every error is a document on standard error, whether it is from the service, the command, or the argument parser.
#[tokio::test(flavor = "multi_thread")]
async fn errors_are_json_where_that_is_asked_for() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let failed = |token: &str, arguments: &[&str]| -> (Option<i32>, Value) {
        let done = native(host.folder(), arguments)
            .args(["--url", host.base(), "--token", token, "--json"])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&done.stderr);
        let document = serde_json::from_str(&errors);
        let document: Value = document.unwrap_or_else(|_| panic!("{arguments:?}: {errors}"));
        (done.status.code(), document["error"].clone())
    };
    let (code, error) = failed(root.token(), &["role", "create", "NO NAME"]);
    assert_eq!((code, &error["status_code"]), (Some(1), &json!(422)));
    assert_eq!(error["code"], "validation_failed");
    assert_eq!(error["details"][0]["field"], "name");
    let (code, error) = failed("nonsense", &["role", "list"]);
    assert_eq!((code, &error["status_code"]), (Some(1), &json!(401)));
    let question = ["check", "root@example.com", "NO PERMISSION"];
    let (code, error) = failed(root.token(), &question);
    assert_eq!(code, Some(1), "{error}");
    let (code, error) = failed(root.token(), &["user", "delete", "root@example.com"]);
    assert_eq!((code, &error["code"]), (Some(1), &json!("failed")));
    let (code, error) = failed(root.token(), &["role", "nothing"]);
    assert_eq!(
        (code, &error["code"]),
        (Some(2), &json!("invalid_arguments"))
    );
    assert!(error["message"].as_str().unwrap().contains("nothing"));

    std::fs::write(host.folder().join("users.jsonl"), "{\"email\": 1}\n").unwrap();
    let done = native(host.folder(), &["import", "users.jsonl", "--json"])
        .args(["--url", host.base(), "--token", root.token()])
        .output()
        .unwrap();
    let errors = String::from_utf8(done.stderr).unwrap();
    let lines: Vec<Value> = errors
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{errors}")))
        .collect();
    assert_eq!(lines[0]["line"], 1);
    assert_eq!(lines.last().unwrap()["error"]["code"], "failed");
}

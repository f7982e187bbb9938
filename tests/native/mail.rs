//! Mail templates and mail delivery.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use gatewright_tests::host::{Host, PASSWORD, native};
use serde_json::json;

use super::{KEY, refused};

/// Templates from a folder replace the built-in ones, in mails and in their preview; an invalid one stops the start.
#[test]
fn mail_templates_come_from_a_folder_and_can_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let templates = folder.path().join("templates");
    std::fs::create_dir(&templates).unwrap();
    let text = templates.join("verify_email.txt");
    std::fs::write(&text, "Subject: Welcome to {{ product }}\n\n{{ link }}\n").unwrap();
    let preview = |arguments: &[&str]| {
        let mut command = native(folder.path(), &["mail", "preview"]);
        command
            .args(arguments)
            .env("PRODUCT_NAME", "Acme")
            .env("MAIL_TEMPLATES", "templates");
        command
    };
    let shown = |arguments: &[&str]| {
        let output = preview(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let own = shown(&["verify_email"]);
    assert!(
        own.contains("Subject: Welcome to Acme\n\nhttps://"),
        "{own}"
    );
    assert!(shown(&["verify_email", "--html"]).starts_with("<!doctype html>"));
    assert!(shown(&["reset_password"]).contains("Acme"));
    assert!(shown(&[]).contains("verify_email.html"));
    assert!(refused(preview(&["no_such_mail"])).contains("no_such_mail"));

    std::fs::write(&text, "Subject: {{ prodct }}\n\n").unwrap();
    let said = refused(preview(&["verify_email"]));
    assert!(said.contains("MAIL_VERIFY_EMAIL_TEXT: line 1"), "{said}");
    std::fs::rename(&text, templates.join("verify_mail.txt")).unwrap();
    let mut serve = native(folder.path(), &["serve"]);
    serve.env(KEY.0, KEY.1).env("MAIL_TEMPLATES", "templates");
    let said = refused(serve);
    assert!(
        said.contains("verify_mail.txt isn't the name of a template"),
        "{said}"
    );
}

/// The native host sends mail to a mail server; the links in it work.
#[tokio::test]
async fn mail_goes_by_smtp() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/javascript/smtp-server.mjs");
    let mut server = Command::new("node")
        .args([
            script,
            r#"{"security": "none", "user": "u", "password": "p"}"#,
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let port = lines.next().unwrap().unwrap();
    let host = Host::start(&[
        ("EMAIL_PROVIDER", "smtp"),
        ("EMAIL_FROM", "Acme <auth@example.com>"),
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", &port),
        ("SMTP_SECURITY", "none"),
        ("SMTP_USER", "u"),
        ("SMTP_PASSWORD", "p"),
    ]);
    host.register("ada@example.com").await;
    let taken: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(taken["to"], json!(["ada@example.com"]));
    let text = taken["mail"]["text"].as_str().unwrap();
    let token = text
        .split("?token=")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap();
    let proof = json!({"password": PASSWORD});
    host.post(&format!("/auth/verify/{token}"), proof)
        .await
        .assert_ok();
}

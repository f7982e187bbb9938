//! Messages by SMTP to servers on this machine: that of nodemailer, and scripted ones that misbehave.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use auth_core::{MailError, Message, Settings};
use gatewright_mail::Mailbox;
use gatewright_smtp::{Mailer, SmtpConfig};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse: \"hunter2\" \u{1f98a}";

/// Longer than the limit of a host, for busy machines.
const LIMIT: Duration = Duration::from_secs(30);

/// nodemailer's server, in its own process.
struct Server {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
    security: &'static str,
    /// The folder of certificates: `ca.pem` signed that of the server, `other.pem` did not.
    folder: TempDir,
}

impl Server {
    fn start(security: &'static str, mut options: Value) -> Self {
        let javascript = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/javascript");
        assert!(
            javascript.join("node_modules/smtp-server").exists(),
            "packages are missing: run `cargo xtask test`"
        );
        let folder = certificates();
        options["security"] = security.into();
        for name in ["key", "cert"] {
            let path = folder.path().join(name).with_extension("pem");
            options[name] = path.to_str().unwrap().into();
        }
        let mut child = Command::new("node")
            .arg("smtp-server.mjs")
            .arg(options.to_string())
            .current_dir(javascript)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next().unwrap().unwrap().parse().unwrap();
        Self {
            child,
            lines,
            port,
            security,
            folder,
        }
    }

    /// Returns a client of it with these settings in addition.
    fn mailer(&self, settings: &[(&str, &str)]) -> Mailer {
        let ca = self.folder.path().join("ca.pem");
        let own = [
            ("SMTP_SECURITY", self.security),
            ("SMTP_CA_FILE", ca.to_str().unwrap()),
        ];
        mailer(self.port, Some("Gatewright"), &[&own, settings].concat())
    }

    /// Returns the next message that it accepted.
    fn taken(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }

    /// Stops it, and checks that it accepted no further message.
    fn took_no_more(mut self) {
        self.child.kill().unwrap();
        assert!(self.lines.next().is_none());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn certificates() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    let authority = || {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        (pem, Issuer::new(params, key))
    };
    let (ca, issuer) = authority();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    write("cert.pem", params.signed_by(&key, &issuer).unwrap().pem());
    write("key.pem", key.serialize_pem());
    write("ca.pem", ca);
    write("other.pem", authority().0);
    folder
}

fn mailer(port: u16, name: Option<&str>, settings: &[(&str, &str)]) -> Mailer {
    mailer_within(LIMIT, port, name, settings)
}

fn mailer_within(
    limit: Duration,
    port: u16,
    name: Option<&str>,
    settings: &[(&str, &str)],
) -> Mailer {
    struct Map<'a>(BTreeMap<&'a str, &'a str>);
    impl Settings for Map<'_> {
        async fn get(&self, name: &str) -> Result<Option<String>, String> {
            Ok(self.0.get(name).map(|value| (*value).to_owned()))
        }
    }
    let port = port.to_string();
    let mut map = BTreeMap::from([("SMTP_HOST", "localhost"), ("SMTP_PORT", &port)]);
    map.extend(settings.iter().copied());
    let from = Mailbox {
        name: name.map(str::to_owned),
        address: "auth@example.com".to_owned(),
    };
    let config = futures::executor::block_on(SmtpConfig::load(&Map(map))).unwrap();
    Mailer::new(&config, &from, limit).unwrap()
}

fn send(mailer: &Mailer, message: &Message) -> Result<(), MailError> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(mailer.send(message))
}

fn message() -> Message {
    Message {
        to: "ada@example.com".to_owned(),
        subject: "Bonjour Zoë \u{1f98a}".to_owned(),
        text: "Bonjour Zoë,\n.\nhttps://example.com/reset?token=t0ken\n".to_owned(),
        html: Some("<p>Bonjour <b>Zoë</b></p>".to_owned()),
        kind: "welcome".to_owned(),
    }
}

fn header<'a>(taken: &'a Value, name: &str) -> &'a str {
    let headers = taken["mail"]["headers"].as_array().unwrap();
    let mut found = headers.iter().filter(|header| header["key"] == name);
    let value = found.next().unwrap()["value"].as_str().unwrap();
    assert!(found.next().is_none(), "{name} stands there twice");
    value
}

#[test]
fn a_message_arrives_whole_with_every_security() {
    for security in ["starttls", "tls", "none"] {
        let mut server = Server::start(security, json!({"user": "ada", "password": PASSWORD}));
        let mailer = server.mailer(&[("SMTP_USER", "ada"), ("SMTP_PASSWORD", PASSWORD)]);
        send(&mailer, &message()).unwrap();
        let taken = server.taken();
        assert_eq!(taken["encrypted"], security != "none");
        assert_eq!(taken["user"], "ada");
        assert_eq!(taken["client"], "example.com");
        assert_eq!(taken["from"], "auth@example.com");
        assert_eq!(taken["to"], json!(["ada@example.com"]));
        let mail = &taken["mail"];
        assert_eq!(
            mail["from"],
            json!({"address": "auth@example.com", "name": "Gatewright"})
        );
        assert_eq!(mail["to"][0]["address"], "ada@example.com");
        assert_eq!(mail["subject"], "Bonjour Zoë \u{1f98a}");
        assert_eq!(
            mail["text"].as_str().unwrap().trim_end(),
            message().text.trim_end()
        );
        assert_eq!(
            mail["html"].as_str().unwrap().trim_end(),
            message().html.unwrap()
        );
        assert_eq!(header(&taken, "auto-submitted"), "auto-generated");
        assert!(header(&taken, "date").ends_with(" +0000"));
        let raw = taken["raw"].as_str().unwrap();
        assert!(raw.is_ascii());
        // The last part is what clients prefer.
        let at = |part| raw.find(part).unwrap();
        assert!(
            at("multipart/alternative") < at("text/plain") && at("text/plain") < at("text/html")
        );
    }
}

#[test]
fn without_html_there_is_one_part_and_every_message_has_its_own_identifier() {
    let mut server = Server::start("none", json!({}));
    let mailer = server.mailer(&[]);
    let plain = Message {
        html: None,
        ..message()
    };
    let mut identifiers = Vec::new();
    for _ in 0..2 {
        send(&mailer, &plain).unwrap();
        let taken = server.taken();
        assert!(header(&taken, "content-type").starts_with("text/plain"));
        assert_eq!(
            taken["mail"]["text"].as_str().unwrap().trim_end(),
            plain.text.trim_end()
        );
        assert!(taken["mail"].get("html").is_none());
        identifiers.push(header(&taken, "message-id").to_owned());
    }
    assert!(identifiers.iter().all(|id| id.ends_with("@example.com>")));
    assert_ne!(identifiers[0], identifiers[1]);
}

#[test]
fn no_text_becomes_a_header_or_a_command() {
    let mut server = Server::start("none", json!({}));
    let evil = "Hi\r\nBcc: eve@example.com\r\n\r\nbody\nX-Evil: 1\rX-Evil: 2";
    let ends = "a\r\n.\r\nMAIL FROM:<eve@example.com>\r\n\n.\n\r.\r";
    let settings = [("SMTP_SECURITY", "none")];
    for name in [
        Some("Eve <eve@example.com>, Ada"),
        Some("Ada, \"the\" <first>"),
        Some("Zoë \u{1f98a}"),
        None,
    ] {
        let mailer = mailer(server.port, name, &settings);
        let message = Message {
            subject: evil.to_owned(),
            text: ends.to_owned(),
            html: None,
            ..message()
        };
        send(&mailer, &message).unwrap();
        let taken = server.taken();
        assert_eq!(taken["from"], "auth@example.com");
        assert_eq!(taken["to"], json!(["ada@example.com"]));
        let headers = taken["mail"]["headers"].as_array().unwrap();
        let keys: Vec<_> = headers
            .iter()
            .map(|header| header["key"].as_str().unwrap())
            .collect();
        for key in keys {
            assert!(!key.contains("evil") && key != "bcc", "{taken:#}");
        }
        assert_eq!(taken["mail"]["from"]["address"], "auth@example.com");
        if let Some(name) = name {
            assert_eq!(taken["mail"]["from"]["name"], name);
        }
        assert!(
            taken["mail"]["text"]
                .as_str()
                .unwrap()
                .contains("MAIL FROM:<eve@example.com>")
        );
    }
    for to in [
        "ada@example.com\r\nRCPT TO:<eve@example.com>",
        "ada",
        "a@b>,<c@d.example",
    ] {
        let message = Message {
            to: to.to_owned(),
            ..message()
        };
        let refused = send(&server.mailer(&[]), &message);
        assert!(matches!(refused, Err(MailError::Refused(_))), "{refused:?}");
    }
    server.took_no_more();
}

#[test]
fn a_wrong_password_is_refused_and_not_logged() {
    let server = Server::start("starttls", json!({"user": "ada", "password": PASSWORD}));
    let wrong = [("SMTP_USER", "ada"), ("SMTP_PASSWORD", "hunter3")];
    assert_eq!(
        send(&server.mailer(&wrong), &message()),
        Err(MailError::Refused(
            "the mail server answered 535 5.7.8".to_owned()
        ))
    );
    let refused = send(&server.mailer(&[]), &message());
    assert_eq!(
        refused,
        Err(MailError::Refused(
            "the mail server answered 530".to_owned()
        ))
    );
    server.took_no_more();
}

#[test]
fn an_answer_says_whether_to_try_again() {
    let said = |step: &str, code: u16| {
        let server = Server::start("none", json!({"answers": {step: code}}));
        send(&server.mailer(&[]), &message())
    };
    let unavailable = |code| {
        Err(MailError::Unavailable(format!(
            "the mail server answered {code} 4.7.1"
        )))
    };
    let refused = |code| {
        Err(MailError::Refused(format!(
            "the mail server answered {code} 5.7.1"
        )))
    };
    assert_eq!(said("mail", 451), unavailable(451));
    assert_eq!(said("rcpt", 450), unavailable(450));
    assert_eq!(said("rcpt", 550), refused(550));
    assert_eq!(said("data", 452), unavailable(452));
    assert_eq!(said("data", 554), refused(554));
}

#[test]
fn a_server_that_nobody_vouches_for_gets_nothing() {
    for security in ["starttls", "tls"] {
        let server = Server::start(security, json!({}));
        let other = server.folder.path().join("other.pem");
        for settings in [
            // Another authority, the public ones, and a certificate of another name.
            ("SMTP_CA_FILE", other.to_str().unwrap()),
            ("SMTP_CA_FILE", ""),
            ("SMTP_HOST", "127.0.0.1"),
        ] {
            let error = send(&server.mailer(&[settings]), &message()).unwrap_err();
            assert!(
                error.to_string().contains("invalid peer certificate"),
                "{error}"
            );
        }
        send(&server.mailer(&[]), &message()).unwrap();
    }
}

/// Starts a server that answers each line with the next of these, and returns the lines that it received.
fn script(answers: &'static [&'static str]) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut got = Vec::new();
        for answer in answers {
            stream.write_all(answer.as_bytes()).unwrap();
            match lines.next() {
                Some(Ok(line)) => got.push(line),
                _ => break,
            }
        }
        got.extend(lines.map_while(Result::ok));
        got
    });
    (port, server)
}

#[test]
fn without_starttls_nothing_is_sent() {
    let login = [("SMTP_USER", "ada"), ("SMTP_PASSWORD", PASSWORD)];
    for (answers, said) in [
        (
            &[
                "220 hi\r\n",
                "250-me\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n",
                "221 bye\r\n",
            ][..],
            MailError::Refused("STARTTLS is not supported on this server".to_owned()),
        ),
        (
            &[
                "220 hi\r\n",
                "250-me\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n",
                "454 4.7.0 no\r\n",
                "221 bye\r\n",
            ],
            MailError::Unavailable("the mail server answered 454 4.7.0".to_owned()),
        ),
    ] {
        let (port, server) = script(answers);
        assert_eq!(send(&mailer(port, None, &login), &message()), Err(said));
        for line in server.join().unwrap() {
            assert!(
                ["EHLO example.com", "STARTTLS", "QUIT"].contains(&&*line),
                "{line}"
            );
        }
    }
}

#[test]
fn what_is_added_in_plain_text_is_no_encrypted_answer() {
    let (port, _server) = script(&[
        "220 hi\r\n",
        "250-me\r\n250 STARTTLS\r\n",
        "220 go\r\n421 4.0.0 from a stranger\r\n",
    ]);
    let error = send(&mailer(port, None, &[]), &message()).unwrap_err();
    assert!(error.to_string().contains("corrupt message"), "{error}");
}

#[test]
fn nobody_waits_for_a_silent_server() {
    let limit = Duration::from_millis(500);
    let greeting: &[_] = &["220 hi\r\n", "250 me\r\n"];
    for answers in [&[""], greeting] {
        let (port, server) = script(answers);
        let began = Instant::now();
        let mailer = mailer_within(limit, port, None, &[("SMTP_SECURITY", "none")]);
        let late = MailError::Unavailable("the mail server does not answer".to_owned());
        assert_eq!(send(&mailer, &message()), Err(late));
        assert!(began.elapsed() < LIMIT);
        // The connection is closed at the end of the script.
        server.join().unwrap();
    }
}

#[test]
fn what_is_no_mail_server_may_become_one() {
    for answer in ["HTTP/1.1 400 Bad Request\r\n\r\n", "220"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || listener.accept().unwrap().0.write_all(answer.as_bytes()));
        let said = send(&mailer(port, None, &[]), &message());
        assert!(matches!(said, Err(MailError::Unavailable(_))), "{said:?}");
    }
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let said = send(&mailer(closed.port(), None, &[]), &message());
    assert!(matches!(said, Err(MailError::Unavailable(_))), "{said:?}");
}

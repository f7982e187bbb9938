//! Addresses beyond ASCII, at servers that accept them (SMTPUTF8, RFC 6531) and at others.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

use auth_core::{MailError, Message, Settings};
use gatewright_mail::Mailbox;
use gatewright_smtp::{Mailer, SmtpConfig};

/// Starts a server that accepts one connection and returns the commands that it received.
fn server(extensions: &'static str) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let told = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let answer = |text: &str| write!(&stream, "{text}\r\n");
        answer("220 mail.example.com").unwrap();
        let mut told = Vec::new();
        let mut in_data = false;
        for line in BufReader::new(&stream).lines().map_while(Result::ok) {
            let answered = match line.split(' ').next().unwrap_or_default() {
                _ if in_data && line != "." => continue,
                "EHLO" => answer(&format!("250-mail.example.com\r\n{extensions}250 8BITMIME")),
                "DATA" => answer("354 go on"),
                _ => answer("250 done"),
            };
            in_data = line == "DATA";
            told.push(line);
            if answered.is_err() {
                break;
            }
        }
        told
    });
    (port, told)
}

fn mailer(port: u16) -> Mailer {
    struct Map(BTreeMap<&'static str, String>);
    impl Settings for Map {
        async fn get(&self, name: &str) -> Result<Option<String>, String> {
            Ok(self.0.get(name).cloned())
        }
    }
    let settings = [
        ("SMTP_HOST", "127.0.0.1".to_owned()),
        ("SMTP_PORT", port.to_string()),
        ("SMTP_SECURITY", "none".to_owned()),
    ];
    let config = futures::executor::block_on(SmtpConfig::load(&Map(settings.into()))).unwrap();
    let from = Mailbox {
        name: None,
        address: "auth@example.com".to_owned(),
    };
    Mailer::new(&config, &from, Duration::from_secs(30)).unwrap()
}

fn send(port: u16, to: &str) -> Result<(), MailError> {
    let message = Message {
        to: to.to_owned(),
        subject: "Hello".to_owned(),
        text: "Hello\n".to_owned(),
        html: None,
        kind: "welcome".to_owned(),
    };
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(mailer(port).send(&message))
}

/// A domain is sent to every server as A-labels. The part before the `@` has no such form, so a server without SMTPUTF8
/// gets no message, and the log names the reason.
#[test]
fn a_local_part_beyond_ascii_takes_a_server_that_takes_it() {
    let (port, told) = server("");
    send(port, "somename@xn--mnchen-3ya.de").unwrap();
    let rcpt = "RCPT TO:<somename@xn--mnchen-3ya.de>".to_owned();
    assert!(told.join().unwrap().contains(&rcpt));
    let to = "संपर्क@xn--c2bd4bq1db8d.xn--h2brj9c";
    let (port, told) = server("250-SMTPUTF8\r\n");
    send(port, to).unwrap();
    let told = told.join().unwrap();
    assert!(told.contains(&format!("RCPT TO:<{to}>")), "{told:?}");
    assert!(
        told.iter().any(|line| line.contains("SMTPUTF8")),
        "{told:?}"
    );
    let (port, told) = server("");
    let refused = send(port, to).unwrap_err();
    assert!(
        matches!(&refused, MailError::Refused(cause) if cause.contains("SMTPUTF8")),
        "{refused:?}"
    );
    assert!(
        !told
            .join()
            .unwrap()
            .iter()
            .any(|line| line.starts_with("MAIL"))
    );
}

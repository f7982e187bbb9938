//! Handing messages to a mail server by SMTP.
//!
//! Every message has a connection of its own: one that is kept would belong to the runtime that opened it, and a
//! caller that stops waiting would leave half a command in it for the next message.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed test may panic"))]

mod plain;

use core::error::Error as _;
use core::net::IpAddr;
use core::time::Duration;

use auth_core::config::{SettingError, parse};
use auth_core::{MailError, Message};
use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::plain::Plain;

auth_core::settings! {
    /// What an operator can set about mail by SMTP.
    pub struct SmtpConfig;

    /// Mail server that takes the messages. Needed by `EMAIL_PROVIDER` smtp.
    SMTP_HOST host: Option<String> = "", |text| parse::optional(text).filter(|host| host.as_deref().is_none_or(is_host)), "a host name or an IP address";
    /// Port of the mail server. When not set: 587 for starttls, 465 for tls, 25 for none.
    SMTP_PORT port: Option<u16> = "", |text| if text.is_empty() { Some(None) } else { parse::whole(text, 1, 65_535).map(|n| Some(n as u16)) }, "1 to 65535";
    /// Name to sign in with at the mail server; without it nobody signs in.
    SMTP_USER user: Option<String> = "", parse_login, "text without control characters";
    /// Password for `SMTP_USER`.
    SMTP_PASSWORD password: Option<String> = "", parse_login, "text without control characters", secret;
    /// How the connection is protected: `starttls` begins in plain text and sends nothing before it is encrypted, `tls` is encrypted from the start, `none` never is and goes to this machine alone.
    SMTP_SECURITY security: Security = "starttls", Security::parse, "starttls, tls or none";
    /// File with the certificates (PEM) of who vouches for the mail server, in the place of the public authorities.
    SMTP_CA_FILE ca_file: Option<String> = "", parse::optional, "path of a file with certificates in PEM";
}

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// By STARTTLS, without which nothing is sent.
    StartTls,
    /// By TLS from the first byte.
    Tls,
    /// Not at all: for a server on this machine.
    None,
}

impl Security {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "starttls" => Some(Self::StartTls),
            "tls" => Some(Self::Tls),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    fn usual_port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// Sends messages by one mail server.
#[derive(Clone)]
pub struct Mailer {
    host: String,
    port: u16,
    protection: Protection,
    credentials: Option<Credentials>,
    from: Mailbox,
    /// The sender's domain, as which this client introduces itself and in which messages have their identifiers.
    domain: String,
    limit: Duration,
}

#[derive(Clone)]
enum Protection {
    StartTls(TlsParameters),
    Tls(TlsParameters),
    None,
}

impl Mailer {
    /// Checks what the settings say together, and reads the file of certificates. `limit` is how long the server may
    /// take to let this client in, and then to take a message.
    ///
    /// # Errors
    /// The first setting whose value can't be used.
    pub fn new(
        config: &SmtpConfig,
        from: &gatewright_mail::Mailbox,
        limit: Duration,
    ) -> Result<Self, SettingError> {
        let refused = |name, problem: &str, accepts| SettingError::Value {
            name,
            problem: problem.to_owned(),
            accepts,
        };
        let Some(host) = config.host.clone() else {
            let problem = "EMAIL_PROVIDER smtp needs it";
            return Err(refused(
                "SMTP_HOST",
                problem,
                "a host name or an IP address",
            ));
        };
        let protection = match config.security {
            Security::StartTls => Protection::StartTls(trust(config, &host)?),
            Security::Tls => Protection::Tls(trust(config, &host)?),
            Security::None if is_loopback(&host) => Protection::None,
            Security::None => {
                let problem = "none is for an SMTP_HOST on this machine, such as localhost";
                return Err(refused("SMTP_SECURITY", problem, "starttls or tls"));
            }
        };
        let accepts = "both SMTP_USER and SMTP_PASSWORD, or neither";
        let credentials = match (&config.user, &config.password) {
            (Some(user), Some(password)) => Some(Credentials::new(user.clone(), password.clone())),
            (None, None) => None,
            (Some(_), None) => return Err(refused("SMTP_PASSWORD", "not set", accepts)),
            (None, Some(_)) => return Err(refused("SMTP_USER", "not set", accepts)),
        };
        // A line break in a name would be a panic of lettre.
        let broken = from.name.iter().any(|name| name.contains(['\r', '\n']));
        let address = from.address.parse::<Address>().ok().filter(|_| !broken);
        let Some(address) = address else {
            let problem = "mail can't be sent from it";
            return Err(refused(
                "EMAIL_FROM",
                problem,
                "an e-mail address, or Name <address>",
            ));
        };
        // Both places are for ASCII alone.
        let domain = Some(address.domain()).filter(|domain| domain.is_ascii());
        Ok(Self {
            host,
            port: config.port.unwrap_or_else(|| config.security.usual_port()),
            protection,
            credentials,
            domain: domain.unwrap_or("localhost").to_owned(),
            from: Mailbox::new(from.name.clone(), address),
            limit,
        })
    }

    /// Hands a message over, on tokio's runtime.
    ///
    /// # Errors
    /// The mail server can't be reached or did not take it.
    pub async fn send(&self, message: &Message) -> Result<(), MailError> {
        let mail = self.compose(message)?;
        let mut connection = self.within_limit(self.connect()).await?;
        let bytes = mail.formatted();
        let sent = async {
            let sent = connection.send(mail.envelope(), &bytes).await;
            sent.map_err(failure)
        };
        self.within_limit(sent).await?;
        // The message is taken, whatever comes of the farewell, for which nobody has to wait.
        let limit = self.limit;
        tokio::spawn(async move { timeout(limit, connection.quit()).await });
        Ok(())
    }

    async fn within_limit<T>(
        &self,
        step: impl Future<Output = Result<T, MailError>>,
    ) -> Result<T, MailError> {
        timeout(self.limit, step).await.unwrap_or_else(|_| {
            let late = "the mail server does not answer".to_owned();
            Err(MailError::Unavailable(late))
        })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, MailError> {
        let name = ClientId::Domain(self.domain.clone());
        let server = (self.host.as_str(), self.port);
        let mut connection = match &self.protection {
            Protection::StartTls(tls) => {
                let stream = TcpStream::connect(server).await.map_err(unreachable)?;
                let stream = Box::new(Plain::new(stream));
                let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &name)
                    .await
                    .map_err(failure)?;
                let encrypted = connection.starttls(tls.clone(), &name).await;
                encrypted.map(|()| connection)
            }
            Protection::Tls(tls) => {
                let tls = Some(tls.clone());
                AsyncSmtpConnection::connect_tokio1(server, None, &name, tls, None).await
            }
            Protection::None => {
                AsyncSmtpConnection::connect_tokio1(server, None, &name, None, None).await
            }
        }
        .map_err(failure)?;
        if let Some(credentials) = &self.credentials {
            let signed_in = connection.auth(DEFAULT_MECHANISMS, credentials).await;
            signed_in.map_err(failure)?;
        }
        Ok(connection)
    }

    fn compose(&self, message: &Message) -> Result<lettre::Message, MailError> {
        let refused = |cause: &dyn core::fmt::Display| MailError::Refused(cause.to_string());
        let to: Address = message.to.parse().map_err(|error| refused(&error))?;
        let path = Envelope::new(Some(self.from.email.clone()), vec![to.clone()]);
        let id = format!("<{:032x}@{}>", fastrand::u128(..), self.domain);
        // RFC 3834: so that nobody's holiday notice answers.
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        let builder = lettre::Message::builder()
            .envelope(path.map_err(|error| refused(&error))?)
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(message.subject.as_str())
            .date_now()
            .message_id(Some(id))
            .raw_header(automatic);
        let text = message.text.clone();
        match message.html.clone() {
            Some(html) => builder.multipart(MultiPart::alternative_plain_html(text, html)),
            None => builder.singlepart(SinglePart::plain(text)),
        }
        .map_err(|error| refused(&error))
    }
}

/// Whose certificates are believed: the authorities compiled in, as for requests over HTTP, so that a container needs
/// no files for it; or those of a file.
fn trust(config: &SmtpConfig, host: &str) -> Result<TlsParameters, SettingError> {
    let refused = |problem: String| SettingError::Value {
        name: "SMTP_CA_FILE",
        problem,
        accepts: "path of a file with certificates in PEM",
    };
    let mut builder =
        TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::WebpkiRoots);
    if let Some(path) = &config.ca_file {
        let pem =
            std::fs::read(path).map_err(|error| refused(format!("can't read {path}: {error}")))?;
        // A file without any is no error to the parser.
        let mark = b"-----BEGIN CERTIFICATE-----";
        if !pem.windows(mark.len()).any(|part| part == mark) {
            return Err(refused(format!("{path} has no certificates")));
        }
        let certificates = Certificate::from_pem(&pem);
        let certificates = certificates.map_err(|error| refused(format!("{path}: {error}")))?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificates);
    }
    builder.build().map_err(|error| refused(error.to_string()))
}

/// What went wrong, without the server's own words: they may quote the message.
fn failure(error: Error) -> MailError {
    match error.status() {
        Some(code) => {
            let words = error.source().map(ToString::to_string).unwrap_or_default();
            let status = words.split(' ').next().filter(|word| is_status(word));
            let cause = format!("the mail server answered {code} {}", status.unwrap_or(""));
            let cause = cause.trim_end().to_owned();
            if error.is_transient() {
                MailError::Unavailable(cause)
            } else {
                MailError::Refused(cause)
            }
        }
        None if error.is_response() => {
            let cause = "the mail server ended the connection or does not speak SMTP";
            MailError::Unavailable(cause.to_owned())
        }
        None => {
            let mut cause: &dyn core::error::Error = &error;
            while let Some(deeper) = cause.source() {
                cause = deeper;
            }
            if error.is_client() {
                MailError::Refused(cause.to_string())
            } else {
                unreachable(cause)
            }
        }
    }
}

fn unreachable(cause: impl core::fmt::Display) -> MailError {
    MailError::Unavailable(format!("the mail server can't be reached: {cause}"))
}

/// Whether this is an enhanced status code (RFC 3463), such as 5.7.8.
fn is_status(word: &str) -> bool {
    let number = |part: &str| part.parse::<u16>().is_ok_and(|number| number < 1000);
    word.split('.').count() == 3 && word.split('.').all(number)
}

fn is_host(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    text.parse::<IpAddr>().is_ok() || text.chars().all(allowed)
}

fn is_loopback(host: &str) -> bool {
    host.parse::<IpAddr>().map_or_else(
        |_| host.eq_ignore_ascii_case("localhost"),
        |address| address.is_loopback(),
    )
}

fn parse_login(text: &str) -> Option<Option<String>> {
    parse::optional(text).filter(|_| !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use auth_core::Settings;
    use futures::executor::block_on;

    use super::*;

    fn load(settings: &[(&str, &str)]) -> Result<Mailer, SettingError> {
        load_from(None, "auth@example.com", settings)
    }

    fn load_from(
        name: Option<&str>,
        address: &str,
        settings: &[(&str, &str)],
    ) -> Result<Mailer, SettingError> {
        struct Map<'a>(BTreeMap<&'a str, &'a str>);
        impl Settings for Map<'_> {
            async fn get(&self, name: &str) -> Result<Option<String>, String> {
                Ok(self.0.get(name).map(|value| (*value).to_owned()))
            }
        }
        let from = gatewright_mail::Mailbox {
            name: name.map(str::to_owned),
            address: address.to_owned(),
        };
        let config = block_on(SmtpConfig::load(&Map(settings.iter().copied().collect())))?;
        Mailer::new(&config, &from, gatewright_mail::TIMEOUT)
    }

    #[test]
    fn a_setting_that_is_missing_or_wrong_is_named() {
        let host = ("SMTP_HOST", "mail.example.com");
        for (settings, said) in [
            (
                &[][..],
                "SMTP_HOST: EMAIL_PROVIDER smtp needs it; accepted: a host name",
            ),
            (
                &[("SMTP_HOST", "smtp://mail.example.com")],
                "SMTP_HOST: \"smtp://mail.example.com\" is not accepted",
            ),
            (&[host, ("SMTP_PORT", "0")], "SMTP_PORT: \"0\" is not"),
            (&[host, ("SMTP_PORT", "65536")], "SMTP_PORT: \"65536\" is"),
            (
                &[host, ("SMTP_SECURITY", "opportunistic")],
                "SMTP_SECURITY: \"opportunistic\" is not accepted; accepted: starttls, tls or none",
            ),
            (
                &[host, ("SMTP_SECURITY", "none")],
                "SMTP_SECURITY: none is for an SMTP_HOST on this machine",
            ),
            (
                &[("SMTP_HOST", "192.0.2.1"), ("SMTP_SECURITY", "none")],
                "SMTP_SECURITY: none is for an SMTP_HOST on this machine",
            ),
            (
                &[host, ("SMTP_USER", "ada")],
                "SMTP_PASSWORD: not set; accepted: both SMTP_USER and SMTP_PASSWORD",
            ),
            (&[host, ("SMTP_PASSWORD", "x")], "SMTP_USER: not set"),
            (
                &[host, ("SMTP_USER", "a\nb"), ("SMTP_PASSWORD", "x")],
                "SMTP_USER: \"a\\nb\" is not accepted",
            ),
            (
                &[host, ("SMTP_USER", "ada"), ("SMTP_PASSWORD", "hunter\x02")],
                "SMTP_PASSWORD: the value is not accepted",
            ),
            (
                &[host, ("SMTP_CA_FILE", "/nowhere/ca.pem")],
                "SMTP_CA_FILE: can't read /nowhere/ca.pem",
            ),
            (
                &[
                    host,
                    (
                        "SMTP_CA_FILE",
                        concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
                    ),
                ],
                "SMTP_CA_FILE: ",
            ),
        ] {
            let error = load(settings).err().unwrap().to_string();
            assert!(error.starts_with(said), "{error}");
            assert!(!error.contains("hunter"), "{error}");
        }
    }

    #[test]
    fn a_sender_that_would_break_a_header_is_refused() {
        let host = [("SMTP_HOST", "mail.example.com")];
        for (name, address) in [
            (Some("Eve\r\nBcc: x"), "auth@example.com"),
            (Some("Eve\n"), "auth@example.com"),
            (None, "auth@example.com\r\nBcc: x"),
        ] {
            let error = load_from(name, address, &host).err().unwrap();
            assert!(error.to_string().starts_with("EMAIL_FROM: "));
        }
    }

    #[test]
    fn the_port_is_the_usual_one_of_the_security() {
        for (security, host, port) in [
            ("starttls", "mail.example.com", 587),
            ("tls", "2001:db8::1", 465),
            ("none", "localhost", 25),
            ("none", "127.0.0.2", 25),
            ("none", "::1", 25),
        ] {
            let mut settings = vec![("SMTP_HOST", host), ("SMTP_SECURITY", security)];
            assert_eq!(load(&settings).ok().unwrap().port, port);
            settings.push(("SMTP_PORT", "2525"));
            assert_eq!(load(&settings).ok().unwrap().port, 2525);
        }
    }

    #[test]
    fn only_a_status_is_taken_from_the_servers_words() {
        assert!(is_status("5.7.8") && is_status("4.7.650"));
        for word in ["", "5.7", "5.7.8.9", "5..8", "5.7.1234", "a.b.c", "123456"] {
            assert!(!is_status(word), "{word}");
        }
    }
}

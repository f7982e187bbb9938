//! Sending messages through a mail server.

use core::net::IpAddr;
use core::time::Duration;

use auth_core::config::SettingError;
use auth_core::{MailError, Message};
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::failure::{failure, unreachable};
use crate::message::{address, compose};
use crate::plain::Plain;
use crate::settings::{Security, SmtpConfig};
use crate::tls::trust;

/// Sends messages through one mail server.
#[derive(Clone)]
pub struct Mailer {
    host: String,
    port: u16,
    protection: Protection,
    credentials: Option<Credentials>,
    from: Mailbox,
    /// The sender's domain, with which this client introduces itself, and which is part of message IDs.
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
    /// Checks that the settings fit together, and reads the file of certificates. `limit` is the time limit of the
    /// server for accepting this client, and then for accepting a message.
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
            let problem = "not set, but EMAIL_PROVIDER smtp requires it";
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
                let problem =
                    "none is only accepted for an SMTP_HOST on this machine, such as localhost";
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
        // lettre panics at a line break in a name.
        let broken = from.name.iter().any(|name| name.contains(['\r', '\n']));
        let address = address(&from.address).filter(|_| !broken);
        let Some(address) = address else {
            let problem = "mail can't be sent from this address";
            return Err(refused(
                "EMAIL_FROM",
                problem,
                "an e-mail address, or Name <address>",
            ));
        };
        // Both places accept only ASCII.
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

    /// Sends a message, on tokio's runtime.
    ///
    /// # Errors
    /// The mail server can't be reached or did not accept the message.
    pub async fn send(&self, message: &Message) -> Result<(), MailError> {
        let mail = compose(&self.from, &self.domain, message)?;
        let mut connection = self.within_limit(self.connect()).await?;
        let bytes = mail.formatted();
        let sent = async {
            let sent = connection.send(mail.envelope(), &bytes).await;
            sent.map_err(failure)
        };
        self.within_limit(sent).await?;
        // The message is accepted. Closing the session can fail without harm, so nobody waits for it.
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
}

fn is_loopback(host: &str) -> bool {
    host.parse::<IpAddr>().map_or_else(
        |_| host.eq_ignore_ascii_case("localhost"),
        |address| address.is_loopback(),
    )
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
                "SMTP_HOST: not set, but EMAIL_PROVIDER smtp requires it; accepted: a host name",
            ),
            (
                &[("SMTP_HOST", "smtp://mail.example.com")],
                "SMTP_HOST: \"smtp://mail.example.com\" is not accepted",
            ),
            (&[("SMTP_HOST", "mail..example.com")], "SMTP_HOST: "),
            (&[host, ("SMTP_PORT", "0")], "SMTP_PORT: \"0\" is not"),
            (&[host, ("SMTP_PORT", "65536")], "SMTP_PORT: \"65536\" is"),
            (
                &[host, ("SMTP_SECURITY", "opportunistic")],
                "SMTP_SECURITY: \"opportunistic\" is not accepted; accepted: starttls, tls or none",
            ),
            (
                &[host, ("SMTP_SECURITY", "none")],
                "SMTP_SECURITY: none is only accepted for an SMTP_HOST on this machine",
            ),
            (
                &[("SMTP_HOST", "192.0.2.1"), ("SMTP_SECURITY", "none")],
                "SMTP_SECURITY: none is only accepted for an SMTP_HOST on this machine",
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
}

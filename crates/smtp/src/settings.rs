//! The settings of mail by SMTP.

use core::net::IpAddr;

use auth_core::config::parse;

auth_core::settings! {
    /// The settings of mail by SMTP.
    pub struct SmtpConfig on Native;

    /// Mail server to which messages are sent. Required by `EMAIL_PROVIDER` smtp.
    SMTP_HOST host: Option<String> = "", |text| parse::optional(text).filter(|host| host.as_deref().is_none_or(is_host)), "a host name or an IP address", Mail, "smtp.example.com";
    /// Port of the mail server. The default depends on `SMTP_SECURITY`: 587 for starttls, 465 for tls, 25 for none.
    SMTP_PORT port: Option<u16> = "", |text| if text.is_empty() { Some(None) } else { parse::whole(text, 1, 65_535).map(|n| Some(n as u16)) }, "1 to 65535", Mail, "2525";
    /// User name for the mail server. Without it the host does not sign in there.
    SMTP_USER user: Option<String> = "", parse_login, "text without control characters", Mail, "auth@example.com";
    /// Password for `SMTP_USER`.
    SMTP_PASSWORD password: Option<String> = "", parse_login, "text without control characters", Mail, "the password of SMTP_USER", secret;
    /// Encryption of the connection. `starttls` begins in plain text and sends no message before the connection is encrypted, `tls` is encrypted from the start, `none` is never encrypted and works only for a server on this machine.
    SMTP_SECURITY security: Security = "starttls", Security::parse, "starttls, tls or none", Mail, "tls";
    /// File with the certificates (PEM) of the certificate authorities to trust, instead of the public ones.
    SMTP_CA_FILE ca_file: Option<String> = "", parse::optional, "path of a file with certificates in PEM", Mail, "/etc/ssl/mail-ca.pem";
}

/// Encryption of the connection to the mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// STARTTLS. No message is sent without it.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// No encryption, for a server on this machine.
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

    /// Returns its usual port.
    pub(crate) fn usual_port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

fn is_host(text: &str) -> bool {
    // A trailing dot disables the search path of the machine.
    text.parse::<IpAddr>().is_ok() || parse::is_host(text.strip_suffix('.').unwrap_or(text))
}

fn parse_login(text: &str) -> Option<Option<String>> {
    parse::optional(text).filter(|_| !text.chars().any(char::is_control))
}

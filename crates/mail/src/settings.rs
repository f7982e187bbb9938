//! The settings of mail, with the provider and the sender.

use auth_core::config::{SettingError, parse};
use auth_core::{EmailAddress, Settings};
use http::{HeaderValue, Uri};

auth_core::settings! {
    /// The settings of mail.
    pub struct MailConfig on Native Spin Worker;

    /// How mail is sent. `console` writes it to the log, `webhook` posts it as JSON to `EMAIL_API_URL`, `smtp` sends it to the mail server `SMTP_HOST`, `cloudflare` uses the Worker's binding, and the others are e-mail services.
    EMAIL_PROVIDER provider: Provider = "console", Provider::parse, "console, webhook, resend, postmark, sendgrid or mailgun; also smtp on the native host, and cloudflare on Workers", Mail, "resend";
    /// Sender of every mail. Required by every provider except `console`.
    EMAIL_FROM from: Option<Mailbox> = "", |text| if text.is_empty() { Some(None) } else { Mailbox::parse(text).map(Some) }, "an e-mail address, or Name <address>", Mail, "Acme <auth@example.com>";
    /// API key of the e-mail service. A webhook receives it as a bearer token.
    EMAIL_API_KEY api_key: Option<String> = "", |text| parse::optional(text).filter(|key| key.as_deref().is_none_or(|key| HeaderValue::from_str(key).is_ok())), "text without line breaks", Mail, "re_123456789", secret;
    /// URL to which messages are posted. Required by `webhook` and `mailgun` (https://api.mailgun.net/v3/DOMAIN/messages). For other e-mail services it replaces the default URL.
    EMAIL_API_URL api_url: Option<Uri> = "", |text| if text.is_empty() { Some(None) } else { parse_url(text).map(Some) }, "an http or https URL", Mail, "https://api.mailgun.net/v3/mg.example.com/messages";
}

impl MailConfig {
    /// Reads and checks every setting. `own` lists the providers of the platform besides HTTP and its log.
    ///
    /// # Errors
    /// The first setting whose value can't be used.
    pub async fn from_settings(
        settings: &impl Settings,
        own: &[Provider],
    ) -> Result<Self, SettingError> {
        let config = Self::load(settings).await?;
        let hosts_own = [Provider::Smtp, Provider::Cloudflare].contains(&config.provider);
        if hosts_own && !own.contains(&config.provider) {
            return Err(SettingError::Value {
                name: "EMAIL_PROVIDER",
                problem: format!("this host doesn't support {}", config.provider.name()),
                accepts: "console, webhook, resend, postmark, sendgrid or mailgun",
            });
        }
        let needs = |name: &'static str, accepts| SettingError::Value {
            name,
            problem: format!(
                "not set, but EMAIL_PROVIDER {} requires it",
                config.provider.name()
            ),
            accepts,
        };
        let provider = config.provider;
        if provider == Provider::Console {
            return Ok(config);
        }
        if config.from.is_none() {
            return Err(needs("EMAIL_FROM", "an e-mail address, or Name <address>"));
        }
        if hosts_own {
            return Ok(config);
        }
        if config.api_key.is_none() && provider != Provider::Webhook {
            return Err(needs("EMAIL_API_KEY", "text without line breaks"));
        }
        if config.api_url.is_none() && provider.usual_url().is_none() {
            return Err(needs("EMAIL_API_URL", "an http or https URL"));
        }
        Ok(config)
    }
}

/// The recipient of messages that sends them as e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// The log.
    Console,
    /// A mail server, for hosts that can open connections.
    Smtp,
    /// <https://developers.cloudflare.com/email-service/api/send-emails/workers-api/>
    Cloudflare,
    /// Any service that accepts the message as JSON.
    Webhook,
    /// <https://resend.com/docs/api-reference/emails/send-email>
    Resend,
    /// <https://postmarkapp.com/developer/api/email-api>
    Postmark,
    /// <https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send>
    Sendgrid,
    /// <https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages>
    Mailgun,
}

impl Provider {
    const ALL: [Self; 8] = [
        Self::Console,
        Self::Smtp,
        Self::Cloudflare,
        Self::Webhook,
        Self::Resend,
        Self::Postmark,
        Self::Sendgrid,
        Self::Mailgun,
    ];

    fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|provider| provider.name() == text)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Smtp => "smtp",
            Self::Cloudflare => "cloudflare",
            Self::Webhook => "webhook",
            Self::Resend => "resend",
            Self::Postmark => "postmark",
            Self::Sendgrid => "sendgrid",
            Self::Mailgun => "mailgun",
        }
    }

    /// Returns the URL for messages, if it is the same for every customer.
    pub(crate) fn usual_url(self) -> Option<&'static str> {
        match self {
            Self::Console | Self::Smtp | Self::Cloudflare | Self::Webhook | Self::Mailgun => None,
            Self::Resend => Some("https://api.resend.com/emails"),
            Self::Postmark => Some("https://api.postmarkapp.com/email"),
            Self::Sendgrid => Some("https://api.sendgrid.com/v3/mail/send"),
        }
    }
}

/// An e-mail address with the name of its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Name, if it has one.
    pub name: Option<String>,
    /// Address.
    pub address: String,
}

impl Mailbox {
    fn parse(text: &str) -> Option<Self> {
        let (name, address) = match text.strip_suffix('>') {
            Some(rest) => {
                let (name, address) = rest.rsplit_once('<')?;
                (name.trim(), address)
            }
            None => ("", text),
        };
        let refused = |c: char| matches!(c, '<' | '>' | '"' | ',' | ';' | '@' | '\\');
        let name = match name {
            "" => None,
            name => Some(parse::name(name).filter(|name| !name.contains(refused))?),
        };
        Some(Self {
            name,
            address: EmailAddress::parse(address).ok()?.to_sent(),
        })
    }
}

impl core::fmt::Display for Mailbox {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match &self.name {
            // Characters with a meaning in headers must be in quotes (RFC 5322 section 3.2.3).
            Some(name) if name.contains(|c| "()[]:.".contains(c)) => {
                write!(formatter, "\"{name}\" <{}>", self.address)
            }
            Some(name) => write!(formatter, "{name} <{}>", self.address),
            None => formatter.write_str(&self.address),
        }
    }
}

fn parse_url(text: &str) -> Option<Uri> {
    let url: Uri = text.parse().ok()?;
    let http = matches!(url.scheme_str(), Some("http" | "https"));
    let authority = url.authority()?.as_str();
    (http && parse::is_authority(authority)).then_some(url)
}

#[cfg(test)]
mod tests {
    use crate::request::tests::load;

    #[test]
    fn a_senders_name_is_one_in_a_header_too() {
        for (given, shown) in [
            ("Acme & Co <a@example.com>", "Acme & Co <a@example.com>"),
            (
                "Acme (EU): Login <a@example.com>",
                "\"Acme (EU): Login\" <a@example.com>",
            ),
            ("a@example.com", "a@example.com"),
        ] {
            let config = load(&[("EMAIL_FROM", given)]).ok().unwrap();
            assert_eq!(config.from.unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_a_provider_needs_is_asked_for_by_name() {
        let said = |settings: &[_]| load(settings).err().unwrap().to_string();
        assert!(
            said(&[("EMAIL_PROVIDER", "resend")])
                .starts_with("EMAIL_FROM: not set, but EMAIL_PROVIDER resend requires it")
        );
        let from = ("EMAIL_FROM", "auth@example.com");
        assert!(said(&[("EMAIL_PROVIDER", "resend"), from]).starts_with("EMAIL_API_KEY: "));
        assert!(said(&[("EMAIL_PROVIDER", "webhook"), from]).starts_with("EMAIL_API_URL: "));
        assert!(
            said(&[
                ("EMAIL_PROVIDER", "mailgun"),
                from,
                ("EMAIL_API_KEY", "key")
            ])
            .starts_with("EMAIL_API_URL: ")
        );
        assert!(said(&[("EMAIL_PROVIDER", "pigeon")]).contains("accepted: console, webhook"));
        for provider in ["smtp", "cloudflare"] {
            let said = said(&[("EMAIL_PROVIDER", provider), from]);
            assert!(
                said.contains(&format!("this host doesn't support {provider}")),
                "{said}"
            );
        }
        for (name, wrong) in [
            ("EMAIL_FROM", "Eve\nBcc: x <a@example.com>"),
            ("EMAIL_FROM", "nobody"),
            ("EMAIL_API_KEY", "a\nb"),
            ("EMAIL_FROM", "Acme\u{202e} <a@example.com>"),
            ("EMAIL_FROM", "... <a@example.com>"),
            ("EMAIL_API_URL", "ftp://example.com"),
            ("EMAIL_API_URL", "https://key:secret@example.com/"),
            ("EMAIL_API_URL", "https://example.com:99999/"),
        ] {
            assert!(said(&[(name, wrong)]).starts_with(name), "{wrong}");
        }
    }
}

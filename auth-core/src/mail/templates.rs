//! What messages say: a template for each kind and format, any of which a setting can replace.
//!
//! Values are data: they are never compiled, hold no control characters, and are escaped in HTML.

use core::time::Duration;
use std::collections::BTreeMap;
use std::error::Error as _;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, UndefinedBehavior, Value};

use super::Message;
use crate::config::SettingError;
use crate::platform::Settings;
use crate::time::Timestamp;

/// Declares the kinds of messages, with the files and settings of their templates.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident $name:literal $setting:literal;)+) => {
        /// What a message is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum MailKind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl MailKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// The name in [`Message::kind`].
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// The kind of that name.
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$kind),)+
                    _ => None,
                }
            }

            /// Text and HTML.
            fn built_in(self) -> &'static [BuiltIn; 2] {
                match self {
                    $(Self::$kind => &[built_in!($name, ".txt", $setting, "_TEXT"), built_in!($name, ".html", $setting, "_HTML")],)+
                }
            }
        }
    };
}

macro_rules! built_in {
    ($name:literal, $extension:literal, $setting:literal, $format:literal) => {
        BuiltIn {
            setting: concat!("MAIL_", $setting, $format),
            file: concat!($name, $extension),
            source: include_str!(concat!("templates/", $name, $extension)),
        }
    };
}

/// What the templates of kinds extend and include.
const SHARED: &[BuiltIn] = &[
    built_in!("layout", ".html", "LAYOUT", "_HTML"),
    built_in!("details", ".txt", "DETAILS", "_TEXT"),
    built_in!("details", ".html", "DETAILS", "_HTML"),
];

kinds! {
    /// Confirm your address by the link.
    VerifyEmail "verify_email" "VERIFY_EMAIL";
    /// Somebody tried to register with your address, which has an account already; the link leads to signing in.
    AccountExists "account_exists" "ACCOUNT_EXISTS";
    /// Your address is verified, and somebody else has the user name that you registered with.
    UsernameTaken "username_taken" "USERNAME_TAKEN";
    /// Choose a new password by the link.
    ResetPassword "reset_password" "RESET_PASSWORD";
    /// An administrator made your password void; choose a new one by the link.
    ResetRequired "reset_required" "RESET_REQUIRED";
    /// Your password was changed.
    PasswordChanged "password_changed" "PASSWORD_CHANGED";
    /// Confirm your new address by the link; sent to the new one.
    ChangeEmail "change_email" "CHANGE_EMAIL";
    /// Your address is now `email`; the link undoes it. Sent to the old one.
    EmailChanged "email_changed" "EMAIL_CHANGED";
    /// A second factor is needed from now on.
    MfaEnabled "mfa_enabled" "MFA_ENABLED";
    /// No second factor is needed any more.
    MfaDisabled "mfa_disabled" "MFA_DISABLED";
    /// Somebody signed in with a recovery code.
    RecoveryCodeUsed "recovery_code_used" "RECOVERY_CODE_USED";
    /// There are new recovery codes; the old ones are void.
    RecoveryCodesRegenerated "recovery_codes_regenerated" "RECOVERY_CODES_REGENERATED";
    /// A refresh token was used twice, and its session was ended.
    RefreshTokenReuse "refresh_token_reuse" "REFRESH_TOKEN_REUSE";
    /// New devices can't sign in for a while, after too many attempts.
    AccountLocked "account_locked" "ACCOUNT_LOCKED";
    /// An account was made for you; choose a password by the link.
    Invitation "invitation" "INVITATION";
    /// Farewell.
    AccountDeleted "account_deleted" "ACCOUNT_DELETED";
}

/// A template of Gatewright's own, and where to set another in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// Name of the setting.
    pub setting: &'static str,
    /// Name by which templates extend and include it.
    pub file: &'static str,
    /// The template.
    pub source: &'static str,
}

/// What templates can say besides `product`; what is not known is undefined in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailContext<'a> {
    /// How the person is called.
    pub name: Option<&'a str>,
    /// An address that the message is about.
    pub email: Option<&'a str>,
    /// What the person can do.
    pub link: Option<&'a str>,
    /// For how long that works, or how long to wait. Templates get it in words: "24 hours".
    pub expires_in: Option<Duration>,
    /// On which device it happened.
    pub device: Option<&'a str>,
    /// From which address it was asked for.
    pub ip: Option<&'a str>,
    /// When it happened. Templates get it as "21 November 2026, 18:48 UTC".
    pub time: Option<Timestamp>,
}

impl MailContext<'_> {
    fn values(&self, product: &str) -> Value {
        let values = [
            ("product", Some(printable(product))),
            ("name", self.name.map(printable)),
            ("email", self.email.map(printable)),
            ("link", self.link.map(printable)),
            ("expires_in", self.expires_in.map(in_words)),
            ("device", self.device.map(printable)),
            ("ip", self.ip.map(printable)),
            ("time", self.time.and_then(Timestamp::in_words)),
        ];
        let known = values
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        Value::from(known.collect::<BTreeMap<_, _>>())
    }
}

/// Every template, for one instance. The built-in ones are compiled when they are first needed.
pub struct Templates {
    product: String,
    built_in: Environment<'static>,
    /// The same with those of the settings in their places; none: there are none.
    own: Option<Environment<'static>>,
}

impl Templates {
    /// The built-in templates.
    pub fn built_in() -> impl Iterator<Item = &'static BuiltIn> {
        let kinds = MailKind::ALL.iter().flat_map(|kind| kind.built_in());
        SHARED.iter().chain(kinds)
    }

    /// Reads templates from settings, and tries each with every value known. `product` is how the service calls
    /// itself.
    ///
    /// # Errors
    /// The first template that can't be used, with the line and the problem.
    pub async fn load(settings: &impl Settings, product: &str) -> Result<Self, SettingError> {
        let mut own = None;
        for built_in in Self::built_in() {
            let given = settings
                .get(built_in.setting)
                .await
                .map_err(SettingError::Unavailable)?;
            if let Some(source) = given.filter(|source| !source.trim().is_empty()) {
                own.get_or_insert_with(environment)
                    .add_template_owned(built_in.file, source)
                    .map_err(|error| refused(built_in, &error))?;
            }
        }
        let mut templates = Self {
            product: product.to_owned(),
            built_in: environment(),
            own,
        };
        if let Some(own) = &mut templates.own {
            // A misspelt name is found here; later, what is not known is left out.
            own.set_undefined_behavior(UndefinedBehavior::SemiStrict);
            let values = SAMPLE.values(product);
            for kind in MailKind::ALL {
                message(own, *kind, "", &values)?;
            }
            own.set_undefined_behavior(UndefinedBehavior::Lenient);
        }
        Ok(templates)
    }

    /// The message of that kind for that address. When a template of the settings fails, the message is the built-in
    /// one, and the second value says why, for the log.
    pub fn render(
        &self,
        kind: MailKind,
        to: &str,
        context: &MailContext<'_>,
    ) -> (Message, Option<SettingError>) {
        let values = context.values(&self.product);
        let failure = match &self.own {
            None => None,
            Some(own) => match message(own, kind, to, &values) {
                Ok(message) => return (message, None),
                Err(failure) => Some(failure),
            },
        };
        let message = message(&self.built_in, kind, to, &values)
            .expect("the built-in templates take every context");
        (message, failure)
    }
}

/// Every value that a template can be given.
const SAMPLE: MailContext<'static> = MailContext {
    name: Some("Ada"),
    email: Some("ada@example.com"),
    link: Some("https://example.com/?token=1&next=2"),
    expires_in: Some(Duration::from_secs(86_400)),
    device: Some("Firefox"),
    ip: Some("192.0.2.1"),
    time: Some(Timestamp::from_millis(0)),
};

/// With the built-in templates where no others are put in.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build();
    environment.set_syntax(syntax.expect("the usual delimiters"));
    environment.set_loader(|file| {
        let built_in = Templates::built_in().find(|built_in| built_in.file == file);
        Ok(built_in.map(|built_in| built_in.source))
    });
    environment
}

fn message(
    environment: &Environment<'_>,
    kind: MailKind,
    to: &str,
    values: &Value,
) -> Result<Message, SettingError> {
    let render = |built_in: &'static BuiltIn| {
        environment
            .get_template(built_in.file)
            .and_then(|template| template.render(values.clone()))
            .map_err(|error| refused(built_in, &error))
    };
    let [text, html] = kind.built_in();
    let (subject, body) = subject_and_body(&render(text)?).ok_or_else(|| {
        let cause = "the first line is not `Subject:` and a subject";
        problem(text, cause.to_owned())
    })?;
    Ok(Message {
        to: to.to_owned(),
        subject,
        text: body,
        html: Some(render(html)?),
        kind: kind.as_str().to_owned(),
    })
}

fn subject_and_body(text: &str) -> Option<(String, String)> {
    let text = text.trim_start();
    let (first, body) = text.split_once('\n').unwrap_or((text, ""));
    let subject = printable(first.strip_prefix("Subject:")?.trim());
    (!subject.is_empty()).then(|| (subject, format!("{}\n", body.trim())))
}

/// What is wrong with a template or what it extends or includes, by the innermost cause.
fn refused(rendered: &'static BuiltIn, error: &Error) -> SettingError {
    let mut cause = error;
    while let Some(inner) = cause.source().and_then(|inner| inner.downcast_ref()) {
        cause = inner;
    }
    let mut text = match cause.line() {
        Some(line) => format!("line {line}: {}", cause.kind()),
        None => cause.kind().to_string(),
    };
    if let Some(detail) = cause.detail() {
        text.push_str(": ");
        text.push_str(detail);
    }
    let named = Templates::built_in().find(|built_in| Some(built_in.file) == cause.name());
    problem(named.unwrap_or(rendered), text)
}

fn problem(built_in: &'static BuiltIn, problem: String) -> SettingError {
    SettingError::Value {
        name: built_in.setting,
        problem,
        accepts: "a Jinja template; the text of a message begins with a line `Subject: …`",
    }
}

/// Without what could begin a line, and a header with it, or turn the direction of writing.
fn printable(text: &str) -> String {
    let refused =
        |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| !refused(*c)).collect()
}

/// In whole minutes, rounded up; in days from three days on.
fn in_words(span: Duration) -> String {
    let minutes = span.as_secs().div_ceil(60).max(1);
    let (days, hours) = match minutes / 60 {
        hours @ 72.. => (hours / 24, hours % 24),
        hours => (0, hours),
    };
    let parts = [(days, "day"), (hours, "hour"), (minutes % 60, "minute")];
    let words: Vec<_> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number} {unit}{}", if number == 1 { "" } else { "s" }))
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};

    use super::*;

    struct Given<'a>(&'a [(&'a str, &'a str)]);

    impl Settings for Given<'_> {
        async fn get(&self, name: &str) -> Result<Option<String>, String> {
            let given = self.0.iter().find(|(given, _)| *given == name);
            Ok(given.map(|(_, value)| (*value).to_owned()))
        }
    }

    fn load(settings: &[(&str, &str)]) -> Result<Templates, SettingError> {
        let settings = Given(settings);
        let future = pin!(Templates::load(&settings, "Acme"));
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(templates) => templates,
            Poll::Pending => unreachable!("a list answers at once"),
        }
    }

    fn render(settings: &[(&str, &str)], kind: MailKind, context: &MailContext<'_>) -> Message {
        let (message, failure) =
            load(settings)
                .ok()
                .unwrap()
                .render(kind, "ada@example.com", context);
        assert_eq!(failure, None);
        message
    }

    fn refusal(settings: &[(&str, &str)]) -> String {
        load(settings).err().unwrap().to_string()
    }

    #[test]
    fn every_kind_says_something_with_and_without_values() {
        for kind in MailKind::ALL {
            assert_eq!(MailKind::parse(kind.as_str()), Some(*kind));
            for context in [MailContext::default(), SAMPLE] {
                let message = render(&[], *kind, &context);
                let html = message.html.unwrap();
                let all = [&message.subject, &message.text, &html];
                for part in all {
                    for mark in ["{{", "{%", "undefined", "  ", " .", " ,"] {
                        assert!(!part.contains(mark), "{kind:?} has {mark:?}: {part}");
                    }
                }
                assert_eq!(message.kind, kind.as_str());
                assert!(!message.subject.is_empty() && !message.subject.contains('\n'));
                assert!(message.text.ends_with(".\n"), "{}", message.text);
                assert!(!message.text.contains("\n\n\n"), "{}", message.text);
                // A tag at the end of a line takes the line's end with it.
                for line in message.text.split(".\n").skip(1) {
                    assert!(
                        line.is_empty() || line.starts_with('\n'),
                        "{}",
                        message.text
                    );
                }
                assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"));
                assert!(html.contains(&format!("<title>{}</title>", message.subject)));
                assert!(html.contains(&format!(">{}</h1>", message.subject)));
                let link = "https:&#x2f;&#x2f;example.com&#x2f;?token=1&amp;next=2";
                let links = html.matches(&format!("href=\"{link}\"")).count();
                assert_eq!(links, if context.link.is_some() { 2 } else { 0 }, "{html}");
                assert_eq!(message.text.contains(SAMPLE.link.unwrap()), links == 2);
            }
        }
    }

    #[test]
    fn what_a_stranger_wrote_is_not_sent_to_others() {
        // Who asks for these need not be whom they go to.
        for (kind, has_account) in [
            (MailKind::VerifyEmail, false),
            (MailKind::AccountExists, false),
            (MailKind::ChangeEmail, false),
            (MailKind::ResetPassword, true),
        ] {
            let message = render(&[], kind, &SAMPLE);
            let all = [message.text, message.html.unwrap()].concat();
            assert!(!all.contains("Firefox"), "{all}");
            assert_eq!(all.contains("Ada"), has_account, "{all}");
        }
    }

    #[test]
    fn a_message_in_full() {
        let message = render(&[], MailKind::EmailChanged, &SAMPLE);
        assert_eq!(message.to, "ada@example.com");
        assert_eq!(message.subject, "Your e-mail address was changed");
        assert_eq!(message.text, include_str!("expected/email_changed.txt"));
        assert_eq!(
            message.html.unwrap(),
            include_str!("expected/email_changed.html")
        );
    }

    #[test]
    fn values_stay_values() {
        let hostile = "</p><script>\"'&{{ product }}{% raw %}\r\nSubject: forged\u{2028}\u{202e}";
        let context = MailContext {
            name: Some(hostile),
            device: Some(hostile),
            link: Some("https://example.com/\" onclick=\"x"),
            ..MailContext::default()
        };
        let own = [(
            "MAIL_PASSWORD_CHANGED_TEXT",
            "Subject: For {{ name }}\r\n\r\nHello {{ name }}",
        )];
        let message = render(&own, MailKind::PasswordChanged, &context);
        let printable = "</p><script>\"'&{{ product }}{% raw %}Subject: forged";
        assert_eq!(message.subject, format!("For {printable}"));
        assert_eq!(message.text, format!("Hello {printable}\n"));
        let html = message.html.unwrap();
        assert!(
            !html.contains("<script>") && !html.contains("\" onclick"),
            "{html}"
        );
        assert!(
            html.contains("&lt;script&gt;&quot;&#x27;&amp;{{ product }}{% raw %}Subject: forged")
        );
    }

    #[test]
    fn a_setting_takes_the_place_of_a_template() {
        let own = [
            (
                "MAIL_VERIFY_EMAIL_TEXT",
                "{# ours #}\nSubject: Welcome\n\n{{ link }} {{ nobody or \"!\" }}",
            ),
            (
                "MAIL_VERIFY_EMAIL_HTML",
                "{% extends \"layout.html\" %}{% block content %}Hi{% endblock %}",
            ),
            (
                "MAIL_LAYOUT_HTML",
                "<b>{% block content %}{% endblock %}</b>",
            ),
            ("MAIL_RESET_PASSWORD_TEXT", " "),
        ];
        let message = render(&own, MailKind::VerifyEmail, &SAMPLE);
        assert_eq!(message.subject, "Welcome");
        assert_eq!(message.text, "https://example.com/?token=1&next=2 !\n");
        assert_eq!(message.html.unwrap(), "<b>Hi</b>");
        let message = render(&own, MailKind::ResetPassword, &SAMPLE);
        assert_eq!(message.subject, "Choose a new password for Acme");
        let html = message.html.unwrap();
        assert!(html.starts_with("<b><p>Somebody, probably you"), "{html}");
    }

    #[test]
    fn a_broken_template_names_itself_the_line_and_the_problem() {
        for (setting, template, problem) in [
            (
                "MAIL_VERIFY_EMAIL_HTML",
                "a\n{% if %}",
                "line 2: syntax error: ",
            ),
            (
                "MAIL_VERIFY_EMAIL_HTML",
                "a\n\n{{ nmae }}",
                "line 3: undefined value",
            ),
            (
                "MAIL_VERIFY_EMAIL_HTML",
                "{{ name|shout }}",
                "line 1: unknown filter: ",
            ),
            ("MAIL_VERIFY_EMAIL_HTML", "{% include \"x\" %}", "line 1: "),
            (
                "MAIL_LAYOUT_HTML",
                "\n{{ nmae }}",
                "line 2: undefined value",
            ),
            (
                "MAIL_DETAILS_TEXT",
                "\n{{ nmae }}",
                "line 2: undefined value",
            ),
            (
                "MAIL_VERIFY_EMAIL_TEXT",
                "Hello",
                "the first line is not `Subject:`",
            ),
            (
                "MAIL_VERIFY_EMAIL_TEXT",
                "Subject:\n\nHello",
                "the first line is not `Subject:`",
            ),
        ] {
            let message = refusal(&[(setting, template)]);
            let expected = format!("{setting}: {problem}");
            assert!(message.starts_with(&expected), "{message}");
        }
    }

    #[test]
    fn the_built_in_template_takes_the_place_of_one_that_fails() {
        let own = [
            ("MAIL_ACCOUNT_DELETED_TEXT", "Subject: Bye\n\nBye"),
            (
                "MAIL_ACCOUNT_DELETED_HTML",
                "Bye\n{% if name == \"Eve\" %}{{ 1 // 0 }}{% endif %}",
            ),
        ];
        let templates = load(&own).ok().unwrap();
        let context = |name| MailContext {
            name: Some(name),
            ..MailContext::default()
        };
        let (message, failure) = templates.render(MailKind::AccountDeleted, "", &context("Ada"));
        assert_eq!((message.subject.as_str(), failure), ("Bye", None));
        let (message, failure) = templates.render(MailKind::AccountDeleted, "", &context("Eve"));
        assert_eq!(message.subject, "Your account was deleted");
        let failure = failure.unwrap().to_string();
        assert!(
            failure.starts_with("MAIL_ACCOUNT_DELETED_HTML: line 2: "),
            "{failure}"
        );
    }

    #[test]
    fn spans_and_times_in_words() {
        for (seconds, words) in [
            (0, "1 minute"),
            (60, "1 minute"),
            (61, "2 minutes"),
            (900, "15 minutes"),
            (3600, "1 hour"),
            (5400, "1 hour 30 minutes"),
            (86_400, "24 hours"),
            (172_800, "48 hours"),
            (604_800, "7 days"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
        let time = Timestamp::from_millis(1_795_287_903_123);
        assert_eq!(time.in_words().unwrap(), "21 November 2026, 19:05 UTC");
        assert_eq!(Timestamp::from_millis(u64::MAX).in_words(), None);
    }
}

//! Mail templates: one for each kind and format. A setting can replace any of them.
//!
//! Values are data: they are never compiled, contain no control characters, and are escaped in HTML.

use core::time::Duration;
use std::error::Error as _;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, UndefinedBehavior, Value};

use super::context::{MailContext, printable};
use super::kind::{BuiltIn, MailKind, SHARED};
use super::message::Message;
use crate::config::setting::SettingError;
use crate::platform::Settings;
use crate::time::Timestamp;

/// All templates of one instance. The built-in ones are compiled on first use.
pub struct Templates {
    product: String,
    built_in: Environment<'static>,
    /// The same templates with those of the settings. `None` if the settings have no templates.
    own: Option<Environment<'static>>,
}

impl Templates {
    /// Returns the built-in templates.
    pub fn built_in() -> impl Iterator<Item = &'static BuiltIn> {
        let kinds = MailKind::ALL.iter().flat_map(|kind| kind.built_in());
        SHARED.iter().chain(kinds)
    }

    /// Loads templates from settings, and tests each with all values known. `product` is the service's name.
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
            // This detects misspelt names. Later, unknown values are omitted.
            own.set_undefined_behavior(UndefinedBehavior::SemiStrict);
            let values = SAMPLE.values(product);
            for kind in MailKind::ALL {
                message(own, *kind, "", &values)?;
            }
            own.set_undefined_behavior(UndefinedBehavior::Lenient);
        }
        Ok(templates)
    }

    /// Renders a message of this kind to this address. If a template of the settings fails, the built-in template is
    /// used, and the second value contains the cause, for the log.
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

/// All values that a template can have.
const SAMPLE: MailContext<'static> = MailContext {
    name: Some("Ada"),
    email: Some("ada@example.com"),
    link: Some("https://example.com/?token=1&next=2"),
    expires_in: Some(Duration::from_secs(86_400)),
    provider: Some("Google"),
    device: Some("Firefox"),
    ip: Some("192.0.2.1"),
    time: Some(Timestamp::from_millis(0)),
};

/// Creates an environment that uses the built-in templates where no others are set.
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
        let cause = "the first line must be `Subject:` followed by a subject";
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

/// Describes the problem of a template, or of one that it extends or includes, by the innermost cause.
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
        accepts: "a Jinja template; the first line of a text template is `Subject: …`",
    }
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
                // A tag at the end of a line removes the line break.
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
        // The person who requests these mails may not be their receiver.
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
        assert!(html.starts_with("<b><p>Someone, probably you"), "{html}");
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
                "the first line must be `Subject:`",
            ),
            (
                "MAIL_VERIFY_EMAIL_TEXT",
                "Subject:\n\nHello",
                "the first line must be `Subject:`",
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
}

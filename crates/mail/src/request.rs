//! Requests of messages, in the form of each service.

use auth_core::Message;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::request::Builder;
use http::{Request, Uri};
use serde_json::{Value, json};

use crate::settings::{MailConfig, Mailbox, Provider};

const JSON: &str = "application/json";

pub(crate) fn of(config: &MailConfig, message: &Message) -> http::Result<Request<Bytes>> {
    let url = match (&config.api_url, config.provider.usual_url()) {
        (Some(url), _) => url.clone(),
        (None, usual) => Uri::from_static(usual.unwrap_or_default()),
    };
    let post = Request::post(url).header(ACCEPT, JSON);
    let key = config.api_key.as_deref();
    let from = config
        .from
        .as_ref()
        .map(Mailbox::to_string)
        .unwrap_or_default();
    let Message {
        to,
        subject,
        text,
        html,
        kind,
    } = message;
    match config.provider {
        Provider::Console | Provider::Smtp | Provider::Cloudflare | Provider::Webhook => with_json(
            bearer(post, key),
            &json!({"from": from, "to": to, "subject": subject, "text": text, "html": html, "kind": kind}),
        ),
        Provider::Resend => {
            let mut body = json!({
                "from": from, "to": [to], "subject": subject, "text": text,
                "tags": [{"name": "kind", "value": kind}],
            });
            if let Some(html) = html {
                body["html"] = html.as_str().into();
            }
            with_json(bearer(post, key), &body)
        }
        Provider::Postmark => {
            let mut body = json!({
                "From": from, "To": to, "Subject": subject, "TextBody": text, "Tag": kind,
                "MessageStream": "outbound",
            });
            if let Some(html) = html {
                body["HtmlBody"] = html.as_str().into();
            }
            with_json(
                post.header("x-postmark-server-token", key.unwrap_or_default()),
                &body,
            )
        }
        Provider::Sendgrid => {
            let mut sender = json!({});
            if let Some(from) = &config.from {
                sender["email"] = from.address.as_str().into();
                if let Some(name) = &from.name {
                    sender["name"] = name.as_str().into();
                }
            }
            // The plain text must be the first part.
            let mut content = vec![json!({"type": "text/plain", "value": text})];
            if let Some(html) = html {
                content.push(json!({"type": "text/html", "value": html}));
            }
            let body = json!({
                "personalizations": [{"to": [{"email": to}]}], "from": sender, "subject": subject,
                "content": content, "categories": [kind],
            });
            with_json(bearer(post, key), &body)
        }
        Provider::Mailgun => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("from", &from)
                .append_pair("to", to)
                .append_pair("subject", subject)
                .append_pair("text", text)
                .append_pair("o:tag", kind);
            if let Some(html) = html {
                form.append_pair("html", html);
            }
            let credentials = STANDARD.encode(format!("api:{}", key.unwrap_or_default()));
            post.header(AUTHORIZATION, format!("Basic {credentials}"))
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.finish().into())
        }
    }
}

fn bearer(post: Builder, key: Option<&str>) -> Builder {
    match key {
        Some(key) => post.header(AUTHORIZATION, format!("Bearer {key}")),
        None => post,
    }
}

fn with_json(post: Builder, body: &Value) -> http::Result<Request<Bytes>> {
    post.header(CONTENT_TYPE, JSON)
        .body(body.to_string().into())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use auth_core::Settings;
    use auth_core::config::SettingError;
    use futures::executor::block_on;

    use super::*;

    pub(crate) fn load(settings: &[(&str, &str)]) -> Result<MailConfig, SettingError> {
        load_with(settings, &[])
    }

    pub(crate) fn load_with(
        settings: &[(&str, &str)],
        own: &[Provider],
    ) -> Result<MailConfig, SettingError> {
        struct Map<'a>(BTreeMap<&'a str, &'a str>);
        impl Settings for Map<'_> {
            async fn get(&self, name: &str) -> Result<Option<String>, String> {
                Ok(self.0.get(name).map(|value| (*value).to_owned()))
            }
        }
        block_on(MailConfig::from_settings(
            &Map(settings.iter().copied().collect()),
            own,
        ))
    }

    fn request(provider: &str, html: Option<&str>) -> Request<Bytes> {
        let config = load(&[
            ("EMAIL_PROVIDER", provider),
            ("EMAIL_FROM", "Gatewright <auth@example.com>"),
            ("EMAIL_API_KEY", "k-1"),
            (
                "EMAIL_API_URL",
                match provider {
                    "mailgun" => "https://api.mailgun.net/v3/mg.example.com/messages",
                    "webhook" => "http://127.0.0.1:9/mail?x=1",
                    _ => "",
                },
            ),
        ]);
        let message = Message {
            to: "ada@example.com".to_owned(),
            subject: "Zoë & co".to_owned(),
            text: "Hello\nthere".to_owned(),
            html: html.map(str::to_owned),
            kind: "welcome".to_owned(),
        };
        of(&config.ok().unwrap(), &message).unwrap()
    }

    fn body(request: &Request<Bytes>) -> Value {
        assert_eq!(request.method(), "POST");
        assert_eq!(request.headers()["content-type"], "application/json");
        serde_json::from_slice(request.body()).unwrap()
    }

    #[test]
    fn a_webhook_gets_the_whole_message() {
        let request = request("webhook", None);
        assert_eq!(request.uri(), "http://127.0.0.1:9/mail?x=1");
        assert_eq!(request.headers()["authorization"], "Bearer k-1");
        assert_eq!(
            body(&request),
            json!({
                "from": "Gatewright <auth@example.com>", "to": "ada@example.com", "subject": "Zoë & co",
                "text": "Hello\nthere", "html": null, "kind": "welcome",
            })
        );
    }

    #[test]
    fn resend() {
        let request = request("resend", Some("<p>Hello"));
        assert_eq!(request.uri(), "https://api.resend.com/emails");
        assert_eq!(request.headers()["authorization"], "Bearer k-1");
        let body = body(&request);
        assert_eq!(body["to"], json!(["ada@example.com"]));
        assert_eq!(body["html"], "<p>Hello");
        assert_eq!(body["tags"], json!([{"name": "kind", "value": "welcome"}]));
    }

    #[test]
    fn postmark() {
        let request = request("postmark", Some("<p>Hello"));
        assert_eq!(request.uri(), "https://api.postmarkapp.com/email");
        assert_eq!(request.headers()["x-postmark-server-token"], "k-1");
        let body = body(&request);
        assert_eq!(
            (&body["To"], &body["HtmlBody"]),
            (&json!("ada@example.com"), &json!("<p>Hello"))
        );
    }

    #[test]
    fn sendgrid() {
        let request = request("sendgrid", Some("<p>Hello"));
        assert_eq!(request.uri(), "https://api.sendgrid.com/v3/mail/send");
        let body = body(&request);
        assert_eq!(
            body["from"],
            json!({"email": "auth@example.com", "name": "Gatewright"})
        );
        assert_eq!(
            body["personalizations"],
            json!([{"to": [{"email": "ada@example.com"}]}])
        );
        let kinds: Vec<_> = body["content"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part["type"].clone())
            .collect();
        assert_eq!(kinds, ["text/plain", "text/html"]);
    }

    #[test]
    fn mailgun() {
        let request = request("mailgun", None);
        assert_eq!(
            request.uri(),
            "https://api.mailgun.net/v3/mg.example.com/messages"
        );
        assert_eq!(request.headers()["authorization"], "Basic YXBpOmstMQ==");
        let fields: BTreeMap<_, _> = form_urlencoded::parse(request.body())
            .into_owned()
            .collect();
        assert_eq!(fields["subject"], "Zoë & co");
        assert_eq!(fields["o:tag"], "welcome");
        assert!(!fields.contains_key("html"));
    }
}

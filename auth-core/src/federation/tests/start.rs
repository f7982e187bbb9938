//! The start of a flow.

use serde_json::json;

use super::world::{CHALLENGE, METADATA, SIGN_IN, World, metadata};
use crate::error::{Error, FieldErrorCode};
use crate::federation::flow::FlowPurpose;
use crate::federation::start::StartRequest;
use crate::sessions::transport::SessionTransport;

const GOOGLE: [(&str, &str); 2] = [("GOOGLE_CLIENT_ID", "g"), ("GOOGLE_CLIENT_SECRET", "s")];
const GITHUB: [(&str, &str); 2] = [("GITHUB_CLIENT_ID", "g"), ("GITHUB_CLIENT_SECRET", "s")];

/// The field that is refused, and the rule.
fn refusal(world: &World, request: StartRequest<'_>) -> (String, FieldErrorCode) {
    match world.start(request).err().unwrap() {
        Error::Invalid(mut fields) => {
            assert_eq!(fields.len(), 1, "{fields:?}");
            let field = fields.remove(0);
            (field.field.into_owned(), field.code)
        }
        error => panic!("{error}"),
    }
}

#[test]
fn a_browser_is_sent_to_the_provider() {
    let world = World::new(&[]);
    let begun = world.begin(SIGN_IN);
    let parameter = |name: &str| begun.parameters.get(name).map(String::as_str);
    assert_eq!(
        parameter("redirect_uri"),
        Some("http://localhost:8080/auth/oauth/acme/callback")
    );
    assert_eq!(parameter("scope"), Some("openid email profile"));
    assert_eq!(parameter("code_challenge_method"), Some("S256"));
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(parameter(name).unwrap().len(), 43, "{name}");
    }
    assert_eq!((begun.cookie.id.len(), begun.cookie.max_age), (16, 600));
    let started = world.start(SIGN_IN).unwrap();
    let page = "https://login.op.example/authorize?";
    assert!(started.authorization_url.starts_with(page));
    // Nothing in the cookie can be read, and nothing repeats.
    assert_ne!(started.flow.value, begun.cookie.value);
    let compatible = world.begin(StartRequest {
        compatible: true,
        ..SIGN_IN
    });
    assert_eq!(
        compatible.parameters["redirect_uri"],
        "http://localhost:8080/auth/acme/callback"
    );
}

#[test]
fn providers_are_listed() {
    let world = World::new(&GITHUB);
    let providers = world.federation().providers();
    let shown: Vec<_> = providers
        .iter()
        .map(|info| (info.id.as_str(), info.label.as_str(), info.preset))
        .collect();
    assert_eq!(shown, [("github", "GitHub", true), ("acme", "acme", false)]);
    let unknown = StartRequest {
        provider: "google",
        ..SIGN_IN
    };
    assert_eq!(world.start(unknown).err(), Some(Error::ProviderUnknown));
}

/// A provider that advertises methods without S256 gets no challenge.
#[test]
fn a_challenge_is_sent_unless_the_provider_refuses_it() {
    let world = World::new(&[]);
    let mut plain = metadata();
    plain["code_challenge_methods_supported"] = json!(["plain"]);
    world.serve_json(METADATA, &plain);
    let begun = world.begin(SIGN_IN);
    assert!(!begun.parameters.contains_key("code_challenge"));
}

/// Another app can have the same address, and gets the code.
#[test]
fn a_native_app_needs_a_challenge() {
    let uri = "com.example.app:/callback";
    let world = World::new(&[("OAUTH_REDIRECT_URIS", uri)]);
    let request = StartRequest {
        redirect_to: Some(uri),
        ..SIGN_IN
    };
    let needed = ("code_challenge".to_owned(), FieldErrorCode::Required);
    assert_eq!(refusal(&world, request), needed);
    let bound = StartRequest {
        code_challenge: Some(CHALLENGE),
        ..request
    };
    assert!(world.start(bound).is_ok());
    let at_once = StartRequest {
        at_once: Some(SessionTransport::Cookie),
        ..bound
    };
    assert_eq!(refusal(&world, at_once), needed);
}

/// A flow that somebody else began in the browser of a user could link another identity to their account.
#[test]
fn a_flow_for_a_session_needs_a_challenge() {
    let world = World::new(&[]);
    let needed = ("code_challenge".to_owned(), FieldErrorCode::Required);
    for purpose in [
        FlowPurpose::Link,
        FlowPurpose::Reauthenticate,
        FlowPurpose::Verify,
    ] {
        for cross_site in [false, true] {
            let request = StartRequest {
                purpose,
                cross_site,
                ..SIGN_IN
            };
            assert_eq!(refusal(&world, request), needed);
            let bound = StartRequest {
                code_challenge: Some(CHALLENGE),
                ..request
            };
            assert!(world.start(bound).is_ok());
        }
    }
}

/// A page of another site could end the session of a visitor and sign them in to another account.
#[test]
fn another_site_begins_no_session_at_once() {
    let world = World::new(&[]);
    let at_once = [SessionTransport::Cookie, SessionTransport::JwtCookie];
    for transport in [None, Some(at_once[0]), Some(at_once[1])] {
        for cross_site in [false, true] {
            let request = StartRequest {
                at_once: transport,
                cross_site,
                ..SIGN_IN
            };
            let refused = (cross_site && transport.is_some()).then_some(Error::CrossSite);
            assert_eq!(world.start(request).err(), refused);
        }
    }
}

#[test]
fn fields_are_checked() {
    let world = World::new(&GITHUB);
    let format = FieldErrorCode::InvalidFormat;
    for (request, field) in [
        (
            StartRequest {
                redirect_to: Some("https://evil.example/"),
                ..SIGN_IN
            },
            "redirect_to",
        ),
        (
            StartRequest {
                code_challenge: Some("short"),
                ..SIGN_IN
            },
            "code_challenge",
        ),
        (
            StartRequest {
                at_once: Some(SessionTransport::Jwt),
                ..SIGN_IN
            },
            "transport",
        ),
        (
            StartRequest {
                at_once: Some(SessionTransport::Session),
                ..SIGN_IN
            },
            "transport",
        ),
        // Only OpenID Connect says when a person has signed in.
        (
            StartRequest {
                provider: "github",
                purpose: FlowPurpose::Reauthenticate,
                code_challenge: Some(CHALLENGE),
                ..SIGN_IN
            },
            "purpose",
        ),
    ] {
        assert_eq!(refusal(&world, request), (field.to_owned(), format));
    }
    // A session begins only at a sign-in, and then no code has a challenge.
    let links_at_once = StartRequest {
        at_once: Some(SessionTransport::Cookie),
        purpose: FlowPurpose::Link,
        code_challenge: Some(CHALLENGE),
        ..SIGN_IN
    };
    let Some(Error::Invalid(fields)) = world.start(links_at_once).err() else {
        panic!("a session at once");
    };
    let fields: Vec<_> = fields.iter().map(|field| &*field.field).collect();
    assert_eq!(fields, ["transport", "code_challenge"]);
}

#[test]
fn a_person_signs_in_again_where_that_is_the_purpose() {
    let world = World::new(&GOOGLE);
    let request = StartRequest {
        purpose: FlowPurpose::Reauthenticate,
        code_challenge: Some(CHALLENGE),
        ..SIGN_IN
    };
    let parameters = world.begin(request).parameters;
    assert_eq!(parameters["max_age"], "0");
    assert_eq!(parameters["prompt"], "login");
    assert!(!world.begin(SIGN_IN).parameters.contains_key("max_age"));
    // Google can't confirm that, so nobody is sent there for it.
    let Some(Error::Invalid(fields)) = world
        .start(StartRequest {
            provider: "google",
            ..request
        })
        .err()
    else {
        panic!("Google confirms");
    };
    assert_eq!(&*fields[0].field, "purpose");
    // Beside a link it is enough that the provider names the person, which each can do.
    let world = World::new(&[&GOOGLE[..], &GITHUB].concat());
    for provider in ["google", "github"] {
        let request = StartRequest {
            provider,
            purpose: FlowPurpose::Verify,
            ..request
        };
        let parameters = world.begin(request).parameters;
        assert!(!parameters.contains_key("max_age"), "{provider}");
    }
}

#[test]
fn refresh_tokens_are_asked_for_only_to_store_them() {
    let request = StartRequest {
        provider: "google",
        ..SIGN_IN
    };
    let asked = |settings: &[(&str, &str)]| {
        let parameters = World::new(settings).begin(request).parameters;
        parameters.get("access_type").cloned()
    };
    assert_eq!(asked(&GOOGLE), None);
    let storing = [&GOOGLE[..], &[("OAUTH_STORE_TOKENS", "true")]].concat();
    assert_eq!(asked(&storing).as_deref(), Some("offline"));
}

/// Metadata make the service call no host that the operator has not named.
#[test]
fn metadata_name_no_other_host() {
    for member in ["token_endpoint", "jwks_uri", "userinfo_endpoint"] {
        let mut foreign = metadata();
        foreign[member] = json!("https://api.example/x");
        let world = World::new(&[]);
        world.serve_json(METADATA, &foreign);
        assert_eq!(world.start(SIGN_IN).err(), Some(Error::OauthFailed));
        let log = world.log();
        for part in ["https://api.example", "OIDC_ACME_HOSTS", "acme"] {
            assert!(log.contains(part), "{member}: {log}");
        }
        let world = World::new(&[("OIDC_ACME_HOSTS", "api.example")]);
        world.serve_json(METADATA, &foreign);
        assert!(world.start(SIGN_IN).is_ok(), "{member}");
    }
}

//! The arrival of a browser that comes back from an OpenID provider.

use std::collections::BTreeMap;

use serde_json::json;

use super::world::{
    ACCESS_TOKEN, CHALLENGE, KEYS, METADATA, SIGN_IN, TOKEN, USERINFO, World, code, error, key,
    key_set, metadata, token_response,
};
use crate::error::Error;
use crate::federation::flow::FlowPurpose;
use crate::federation::start::StartRequest;

#[test]
fn a_person_is_named() {
    let world = World::new(&[("LINK_BY_VERIFIED_EMAIL", "all")]);
    let person = world.person(&json!({"auth_time": world.seconds() - 5}));
    assert_eq!(
        (
            person.provider.as_str(),
            person.issuer.as_str(),
            person.subject.as_str()
        ),
        ("acme", "https://op.example", "ada")
    );
    assert_eq!(person.email.as_deref(), Some("ada@example.com"));
    assert!(person.email_verified);
    assert_eq!(person.name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(person.auth_time, Some(world.seconds() - 5));
    assert!(person.tokens.is_none());
    // The ID token says it all.
    assert_eq!(world.fetched(USERINFO), 0);
    let token = world.request_to(TOKEN);
    let body = String::from_utf8(token.body.clone()).unwrap();
    for part in [
        "code=c",
        "redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fauth%2Foauth%2Facme%2Fcallback",
        "code_verifier=",
        // The metadata name this way alone.
        "client_id=client",
        "client_secret=geheim",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
    for header in [("accept", "application/json"), ("user-agent", "Gatewright")] {
        let header = (header.0, header.1.to_owned());
        assert!(token.headers.contains(&header));
    }
}

#[test]
fn the_secret_is_in_a_header_where_the_metadata_allow_it() {
    for methods in [
        json!(["client_secret_post", "client_secret_basic"]),
        json!(null),
    ] {
        let world = World::new(&[]);
        let mut changed = metadata();
        changed["token_endpoint_auth_methods_supported"] = methods;
        world.serve_json(METADATA, &changed);
        world.person(&json!({}));
        let token = world.request_to(TOKEN);
        assert!(
            token
                .headers
                .iter()
                .any(|(name, _)| *name == "authorization")
        );
        assert!(!String::from_utf8_lossy(&token.body).contains("geheim"));
    }
}

/// A provider that isn't trusted can let its administrators set any address.
#[test]
fn the_word_of_a_provider_counts_only_if_it_is_trusted() {
    for (policy, counts) in [("off", false), ("trusted", false), ("all", true)] {
        let world = World::new(&[("LINK_BY_VERIFIED_EMAIL", policy)]);
        let person = world.person(&json!({}));
        assert_eq!(person.email_verified, counts, "{policy}");
        // It remains a suggestion.
        assert_eq!(person.email.as_deref(), Some("ada@example.com"));
    }
    let world = World::new(&[("LINK_BY_VERIFIED_EMAIL", "all")]);
    world.serve_json(USERINFO, &json!({"sub": "ada"}));
    let unverified = world.person(&json!({"email_verified": null}));
    assert!(!unverified.email_verified);
}

#[test]
fn tokens_are_kept_only_if_they_are_to_be_stored() {
    let world = World::new(&[("OAUTH_STORE_TOKENS", "true")]);
    let tokens = world.person(&json!({})).tokens.unwrap();
    assert_eq!(tokens.access_token, ACCESS_TOKEN);
    assert_eq!(tokens.refresh_token.as_deref(), Some("r"));
    assert_eq!(tokens.expires_at, Some(world.seconds() + 3600));
    assert_eq!(tokens.scope.as_deref(), Some("openid email"));
}

/// The state of another browser, of another provider, a used one, and one that is too old.
#[test]
fn a_state_is_the_browsers_own() {
    let world = World::new(&[("GITHUB_CLIENT_ID", "g"), ("GITHUB_CLIENT_SECRET", "s")]);
    let begun = world.begin(SIGN_IN);
    world.serve_token(&begun, &json!({}));
    let query = format!("code=c&state={}", begun.state());
    let invalid = Error::OauthStateInvalid;
    for query in [
        "",
        "code=c",
        "code=c&state=",
        "code=c&state=x",
        &format!("code=c&state={}", "A".repeat(43)),
        &format!("{query}&state={}", begun.state()),
    ] {
        assert_eq!(error(world.arrive("acme", query)), invalid, "{query}");
    }
    assert_eq!(error(world.arrive("github", &query)), invalid);
    assert_eq!(
        error(world.arrive("google", &query)),
        Error::ProviderUnknown
    );
    let nobody = BTreeMap::new();
    let failed = world.arrive_with("acme", &query, &nobody, false);
    let failed = failed.err().unwrap();
    assert_eq!(failed.error, invalid);
    assert_eq!(failed.redirect_to("oauth_state_invalid"), None);
    // The cookie of another flow under this name.
    let other = world.begin(SIGN_IN).cookie.value;
    let mixed = BTreeMap::from([(begun.cookie.id.clone(), other)]);
    assert_eq!(
        error(world.arrive_with("acme", &query, &mixed, false)),
        invalid
    );
    let own = BTreeMap::from([(begun.cookie.id.clone(), begun.cookie.value)]);
    assert_eq!(
        error(world.arrive_with("acme", &query, &own, true)),
        invalid
    );
    assert_eq!(world.fetched(TOKEN), 0);
    assert!(world.arrive("acme", &query).is_ok());
    // Used. The cookie stays, because the code still needs it.
    let used = world.arrive("acme", &query).err().unwrap();
    assert_eq!((used.error, used.flow_id), (invalid, None));
    assert_eq!(world.fetched(TOKEN), 1);
    for (seconds, valid) in [(599, true), (600, false)] {
        let begun = world.begin(SIGN_IN);
        world.advance(seconds);
        world.serve_token(&begun, &json!({}));
        let query = format!("code=c&state={}", begun.state());
        assert_eq!(world.arrive("acme", &query).is_ok(), valid, "{seconds}");
    }
}

#[test]
fn a_refusal_goes_back_with_our_code() {
    let world = World::new(&[]);
    let request = StartRequest {
        redirect_to: Some("/cart?id=1"),
        ..SIGN_IN
    };
    let begun = world.begin(request);
    let query = format!(
        "error=access_denied&error_description=Nope&state={}",
        begun.state()
    );
    let failed = world.arrive("acme", &query).err().unwrap();
    assert_eq!(failed.error, Error::OauthDenied);
    assert_eq!(
        failed.redirect_to("oauth_denied").as_deref(),
        Some("http://localhost:8080/cart?id=1&error=oauth_denied")
    );
    assert_eq!(failed.flow_id.as_deref(), Some(begun.cookie.id.as_str()));
    let log = world.log();
    assert!(
        log.contains("INFO") && log.contains("Nope") && log.contains("acme"),
        "{log}"
    );
    let begun = world.begin(SIGN_IN);
    let query = format!("error=server_error&state={}", begun.state());
    assert_eq!(error(world.arrive("acme", &query)), Error::OauthFailed);
}

/// RFC 9207: an issuer that the settings name is compared also without OpenID Connect.
#[test]
fn issuers_of_plain_providers_are_not_mixed_up() {
    let old = [
        ("OIDC_PROVIDERS", "old"),
        ("OIDC_OLD_CLIENT_ID", "client"),
        ("OIDC_OLD_CLIENT_SECRET", "geheim"),
        ("OIDC_OLD_AUTHORIZE_URL", "https://old.example/authorize"),
        ("OIDC_OLD_TOKEN_URL", "https://old.example/token"),
        ("OIDC_OLD_USERINFO_URL", "https://old.example/me"),
        ("OIDC_OLD_CLAIMS", r#"{"subject":"/id"}"#),
        ("OIDC_OLD_ISSUER", "https://old.example/as"),
    ];
    let own = "https%3A%2F%2Fold.example%2Fas";
    for (known, iss, accepted) in [
        (true, Some(own), true),
        (true, None, true),
        (true, Some("https%3A%2F%2Fevil.example"), false),
        (true, Some(""), false),
        // Nothing says what the name of this one is.
        (false, Some(own), true),
    ] {
        let world = World::new(if known { &old } else { &old[..7] });
        let tokens = json!({"access_token": ACCESS_TOKEN, "token_type": "Bearer"});
        world.serve_json("https://old.example/token", &tokens);
        world.serve_json("https://old.example/me", &json!({"id": 7}));
        let begun = world.begin(StartRequest {
            provider: "old",
            ..SIGN_IN
        });
        let iss = iss.map_or(String::new(), |iss| format!("&iss={iss}"));
        let query = format!("code=c&state={}{iss}", begun.state());
        let returned = world.arrive("old", &query);
        assert_eq!(returned.is_ok(), accepted, "{iss}");
        if !accepted {
            assert_eq!(error(returned), Error::OauthFailed);
            assert_eq!(world.fetched("https://old.example/token"), 0);
        }
    }
}

/// RFC 9207: a response of another issuer is refused, and one without a name where names are promised.
#[test]
fn issuers_are_not_mixed_up() {
    let world = World::new(&[]);
    let begun = world.begin(SIGN_IN);
    let query = format!(
        "code=c&state={}&iss=https%3A%2F%2Fevil.example",
        begun.state()
    );
    assert_eq!(error(world.arrive("acme", &query)), Error::OauthFailed);
    let world = World::new(&[]);
    let mut naming = metadata();
    naming["authorization_response_iss_parameter_supported"] = json!(true);
    world.serve_json(METADATA, &naming);
    assert_eq!(error(world.visit(SIGN_IN, &json!({}))), Error::OauthFailed);
    let begun = world.begin(SIGN_IN);
    world.serve_token(&begun, &json!({}));
    let query = format!(
        "code=c&state={}&iss=https%3A%2F%2Fop.example",
        begun.state()
    );
    assert!(world.arrive("acme", &query).is_ok());
    assert_eq!(world.fetched(TOKEN), 1);
}

#[test]
fn arrivals_are_counted() {
    let world = World::new(&[("LOGIN_ATTEMPTS_PER_IP", "1")]);
    world.person(&json!({}));
    // The default client has no address, and shares its network with others like it.
    let limited = error(world.visit(SIGN_IN, &json!({})));
    assert!(matches!(limited, Error::RateLimited { .. }), "{limited}");
    assert_eq!(world.fetched(TOKEN), 1);
    let unlimited = World::new(&[("LOGIN_ATTEMPTS_PER_IP", "0")]);
    unlimited.person(&json!({}));
    unlimited.person(&json!({}));
}

#[test]
fn a_provider_that_fails_is_cut_off() {
    for (status, body, expected) in [
        (302, "", Error::ProviderUnavailable),
        (301, r#"{"access_token":"a"}"#, Error::ProviderUnavailable),
        (200, " <!doctype html>", Error::ProviderUnavailable),
        (502, "<html>", Error::ProviderUnavailable),
        (500, "{}", Error::ProviderUnavailable),
        (429, "{}", Error::ProviderUnavailable),
        (400, r#"{"error":"invalid_grant"}"#, Error::OauthFailed),
        (401, r#"{"error":"invalid_client"}"#, Error::OauthFailed),
        (
            200,
            r#"{"error":"bad_verification_code"}"#,
            Error::OauthFailed,
        ),
        (200, "{}", Error::OauthFailed),
        (200, r#"{"access_token":"a"}"#, Error::OauthFailed),
    ] {
        let world = World::new(&[]);
        let begun = world.begin(SIGN_IN);
        world.serve(TOKEN, status, body);
        let query = format!("code=c&state={}", begun.state());
        assert_eq!(
            error(world.arrive("acme", &query)),
            expected,
            "{status} {body}"
        );
        assert!(world.log().contains("a sign-in provider failed"));
    }
    let world = World::new(&[]);
    let begun = world.begin(SIGN_IN);
    world.break_down(TOKEN);
    let query = format!("code=c&state={}", begun.state());
    assert_eq!(
        error(world.arrive("acme", &query)),
        Error::ProviderUnavailable
    );
    assert!(world.log().contains("too slow"));
}

#[test]
fn an_id_token_is_validated() {
    for claims in [
        json!({"nonce": "other"}),
        json!({"nonce": null}),
        json!({"aud": "other"}),
        json!({"iss": "https://evil.example"}),
        json!({"exp": 1}),
        json!({"sub": null}),
        json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}),
    ] {
        let world = World::new(&[]);
        let refused = error(world.visit(SIGN_IN, &claims));
        assert_eq!(refused, Error::OauthFailed, "{claims}");
    }
    // A signature of nobody.
    let world = World::new(&[]);
    let begun = world.begin(SIGN_IN);
    let signed = key(7).sign("JWT", &world.claims(&begun, &json!({})));
    let claims = signed.split('.').nth(1).unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{claims}.");
    world.serve_json(TOKEN, &token_response(&unsigned));
    let query = format!("code=c&state={}", begun.state());
    assert_eq!(error(world.arrive("acme", &query)), Error::OauthFailed);
}

/// Keys are rotated: those of an unknown key are fetched once, and not again for a while.
#[test]
fn new_keys_are_fetched_for_an_unknown_one() {
    let world = World::new(&[]);
    world.person(&json!({}));
    world.serve(KEYS, 200, &key_set(&key(8)));
    let rotated = |key_of: u8| {
        let begun = world.begin(SIGN_IN);
        let token = key(key_of).sign("JWT", &world.claims(&begun, &json!({})));
        world.serve_json(TOKEN, &token_response(&token));
        world.arrive("acme", &format!("code=c&state={}", begun.state()))
    };
    assert!(rotated(8).is_ok());
    assert_eq!(world.fetched(KEYS), 2);
    assert_eq!(error(rotated(9)), Error::OauthFailed);
    assert_eq!(world.fetched(KEYS), 2);
    world.advance(60);
    assert_eq!(error(rotated(9)), Error::OauthFailed);
    assert_eq!(world.fetched(KEYS), 3);
    world.advance(60);
    world.break_down(KEYS);
    assert_eq!(error(rotated(9)), Error::ProviderUnavailable);
    // Others still sign in.
    assert!(rotated(8).is_ok());
}

#[test]
fn the_userinfo_endpoint_completes_the_same_person() {
    let without = json!({"email": null, "email_verified": null});
    let whole = json!({"sub": "ada", "email": "ada@example.com", "email_verified": true});
    let world = World::new(&[("LINK_BY_VERIFIED_EMAIL", "all")]);
    world.serve_json(USERINFO, &whole);
    assert!(world.person(&without).email_verified);
    let bearer = ("authorization", format!("Bearer {ACCESS_TOKEN}"));
    assert!(world.request_to(USERINFO).headers.contains(&bearer));
    for (status, body, expected) in [
        (
            200,
            r#"{"sub":"eve","email":"eve@example.com"}"#,
            Error::OauthFailed,
        ),
        (401, "{}", Error::OauthFailed),
        (503, "{}", Error::ProviderUnavailable),
        (200, "<html>", Error::ProviderUnavailable),
        (307, "{}", Error::ProviderUnavailable),
    ] {
        world.serve(USERINFO, status, body);
        let refused = error(world.visit(SIGN_IN, &without));
        assert_eq!(refused, expected, "{status} {body}");
    }
    assert!(!world.log().contains(ACCESS_TOKEN));
}

/// The provider says when the person has signed in, and it was for this.
#[test]
fn a_new_sign_in_is_confirmed() {
    let world = World::new(&[("CLOCK_TOLERANCE_SECONDS", "5")]);
    let request = StartRequest {
        purpose: FlowPurpose::Reauthenticate,
        code_challenge: Some(CHALLENGE),
        ..SIGN_IN
    };
    let now = world.seconds();
    for (auth_time, confirmed) in [
        (json!(now), true),
        (json!(now - 5), true),
        (json!(now - 6), false),
        (json!(null), false),
    ] {
        let returned = world.visit(request, &json!({"auth_time": auth_time}));
        assert_eq!(returned.is_ok(), confirmed, "{auth_time}");
    }
    // Elsewhere it doesn't matter.
    let request = StartRequest {
        purpose: FlowPurpose::Verify,
        ..request
    };
    assert!(world.visit(request, &json!({"auth_time": null})).is_ok());
    let code = code(world.visit(SIGN_IN, &json!({"auth_time": 1})));
    let person = world.present(&code, FlowPurpose::SignIn).unwrap();
    assert_eq!(person.auth_time, Some(1));
}

/// Known keys: a count, the state, and the code; then one to use the code up.
#[test]
fn an_arrival_costs_few_calls_of_storage() {
    let world = World::new(&[]);
    world.person(&json!({}));
    let begun = world.begin(SIGN_IN);
    world.serve_token(&begun, &json!({}));
    let query = format!("code=c&state={}", begun.state());
    let (calls, returned) = world.storage_calls(|| world.arrive("acme", &query));
    let code = code(returned);
    assert_eq!(calls, 3);
    let (calls, _) = world.storage_calls(|| world.present(&code, FlowPurpose::SignIn));
    assert_eq!(calls, 1);
    let (calls, _) = world.storage_calls(|| world.begin(SIGN_IN));
    assert_eq!(calls, 0);
}

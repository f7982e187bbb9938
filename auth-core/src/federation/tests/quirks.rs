//! Providers with rules of their own.

use serde_json::{Value, json};

use super::world::{ACCESS_TOKEN, Begun, SIGN_IN, World, code, error, key, key_set, pairs};
use crate::error::Error;
use crate::federation::flow::FlowPurpose;
use crate::federation::person::Person;
use crate::federation::presets::PRESETS;
use crate::federation::start::StartRequest;

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

fn begin(world: &World, provider: &str) -> Begun {
    world.begin(StartRequest {
        provider,
        ..SIGN_IN
    })
}

/// The response to a flow. Google and GitHub name themselves in it.
fn response(provider: &str, begun: &Begun) -> String {
    let iss = match provider {
        "github" => "&iss=https%3A%2F%2Fgithub.com%2Flogin%2Foauth",
        "google" => "&iss=https%3A%2F%2Faccounts.google.com",
        _ => "",
    };
    format!("code=c&state={}{iss}", begun.state())
}

fn person(world: &World, provider: &str, begun: &Begun) -> Person {
    let query = response(provider, begun);
    let code = code(world.arrive(provider, &query));
    world.present(&code, FlowPurpose::SignIn).unwrap()
}

fn bearer() -> Value {
    json!({"access_token": ACCESS_TOKEN, "token_type": "bearer"})
}

fn github() -> World {
    let world = World::new(&[("GITHUB_CLIENT_ID", "g"), ("GITHUB_CLIENT_SECRET", "s")]);
    world.serve_json("https://github.com/login/oauth/access_token", &bearer());
    let user = json!({"id": 7, "login": "ada", "name": "Ada", "email": "public@example.com"});
    world.serve_json("https://api.github.com/user", &user);
    world
}

#[test]
fn addresses_of_github_are_from_their_own_endpoint() {
    let emails = "https://api.github.com/user/emails";
    let world = github();
    let addresses = json!([{"email": "ada@example.com", "primary": true, "verified": true}]);
    world.serve_json(emails, &addresses);
    let begun = begin(&world, "github");
    assert!(!begun.parameters.contains_key("nonce"));
    let ada = person(&world, "github", &begun);
    assert_eq!(
        (ada.issuer.as_str(), ada.subject.as_str()),
        ("https://github.com", "7")
    );
    assert_eq!(ada.email.as_deref(), Some("ada@example.com"));
    assert!(ada.email_verified);
    // The scopes don't include addresses. The public one is never used.
    for status in [403, 404] {
        world.serve(emails, status, "{}");
        assert_eq!(
            person(&world, "github", &begin(&world, "github")).email,
            None
        );
    }
    world.serve(emails, 500, "{}");
    let query = response("github", &begin(&world, "github"));
    assert_eq!(
        error(world.arrive("github", &query)),
        Error::ProviderUnavailable
    );
}

/// RFC 9207. GitHub and Google promise to name themselves, and GitHub by an issuer that is not that of its identities.
#[test]
fn a_response_is_from_the_issuer_of_the_preset() {
    let world = github();
    world.serve("https://api.github.com/user/emails", 403, "{}");
    let arrive = |iss: &str| {
        let begun = begin(&world, "github");
        world.arrive("github", &format!("code=c&state={}{iss}", begun.state()))
    };
    for iss in [
        "",
        "&iss=",
        "&iss=https%3A%2F%2Fgithub.com",
        "&iss=https%3A%2F%2Fevil.example",
    ] {
        assert_eq!(error(arrive(iss)), Error::OauthFailed, "{iss}");
    }
    assert!(arrive("&iss=https%3A%2F%2Fgithub.com%2Flogin%2Foauth").is_ok());
    let promised: Vec<_> = PRESETS
        .iter()
        .filter(|row| row.preset.dialect.names_issuer)
        .map(|row| row.preset.id)
        .collect();
    assert_eq!(promised, ["google", "github"]);
}

/// One identifier in two workspaces belongs to two people.
#[test]
fn a_user_of_slack_is_a_user_of_a_team() {
    let world = World::new(&[("SLACK_CLIENT_ID", "client"), ("SLACK_CLIENT_SECRET", "s")]);
    world.serve(
        "https://slack.com/openid/connect/keys",
        200,
        &key_set(&key(7)),
    );
    let sign_in = |team: Value, user: Value| {
        let begun = begin(&world, "slack");
        let claims = json!({
            "iss": "https://slack.com", "sub": "U1",
            "https://slack.com/team_id": team, "https://slack.com/user_id": user,
        });
        let token = key(7).sign("JWT", &world.claims(&begun, &claims));
        let tokens =
            json!({"ok": true, "access_token": "a", "token_type": "Bearer", "id_token": token});
        world.serve_json("https://slack.com/api/openid.connect.token", &tokens);
        world.arrive("slack", &response("slack", &begun))
    };
    for (team, expected) in [("T1", "T1-U1"), ("T2", "T2-U1")] {
        let code = code(sign_in(json!(team), json!("U1")));
        let ada = world.present(&code, FlowPurpose::SignIn).unwrap();
        assert_eq!(
            (ada.issuer.as_str(), ada.subject.as_str()),
            ("https://slack.com", expected)
        );
    }
    for (team, user) in [
        (json!(null), json!("U1")),
        (json!(""), json!("U1")),
        (json!("T1-U1"), json!("U1")),
        (json!("T1"), json!(null)),
    ] {
        let refused = error(sign_in(team.clone(), user));
        assert_eq!(refused, Error::OauthFailed, "{team}");
    }
}

/// A token that a person gave to another app describes the same person.
#[test]
fn a_token_of_facebook_is_this_apps() {
    let world = World::new(&[
        ("FACEBOOK_CLIENT_ID", "42"),
        ("FACEBOOK_CLIENT_SECRET", "geheim"),
    ]);
    world.serve_json(
        "https://graph.facebook.com/v24.0/oauth/access_token",
        &bearer(),
    );
    let me = json!({"id": "7", "name": "Ada", "email": "ada@example.com"});
    world.serve_json("https://graph.facebook.com/v24.0/me", &me);
    let check = "https://graph.facebook.com/v24.0/debug_token";
    for (app, user, valid, accepted) in [
        ("42", "7", true, true),
        ("43", "7", true, false),
        ("42", "8", true, false),
        ("42", "7", false, false),
    ] {
        let answer = json!({"data": {"app_id": app, "user_id": user, "is_valid": valid}});
        world.serve_json(check, &answer);
        let begun = begin(&world, "facebook");
        let query = format!("code=c&state={}", begun.state());
        let returned = world.arrive("facebook", &query);
        assert_eq!(returned.is_ok(), accepted, "{answer}");
        if !accepted {
            assert_eq!(error(returned), Error::OauthFailed);
        }
    }
    let request = world.request_to(check);
    assert!(request.url.contains(ACCESS_TOKEN));
    assert!(!request.url.contains("geheim"));
    world.serve(check, 503, "{}");
    let begun = begin(&world, "facebook");
    let query = format!("code=c&state={}", begun.state());
    assert_eq!(
        error(world.arrive("facebook", &query)),
        Error::ProviderUnavailable
    );
    // A failure of the network names the address, in which the token is.
    let world = World::new(&[
        ("FACEBOOK_CLIENT_ID", "42"),
        ("FACEBOOK_CLIENT_SECRET", "geheim"),
    ]);
    world.serve_json(
        "https://graph.facebook.com/v24.0/oauth/access_token",
        &bearer(),
    );
    world.serve_json("https://graph.facebook.com/v24.0/me", &me);
    let begun = begin(&world, "facebook");
    let query = format!("code=c&state={}", begun.state());
    assert_eq!(
        error(world.arrive("facebook", &query)),
        Error::ProviderUnavailable
    );
    assert!(world.log().contains("nothing is at"), "{}", world.log());
    assert!(!world.log().contains(ACCESS_TOKEN), "{}", world.log());
}

fn microsoft(tenant: &str, tid: &str, issuer: &str) -> Result<Person, Error> {
    let world = World::new(&[
        ("MICROSOFT_CLIENT_ID", "client"),
        ("MICROSOFT_CLIENT_SECRET", "s"),
        ("MICROSOFT_TENANT", tenant),
    ]);
    let authority = format!("https://login.microsoftonline.com/{tenant}");
    world.serve(
        &format!("{authority}/discovery/v2.0/keys"),
        200,
        &key_set(&key(7)),
    );
    let begun = begin(&world, "microsoft");
    let issuer = format!("https://login.microsoftonline.com/{issuer}/v2.0");
    let claims = json!({"iss": issuer, "tid": tid, "oid": "o", "email": "ceo@example.com"});
    let token = key(7).sign("JWT", &world.claims(&begun, &claims));
    let response = json!({"access_token": "a", "token_type": "Bearer", "id_token": token});
    world.serve_json(&format!("{authority}/oauth2/v2.0/token"), &response);
    let query = format!("code=c&state={}", begun.state());
    let returned = world.arrive("microsoft", &query);
    match returned {
        Ok(_) => Ok(world.present(&code(returned), FlowPurpose::SignIn).unwrap()),
        Err(failed) => Err(failed.error),
    }
}

#[test]
fn tenants_of_microsoft_are_kept_apart() {
    let ada = microsoft("common", TENANT, TENANT).unwrap();
    let issuer = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    assert_eq!((ada.issuer, ada.subject.as_str()), (issuer, "o"));
    // Anyone can put any address into a tenant of their own.
    assert!(!ada.email_verified);
    assert!(microsoft("common", PERSONAL, PERSONAL).is_ok());
    for (tenant, tid, issuer) in [
        ("common", PERSONAL, TENANT),
        ("organizations", PERSONAL, PERSONAL),
        ("consumers", TENANT, TENANT),
        (TENANT, PERSONAL, PERSONAL),
    ] {
        let refused = microsoft(tenant, tid, issuer).err();
        assert_eq!(refused, Some(Error::OauthFailed), "{tenant} {tid} {issuer}");
    }
}

/// Tokens of Google can lack the scheme of the issuer. The identity has it.
#[test]
fn an_identity_of_google_has_one_issuer() {
    for named in ["https://accounts.google.com", "accounts.google.com"] {
        let world = World::new(&[
            ("GOOGLE_CLIENT_ID", "client"),
            ("GOOGLE_CLIENT_SECRET", "s"),
        ]);
        world.serve(
            "https://www.googleapis.com/oauth2/v3/certs",
            200,
            &key_set(&key(7)),
        );
        let begun = begin(&world, "google");
        let token = key(7).sign("JWT", &world.claims(&begun, &json!({"iss": named})));
        let response = json!({"access_token": "a", "token_type": "Bearer", "id_token": token});
        world.serve_json("https://oauth2.googleapis.com/token", &response);
        let ada = person(&world, "google", &begun);
        assert_eq!(ada.issuer, "https://accounts.google.com");
        assert!(ada.email_verified);
    }
}

pub(super) const APPLE_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBwcHBwcHBwcHBwcH\nBwcHBwcHBwcHBwcHBwcHBwcHBwehRANCAAQeGFMv1HVMAvMEHZx1zrM7g//YGsfO\nT+iCzLHJi8WJbqRsMRxOL/QN2Wo2U+bkVEXTLf5Ibs7XXHqQxqGIgcCj\n-----END PRIVATE KEY-----";

#[test]
fn a_form_of_apple_goes_on_as_a_query() {
    let world = World::new(&[
        ("APPLE_CLIENT_ID", "client"),
        ("APPLE_TEAM_ID", "A1B2C3D4E5"),
        ("APPLE_KEY_ID", "ABC123DEFG"),
        ("APPLE_PRIVATE_KEY", APPLE_KEY),
    ]);
    world.serve(
        "https://appleid.apple.com/auth/keys",
        200,
        &key_set(&key(7)),
    );
    let begun = begin(&world, "apple");
    assert_eq!(begun.parameters["response_mode"], "form_post");
    let claims =
        json!({"iss": "https://appleid.apple.com", "name": null, "email_verified": "true"});
    let token = key(7).sign("JWT", &world.claims(&begun, &claims));
    let response = json!({"access_token": "a", "token_type": "Bearer", "id_token": token});
    world.serve_json("https://appleid.apple.com/auth/token", &response);
    let user = r#"{"name":{"firstName":"Ada","lastName":"Lovelace"},"email":"eve@example.com"}"#;
    let form = format!("state={}&code=c&user={user}&x=1", begun.state());
    let sent_on = |form: &str| {
        let address = |compatible| world.federation().form_post("apple", form, compatible);
        let other = address(true).unwrap();
        assert!(other.starts_with("http://localhost:8080/auth/apple/callback?"));
        let address = address(false).unwrap();
        let (callback, query) = address.split_once('?').unwrap();
        assert_eq!(callback, begun.parameters["redirect_uri"]);
        query.to_owned()
    };
    let query = sent_on(&form);
    let parameters = pairs(&query);
    assert_eq!(parameters["code"], "c");
    assert!(!parameters.contains_key("x"));
    for plain in ["Ada", "Lovelace", "eve"] {
        assert!(!query.contains(plain), "{query}");
    }
    // Data that another flow has sealed are no name, and neither are those in plain text.
    let other = begin(&world, "apple");
    let form = format!("state={}&code=c&user={user}", other.state());
    let foreign = pairs(&sent_on(&form));
    let sealed = foreign["user"].clone();
    let ada = {
        let code = code(world.arrive("apple", &query));
        world.present(&code, FlowPurpose::SignIn).unwrap()
    };
    assert_eq!(ada.name.as_deref(), Some("Ada Lovelace"));
    // The address in the form is not signed.
    assert_eq!(ada.email.as_deref(), Some("ada@example.com"));
    assert!(ada.email_verified);
    for user in [sealed.as_str(), user] {
        let begun = begin(&world, "apple");
        let token = key(7).sign("JWT", &world.claims(&begun, &claims));
        let response = json!({"access_token": "a", "token_type": "Bearer", "id_token": token});
        world.serve_json("https://appleid.apple.com/auth/token", &response);
        let query = format!("state={}&code=c&user={user}", begun.state());
        let code = code(world.arrive("apple", &query));
        let nameless = world.present(&code, FlowPurpose::SignIn).unwrap();
        assert_eq!(nameless.name, None);
    }
}

#[test]
fn only_a_provider_of_forms_posts_them() {
    let world = World::new(&[
        ("APPLE_CLIENT_ID", "client"),
        ("APPLE_TEAM_ID", "A1B2C3D4E5"),
        ("APPLE_KEY_ID", "ABC123DEFG"),
        ("APPLE_PRIVATE_KEY", APPLE_KEY),
    ]);
    let state = "A".repeat(43);
    let form = format!("state={state}&code=c");
    let post = |provider, form: &str| world.federation().form_post(provider, form, false).err();
    assert_eq!(post("acme", &form), Some(Error::ProviderUnknown));
    assert_eq!(post("apple", &form), None);
    let long = format!("{form}&x={}", "x".repeat(16 << 10));
    for form in ["", "code=c", "state=x", &format!("{form}&code=d"), &long] {
        assert_eq!(post("apple", form), Some(Error::OauthStateInvalid));
    }
}

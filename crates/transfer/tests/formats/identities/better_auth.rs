//! better-auth: its presets, issuers and ID tokens, and the option that names issuers.

use std::io::Cursor;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gatewright_transfer::{Format, Options, ReadError, read};
use serde_json::{Value, json};

use super::{
    IN_TENANT, OBJECT, PAIRWISE, PERSONAL, TENANT, named, no_object, no_team, of_one, unknown,
};

/// An ID token. Only its claims are read.
fn token(claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.c2lnbmF0dXJl",
        part(&json!({"alg": "RS256"})),
        part(claims)
    )
}

fn better_auth(accounts: &[Value]) -> String {
    let accounts: Vec<Value> = accounts
        .iter()
        .map(|account| {
            let mut account = account.clone();
            account["userId"] = "u1".into();
            account
        })
        .collect();
    json!({"user": [{"id": "u1", "email": "a@example.com", "emailVerified": true}], "account": accounts})
        .to_string()
}

#[test]
fn better_auth_stores_the_subject_of_each_preset() {
    let of = |provider: &str, id: &str| json!({"providerId": provider, "accountId": id});
    let text = better_auth(&[
        of("credential", "u1"),
        of("google", "117"),
        of("github", "583231"),
        of("apple", "001234.0123456789abcdef.0123"),
        of("gitlab", "42"),
        of("discord", "80351110224678912"),
        of("linkedin", "782bbtaQ"),
        of("facebook", "10158"),
        of("twitch", "713936733"),
        of("spotify", "wizzler"),
        of("twitter", "2244994945"),
        of("reddit", "1wuuvj"),
        of("dropbox", "dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc"),
        of("atlassian", "99:27935d01"),
        of("zoom", "KDcuGIm1QgePTO8WbOqwIQ"),
        of("notion", "d40e767c-d7af-4b18-a86d-55c61f1e39a4"),
        of("tiktok", "723f24d7-e717-40f8-a2b6-cb8464cd23b4"),
        // The same again.
        of("google", "117"),
        of("cognito", "5a3c"),
    ]);
    let (identities, left_out) = of_one(Format::BetterAuth, &text, Options::default());
    let pairs: Vec<_> = identities
        .iter()
        .map(|found| (found[0].clone(), found[1].clone()))
        .collect();
    let presets: Vec<_> = auth_core::preset_issuers()
        .filter(|(id, _)| !["microsoft", "slack"].contains(id))
        .map(|(id, issuer)| (json!(id), json!(issuer)))
        .collect();
    assert_eq!(pairs.len(), presets.len());
    assert!(
        presets.iter().all(|preset| pairs.contains(preset)),
        "{pairs:?}"
    );
    assert_eq!(identities[9], json!(["x", "https://x.com", "2244994945"]));
    assert_eq!(left_out, [unknown("cognito")]);
}

#[test]
fn better_auth_keeps_issuers_and_id_tokens() {
    let microsoft = json!({"iss": IN_TENANT, "tid": TENANT, "sub": PAIRWISE, "oid": OBJECT, "email": "a@work.example"});
    let text = better_auth(&[
        // Before version 1.7.
        json!({"providerId": "microsoft", "accountId": PAIRWISE, "idToken": token(&microsoft)}),
        json!({"providerId": "cognito", "accountId": "5a3c", "idToken": token(&json!({"iss": "https://cognito.example/p", "sub": "5a3c"}))}),
        // A token of another account.
        json!({"providerId": "okta", "accountId": "00u1", "idToken": token(&json!({"iss": "https://okta.example", "sub": "00u2"}))}),
        json!({"providerId": "keycloak", "accountId": "k1", "idToken": "encrypted"}),
        // Since version 1.7.
        json!({"issuer": PERSONAL, "providerId": "microsoft", "accountId": "00000000-0000-0000-4cf0-a30169d55031"}),
        json!({"issuer": "https://login.example.com", "providerId": "acme", "accountId": "s1"}),
        json!({"issuer": "local:oauth:kick", "providerId": "kick", "accountId": "7"}),
        json!({"issuer": "local:credential", "providerId": "credential", "accountId": "u1", "password": "00:11"}),
        // Without a token.
        json!({"providerId": "microsoft", "accountId": PAIRWISE}),
    ]);
    let (identities, left_out) = of_one(Format::BetterAuth, &text, Options::default());
    assert_eq!(
        identities,
        [
            json!(["microsoft", IN_TENANT, OBJECT]),
            json!(["cognito", "https://cognito.example/p", "5a3c"]),
            json!([
                "microsoft",
                PERSONAL,
                "00000000-0000-0000-4cf0-a30169d55031"
            ]),
            json!(["acme", "https://login.example.com", "s1"]),
        ]
    );
    assert_eq!(
        left_out,
        [
            unknown("okta"),
            unknown("keycloak"),
            unknown("kick"),
            no_object("microsoft")
        ]
    );
}

/// A number at a server of the operator belongs to someone else than at gitlab.com, who must not get the account.
#[test]
fn an_issuer_in_the_file_is_kept_for_the_name_of_a_preset() {
    let of = |issuer: &str, provider: &str| json!({"issuer": issuer, "providerId": provider, "accountId": "1"});
    let short = json!({"iss": "accounts.google.com", "sub": "117"});
    let own = json!({"iss": "https://gitlab.example.org", "sub": "2"});
    let text = better_auth(&[
        of("https://gitlab.example.com", "gitlab"),
        of("https://gitlab.com", "gitlab"),
        of("local:oauth:github", "github"),
        json!({"providerId": "google", "accountId": "117", "idToken": token(&short)}),
        json!({"providerId": "gitlab", "accountId": "2", "idToken": token(&own)}),
    ]);
    let (identities, left_out) = of_one(Format::BetterAuth, &text, Options::default());
    assert_eq!(
        identities,
        [
            json!(["gitlab", "https://gitlab.example.com", "1"]),
            json!(["gitlab", "https://gitlab.com", "1"]),
            json!(["github", "https://github.com", "1"]),
            json!(["google", "https://accounts.google.com", "117"]),
            json!(["gitlab", "https://gitlab.example.org", "2"]),
        ]
    );
    assert!(left_out.is_empty(), "{left_out:?}");
    // The option counts more than the file.
    let text = better_auth(&[of("https://gitlab.example.com", "gitlab")]);
    let options = named(&[("gitlab", "https://gitlab.example.net")]);
    let (identities, _) = of_one(Format::BetterAuth, &text, options);
    let expected = json!(["gitlab", "https://gitlab.example.net", "1"]);
    assert_eq!(identities, [expected]);
}

/// The user alone is not enough, because users of two teams can have one identifier.
#[test]
fn an_account_at_slack_has_a_team() {
    let of = |id: &str, claims: &Value| json!({"providerId": "slack", "accountId": id, "idToken": token(claims)});
    let team = "https://slack.com/team_id";
    let text = better_auth(&[
        of(
            "U1",
            &json!({"iss": "https://slack.com", "sub": "U1", team: "T1"}),
        ),
        // A token without a team, and one of another account.
        of("U2", &json!({"iss": "https://slack.com", "sub": "U2"})),
        of(
            "U3",
            &json!({"iss": "https://slack.com", "sub": "U4", team: "T1"}),
        ),
        json!({"providerId": "slack", "accountId": "U5"}),
    ]);
    let found = json!(["slack", "https://slack.com", "T1-U1"]);
    for options in [Options::default(), named(&[("slack", "https://slack.com")])] {
        let (identities, left_out) = of_one(Format::BetterAuth, &text, options);
        assert_eq!(identities, std::slice::from_ref(&found));
        assert_eq!(
            left_out,
            [no_team("slack"), no_team("slack"), no_team("slack")]
        );
    }
}

#[test]
fn an_option_names_the_issuer_of_a_provider() {
    let of = |provider: &str, id: &str| json!({"providerId": provider, "accountId": id});
    let text = better_auth(&[
        of("cognito", "5a3c"),
        // A server of the operator, where a number belongs to someone else than at gitlab.com.
        of("gitlab", "1"),
        of("microsoft", OBJECT),
    ]);
    let options = named(&[
        ("cognito", "https://cognito.example/p"),
        ("gitlab", "https://gitlab.example.com"),
        ("microsoft", IN_TENANT),
    ]);
    assert_eq!(
        of_one(Format::BetterAuth, &text, options),
        (
            vec![
                json!(["cognito", "https://cognito.example/p", "5a3c"]),
                json!(["gitlab", "https://gitlab.example.com", "1"]),
                json!(["microsoft", IN_TENANT, OBJECT]),
            ],
            Vec::new(),
        )
    );
    let text = better_auth(&[of("microsoft", PAIRWISE)]);
    let (identities, left_out) = of_one(
        Format::BetterAuth,
        &text,
        named(&[("microsoft", IN_TENANT)]),
    );
    assert_eq!(
        (identities, left_out),
        (Vec::new(), vec![no_object("microsoft")])
    );
    let wrong = named(&[("cognito", "cognito.example")]);
    let refused = read(Format::BetterAuth, Cursor::new(text.into_bytes()), wrong);
    assert!(matches!(refused, Err(ReadError::Option(_))));
}

//! Answers of providers, and what a profile takes from them.

use serde_json::json;

use super::*;
use crate::federation::presets::preset;

fn provider(id: &str) -> Provider {
    preset(id).map(str::to_owned)
}

fn read(id: &str, document: Value) -> Profile {
    Profile::read(&provider(id), &document).unwrap()
}

/// Subject, address, verification, name and user name.
type Parts<'a> = (
    &'a str,
    Option<&'a str>,
    bool,
    Option<&'a str>,
    Option<&'a str>,
);

fn parts(profile: &Profile) -> Parts<'_> {
    (
        &profile.subject,
        profile.email.as_ref().map(EmailAddress::as_str),
        profile.email_verified,
        profile.name.as_deref(),
        profile.username.as_deref(),
    )
}

/// Answers as the providers document them, without members that nothing reads.
#[test]
fn documented_answers_are_read() {
    let ada = Some("ada@example.com");
    let cases: [(&str, Value, Parts<'_>); 16] = [
        (
            "google",
            json!({"iss": "https://accounts.google.com", "sub": "10769150350006150715113082367", "email": "ada@example.com",
                "email_verified": true, "name": "Ada Lovelace", "picture": "https://lh3.googleusercontent.com/a/x"}),
            (
                "10769150350006150715113082367",
                ada,
                true,
                Some("Ada Lovelace"),
                None,
            ),
        ),
        (
            "microsoft",
            json!({"tid": "72f988bf-86f1-41af-91ab-2d7cd011db47", "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474", "sub": "AAAAA",
                "email": "ada@example.com", "preferred_username": "ada@example.com", "name": "Ada"}),
            (
                "690222be-ff1a-4d56-abd1-7e4f7d38e474",
                ada,
                false,
                Some("Ada"),
                ada,
            ),
        ),
        (
            "apple",
            json!({"sub": "001383.a0b1.1234", "email": "ada@example.com", "email_verified": "true", "is_private_email": "true"}),
            ("001383.a0b1.1234", ada, true, None, None),
        ),
        (
            "github",
            json!({"login": "octocat", "id": 583_231, "node_id": "MDQ6", "name": null, "email": "octocat@github.com"}),
            ("583231", None, false, None, Some("octocat")),
        ),
        (
            "gitlab",
            json!({"sub": "1234", "name": "Ada", "preferred_username": "ada", "email": "ada@example.com", "email_verified": true}),
            ("1234", ada, true, Some("Ada"), Some("ada")),
        ),
        (
            "discord",
            json!({"id": "80351110224678912", "username": "nelly", "global_name": "Nelly", "avatar": "8342729096ea",
                "verified": true, "email": "ada@example.com"}),
            ("80351110224678912", ada, true, Some("Nelly"), Some("nelly")),
        ),
        (
            "linkedin",
            json!({"sub": "782bbtaQ", "name": "John Doe", "locale": "en-US", "email": "ada@example.com"}),
            ("782bbtaQ", ada, false, Some("John Doe"), None),
        ),
        (
            "facebook",
            json!({"id": "122134", "name": "Ada", "email": "ada@example.com", "email_verified": true}),
            ("122134", ada, false, Some("Ada"), None),
        ),
        (
            "slack",
            json!({"sub": "U0R7JM", "https://slack.com/user_id": "U0R7JM", "https://slack.com/team_id": "T0R7GR", "email": "ada@example.com", "email_verified": true, "name": "krane"}),
            ("T0R7GR-U0R7JM", ada, true, Some("krane"), None),
        ),
        (
            "twitch",
            json!({"sub": "713936733", "email": "ada@example.com", "email_verified": false, "preferred_username": "Ada"}),
            ("713936733", ada, false, Some("Ada"), Some("Ada")),
        ),
        (
            "spotify",
            json!({"id": "smedjan", "display_name": "Ada", "email": "ada@example.com", "images": [{"url": "https://i.scdn.co/x"}]}),
            ("smedjan", ada, false, Some("Ada"), None),
        ),
        (
            "x",
            json!({"data": {"id": "2244994945", "name": "Ada", "username": "ada", "confirmed_email": "ada@example.com"}}),
            ("2244994945", ada, true, Some("Ada"), Some("ada")),
        ),
        (
            "reddit",
            json!({"id": "abc12", "name": "ada", "has_verified_email": true, "oauth_client_id": "x@example.com"}),
            ("abc12", None, false, Some("ada"), Some("ada")),
        ),
        (
            "dropbox",
            json!({"account_id": "dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc", "name": {"display_name": "Franz Ferdinand"},
                "email": "ada@example.com", "email_verified": true}),
            (
                "dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc",
                ada,
                true,
                Some("Franz Ferdinand"),
                None,
            ),
        ),
        (
            "notion",
            json!({"object": "user", "id": "16d84278", "type": "bot", "bot": {"owner": {"type": "user", "user": {"object": "user",
                "id": "5389a034-eb5c-47b5-8a9e-f79c99ef166c", "name": "Christine", "person": {"email": "ada@example.com"}}}}}),
            (
                "5389a034-eb5c-47b5-8a9e-f79c99ef166c",
                ada,
                false,
                Some("Christine"),
                None,
            ),
        ),
        (
            "tiktok",
            json!({"data": {"user": {"open_id": "723f24d7-e717", "display_name": "Ada", "username": "ada"}}, "error": {"code": "ok"}}),
            ("723f24d7-e717", None, false, Some("Ada"), Some("ada")),
        ),
    ];
    for (id, document, wanted) in cases {
        assert_eq!(parts(&read(id, document)), wanted, "{id}");
    }
    for (id, document, subject, verified) in [
        (
            "zoom",
            json!({"id": "zJKyai", "email": "ada@example.com", "verified": 1, "display_name": "Ada"}),
            "zJKyai",
            true,
        ),
        (
            "zoom",
            json!({"id": "zJKyai", "email": "ada@example.com", "verified": 0}),
            "zJKyai",
            false,
        ),
        (
            "atlassian",
            json!({"account_id": "112233aa", "email": "ada@example.com", "name": "Ada"}),
            "112233aa",
            false,
        ),
    ] {
        let profile = read(id, document);
        assert_eq!(
            (profile.subject.as_str(), profile.email_verified),
            (subject, verified),
            "{id}"
        );
    }
}

#[test]
fn a_document_without_a_subject_is_nobody() {
    for subject in [
        json!(null),
        json!(""),
        json!(1.5),
        json!(true),
        json!(["1"]),
        json!(" 1"),
        json!("1\n"),
        json!("x".repeat(256)),
    ] {
        let document = json!({"sub": subject, "email": "ada@example.com", "email_verified": true});
        assert_eq!(
            Profile::read(&provider("google"), &document),
            None,
            "{document}"
        );
    }
    // A provider that answers with an error, or with an account of its own kind.
    let failed = json!({"data": {}, "error": {"code": "access_token_invalid"}});
    assert_eq!(Profile::read(&provider("tiktok"), &failed), None);
    let workspace =
        json!({"id": "16d84278", "bot": {"owner": {"type": "workspace", "workspace": true}}});
    assert_eq!(Profile::read(&provider("notion"), &workspace), None);
    assert_eq!(Profile::read(&provider("google"), &json!("sub")), None);
}

/// The address is verified only if a claim says so, and only with an address.
#[test]
fn no_claim_is_no_verification() {
    for (claim, verified) in [
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("false"), false),
        (json!("yes"), false),
        (json!(2), false),
        (json!(null), false),
        (json!([true]), false),
    ] {
        let document = json!({"sub": "1", "email": "ada@example.com", "email_verified": claim});
        assert_eq!(read("google", document).email_verified, verified, "{claim}");
    }
    assert!(!read("google", json!({"sub": "1", "email": "ada@example.com"})).email_verified);
    for email in [
        json!(null),
        json!(""),
        json!("nobody"),
        json!(["ada@example.com"]),
    ] {
        let document = json!({"sub": "1", "email": email, "email_verified": true});
        let profile = read("google", document);
        assert_eq!((profile.email, profile.email_verified), (None, false));
    }
    assert!(!read("x", json!({"data": {"id": "1"}})).email_verified);
}

/// The attack "nOAuth": the owner of a tenant puts another person's address into it.
#[test]
fn an_address_of_microsoft_needs_the_word_of_its_domain() {
    for (claims, verified) in [
        (json!({}), false),
        (json!({"email_verified": true}), false),
        (json!({"xms_edov": true}), true),
        (json!({"xms_edov": "1"}), true),
        (json!({"xms_edov": 1}), true),
        (json!({"xms_edov": false}), false),
        (json!({"xms_edov": "0"}), false),
        (json!({"verified_primary_email": ["Ada@Example.com"]}), true),
        (
            json!({"verified_primary_email": ["eve@example.com"]}),
            false,
        ),
        (json!({"verified_primary_email": "ada@example.com"}), false),
    ] {
        let mut document = json!({"oid": "1", "email": "ada@example.com"});
        let members = claims.as_object().unwrap().clone();
        document.as_object_mut().unwrap().extend(members);
        assert_eq!(
            read("microsoft", document).email_verified,
            verified,
            "{claims}"
        );
    }
}

#[test]
fn an_address_of_github_is_the_primary_and_verified_one() {
    let address = |email: &str, primary: bool, verified: bool| json!({"email": email, "primary": primary, "verified": verified, "visibility": null});
    for (addresses, wanted) in [
        (
            json!([
                address("b@example.com", false, true),
                address("a@example.com", true, true)
            ]),
            Some("a@example.com"),
        ),
        (
            json!([
                address("b@example.com", false, true),
                address("a@example.com", true, false)
            ]),
            None,
        ),
        (
            json!([{"email": "a@example.com", "primary": "true", "verified": "true"}]),
            None,
        ),
        (json!([]), None),
        // An error comes with status 200.
        (json!({"message": "Bad credentials"}), None),
    ] {
        let profile = read(
            "github",
            json!({"id": 1, "login": "a", "email": "shown@example.com"}),
        );
        let profile = profile.with_github_addresses(&addresses);
        let email = profile.email.as_ref().map(EmailAddress::as_str);
        assert_eq!(
            (email, profile.email_verified),
            (wanted, wanted.is_some()),
            "{addresses}"
        );
    }
}

/// A token of another app describes the same person, so it would sign anyone in that the other app knows.
#[test]
fn a_token_of_facebook_is_of_this_app() {
    let answer = |app: Value, valid: Value, user: Value| json!({"data": {"app_id": app, "type": "USER", "is_valid": valid, "user_id": user}});
    for (answer, accepted) in [
        (
            answer(json!("138483919580948"), json!(true), json!("1207059")),
            true,
        ),
        (
            answer(
                json!(138_483_919_580_948_u64),
                json!(true),
                json!(1_207_059),
            ),
            true,
        ),
        (answer(json!("99"), json!(true), json!("1207059")), false),
        (
            answer(json!("138483919580948"), json!(false), json!("1207059")),
            false,
        ),
        (
            answer(json!("138483919580948"), json!("true"), json!("1207059")),
            false,
        ),
        (
            answer(json!("138483919580948"), json!(true), json!("7")),
            false,
        ),
        (json!({"error": {"code": 190}}), false),
        (json!(null), false),
    ] {
        assert_eq!(
            is_facebook_token_of(&answer, "138483919580948", "1207059"),
            accepted,
            "{answer}"
        );
    }
}

#[test]
fn userinfo_completes_a_token_of_the_same_subject() {
    let token = read("gitlab", json!({"sub": "1", "name": "Ada"}));
    let userinfo = |value| read("gitlab", value);
    let other = userinfo(json!({"sub": "2", "email": "eve@example.com", "email_verified": true}));
    assert_eq!(token.clone().completed_by(other), None);
    let same = userinfo(
        json!({"sub": "1", "name": "Eve", "email": "ada@example.com", "email_verified": true}),
    );
    let whole = token.completed_by(same).unwrap();
    assert_eq!(
        parts(&whole),
        ("1", Some("ada@example.com"), true, Some("Ada"), None)
    );
    // The verification of one address says nothing about another.
    let unproved = userinfo(json!({"sub": "1", "email": "eve@example.com"}));
    assert!(!unproved.completed_by(whole.clone()).unwrap().email_verified);
    let same = userinfo(json!({"sub": "1", "email": "Ada@EXAMPLE.com"}));
    assert!(same.completed_by(whole).unwrap().email_verified);
}

#[test]
fn values_that_cannot_be_shown_are_missing() {
    let document = json!({"sub": "1", "name": "a\u{0}b", "preferred_username": "", "picture": "javascript:alert(1)", "locale": 7});
    let profile = read("gitlab", document);
    let Profile {
        name,
        username,
        picture,
        locale,
        ..
    } = profile;
    assert_eq!((name, username, picture, locale), (None, None, None, None));
    let user =
        json!({"name": {"firstName": "Ada", "lastName": "Lovelace"}, "email": "eve@example.com"});
    assert_eq!(apple_name(&user).as_deref(), Some("Ada Lovelace"));
    assert_eq!(apple_name(&json!({"email": "eve@example.com"})), None);
}

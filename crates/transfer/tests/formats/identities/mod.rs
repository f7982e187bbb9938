//! Identities at sign-in providers, as each system stores them.

mod better_auth;

use gatewright_transfer::{Format, Item, Options};
use serde_json::{Value, json};

use super::{fixture, records};

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const IN_TENANT: &str =
    "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0";
const PERSONAL: &str =
    "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
const OBJECT: &str = "690222be-ff1a-4d56-abd1-7e4f7d38e474";
/// A subject of Microsoft, which differs from app to app.
const PAIRWISE: &str = "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ";

fn named(providers: &[(&str, &str)]) -> Options {
    let pair = |(name, issuer): &(&str, &str)| ((*name).to_owned(), (*issuer).to_owned());
    Options {
        providers: providers.iter().map(pair).collect(),
        ..Options::default()
    }
}

/// Returns the identities of each user as `[provider, issuer, subject]`, and the reasons for those that are left out.
fn found(format: Format, text: &str, options: Options) -> Vec<(Vec<Value>, Vec<String>)> {
    let record = |record: gatewright_transfer::Record| {
        let Ok(Item::User(user)) = record.item else {
            panic!("{record:?}");
        };
        let identities = user.identities.unwrap_or_default().into_iter();
        let identity = identities.map(|found| json!([found.provider, found.issuer, found.subject]));
        (identity.collect(), record.left_out)
    };
    let records = records(format, text, options).into_iter();
    records.map(record).collect()
}

/// Returns what is found of the only user.
fn of_one(format: Format, text: &str, options: Options) -> (Vec<Value>, Vec<String>) {
    let mut found = found(format, text, options);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn unknown(name: &str) -> String {
    format!(
        "{name}: the issuer of this provider is not known; give it with --provider {name}=ISSUER"
    )
}

fn no_object(name: &str) -> String {
    format!(
        "{name}: Microsoft's accounts are known here by tenant and object ID, which the file does not have"
    )
}

fn no_team(name: &str) -> String {
    format!(
        "{name}: Slack's accounts are known here by team and user ID, and the file does not have both"
    )
}

fn other_id(name: &str, id: &str) -> String {
    format!("{name}: the provider knows the account by another identifier than {id}")
}

/// The form of `GET /api/v2/users` and of a users export with the field `identities`.
#[test]
fn auth0() {
    let user = json!({
        "user_id": "google-oauth2|103547991597142817347", "email": "ada@example.com", "email_verified": true,
        "identities": [
            {"provider": "google-oauth2", "user_id": "103547991597142817347", "connection": "google-oauth2", "isSocial": true},
            {"provider": "auth0", "user_id": "5dea9f9c82dd7c0e76e4ec93", "connection": "Username-Password-Authentication", "isSocial": false},
            {"provider": "github", "user_id": 583_231, "connection": "github", "isSocial": true,
             "profileData": {"email": "ada@work.example", "name": "Ada"}},
            {"provider": "windowslive", "user_id": "4cf0a30169d55031", "connection": "windowslive", "isSocial": true},
            {"provider": "oauth2", "user_id": "spotify|spotify:user:1253470477", "connection": "spotify", "isSocial": true},
            {"provider": "oauth2", "user_id": "sign-in-with-slack|T048F0ANS1M-U066Q9JAU3B", "connection": "sign-in-with-slack", "isSocial": true},
            {"provider": "waad", "user_id": OBJECT, "connection": "work", "isSocial": false},
            {"provider": "waad", "user_id": PAIRWISE, "connection": "old", "isSocial": false},
            {"provider": "oidc", "user_id": "acme|s1", "connection": "acme", "isSocial": false},
            {"provider": "google-apps", "user_id": "ada@example.com", "connection": "workspace", "isSocial": false},
            // The connection's name is the administrator's choice: this is not GitHub.
            {"provider": "oidc", "user_id": "github|1", "connection": "github", "isSocial": false},
            {"provider": "twitter", "user_id": "ada", "connection": "twitter", "isSocial": true},
        ],
    });
    let (identities, left_out) = of_one(
        Format::Auth0,
        &user.to_string(),
        named(&[("work", IN_TENANT)]),
    );
    assert_eq!(
        identities,
        [
            json!([
                "google",
                "https://accounts.google.com",
                "103547991597142817347"
            ]),
            json!(["github", "https://github.com", "583231"]),
            json!([
                "microsoft",
                PERSONAL,
                "00000000-0000-0000-4cf0-a30169d55031"
            ]),
            json!(["spotify", "https://accounts.spotify.com", "1253470477"]),
            json!(["slack", "https://slack.com", "T048F0ANS1M-U066Q9JAU3B"]),
            json!(["microsoft", IN_TENANT, OBJECT]),
        ]
    );
    assert_eq!(
        left_out,
        [
            no_object("old"),
            unknown("acme"),
            unknown("workspace"),
            unknown("github"),
            other_id("twitter", "ada"),
        ]
    );
    let (identities, left_out) = of_one(
        Format::Auth0,
        r#"{"user_id": "oidc|acme|s1", "email": "a@example.com"}"#,
        named(&[("acme", "https://login.acme.example/")]),
    );
    assert_eq!(
        identities,
        [json!(["acme", "https://login.acme.example/", "s1"])]
    );
    assert_eq!(left_out, Vec::<String>::new());
}

/// The form of `GET /v1/users` of Clerk's Backend API.
#[test]
fn clerk() {
    let verified = json!({"status": "verified", "strategy": "oauth_google"});
    let account = |provider: &str, id: &str| {
        json!({
            "object": "external_account", "id": "eac_1", "provider": provider, "identification_id": "idn_1",
            "provider_user_id": id, "approved_scopes": "email openid profile", "email_address": "ada@gmail.example",
            "first_name": "Ada", "last_name": "Lovelace", "username": null, "verification": verified,
        })
    };
    let mut pending = account("oauth_github", "583231");
    pending["verification"]["status"] = "unverified".into();
    let mut silent = account("oauth_discord", "80351110224678912");
    silent.as_object_mut().unwrap().remove("verification");
    let user = json!([{
        "id": "user_2YDryYFVMM1W1plDDKz7Gzf4we6", "object": "user", "username": null, "first_name": "Ada", "last_name": null,
        "primary_email_address_id": "idn_9", "primary_phone_number_id": null, "phone_numbers": [], "external_id": null,
        "email_addresses": [
            {"id": "idn_8", "email_address": "old@example.com", "verification": {"status": "unverified"}},
            {"id": "idn_9", "email_address": "ada@example.com", "verification": {"status": "verified"}},
        ],
        "external_accounts": [
            account("oauth_google", "117"), account("oauth_microsoft", OBJECT), account("oauth_custom_acme", "s1"), pending, silent,
        ],
        "unsafe_metadata": {}, "created_at": 1_705_314_600_123_i64, "banned": false,
    }]);
    let records = records(
        Format::Clerk,
        &user.to_string(),
        named(&[("custom_acme", "https://acme.example")]),
    );
    let Ok(Item::User(found)) = &records[0].item else {
        panic!("{records:?}");
    };
    assert_eq!(
        serde_json::to_value(found).unwrap(),
        json!({
            "email": "ada@example.com", "email_verified": true, "display_name": "Ada",
            "created_at": "2024-01-15T10:30:00.123Z",
            "identities": [
                {"provider": "google", "issuer": "https://accounts.google.com", "subject": "117",
                 "email": "ada@gmail.example", "label": "Ada Lovelace"},
                {"provider": "customacme", "issuer": "https://acme.example", "subject": "s1",
                 "email": "ada@gmail.example", "label": "Ada Lovelace"},
            ],
        })
    );
    let unverified =
        |name: &str| format!("{name}: Clerk has not verified that the account belongs to the user");
    assert_eq!(
        records[0].left_out,
        [
            no_object("microsoft"),
            unverified("github"),
            unverified("discord")
        ]
    );
}

#[test]
fn an_unproved_address_of_clerk_is_not_verified() {
    let user = json!({
        "primary_email_address_id": "idn_9",
        "email_addresses": [{"id": "idn_9", "email_address": "ada@example.com", "verification": null}],
    });
    let users = super::users(Format::Clerk, &user.to_string());
    assert_eq!(
        users,
        [json!({"email": "ada@example.com", "email_verified": false})]
    );
}

#[test]
fn supabase() {
    let text = fixture("supabase_identities_pg_copy.sql");
    let expected = [
        (
            vec![
                json!([
                    "google",
                    "https://accounts.google.com",
                    "103547991597142817347"
                ]),
                json!(["github", "https://github.com", "583231"]),
                json!(["microsoft", IN_TENANT, OBJECT]),
                json!(["linkedin", "https://www.linkedin.com/oauth", "782bbtaQ"]),
            ],
            vec![no_object("azure"), unknown("gitlab"), unknown("keycloak")],
        ),
        (Vec::new(), Vec::new()),
    ];
    assert_eq!(found(Format::Supabase, &text, Options::default()), expected);
    // In a column of the CSV.
    let identities = json!([
        {"provider_id": "117", "user_id": "u", "identity_data": {"iss": "https://accounts.google.com", "sub": "117"}, "provider": "google"},
        {"provider_id": "u", "user_id": "u", "identity_data": {"sub": "u"}, "provider": "email"},
        {"provider_id": "U1", "user_id": "u", "identity_data": {"sub": "U1", "custom_claims": {"https://slack.com/team_id": "T1"}}, "provider": "slack_oidc"},
        {"provider_id": "U1", "user_id": "u", "identity_data": {"sub": "U1"}, "provider": "slack"},
    ]);
    let cell = identities.to_string().replace('"', "\"\"");
    let text = format!("id,email,encrypted_password,identities\nu,a@example.com,,\"{cell}\"\n");
    let google = json!(["google", "https://accounts.google.com", "117"]);
    assert_eq!(
        of_one(Format::Supabase, &text, Options::default()),
        (
            vec![google, json!(["slack", "https://slack.com", "T1-U1"])],
            vec![no_team("slack")]
        )
    );
}

/// `firebase auth:export` has four providers; the answer of `accounts:batchGet` has all.
#[test]
fn firebase() {
    let of = |provider: &str, id: &str| json!({"providerId": provider, "rawId": id, "federatedId": id, "displayName": "Ada"});
    let users = json!({"users": [{"localId": "1", "email": "ada@example.com", "emailVerified": true, "providerUserInfo": [
        of("google.com", "117"), of("facebook.com", "10158"), of("twitter.com", "2244994945"), of("github.com", "583231"),
        of("apple.com", "001234.0123456789abcdef.0123"), of("microsoft.com", "4cf0a30169d55031"), of("password", "ada@example.com"),
        of("phone", "+15550100"), of("oidc.acme", "s1"), of("yahoo.com", "Y1"),
    ]}]});
    let text = serde_json::to_string_pretty(&users).unwrap();
    let (identities, left_out) = of_one(
        Format::Firebase,
        &text,
        named(&[("oidc.acme", "https://acme.example")]),
    );
    assert_eq!(
        identities,
        [
            json!(["google", "https://accounts.google.com", "117"]),
            json!(["facebook", "https://www.facebook.com", "10158"]),
            json!(["x", "https://x.com", "2244994945"]),
            json!(["github", "https://github.com", "583231"]),
            json!([
                "apple",
                "https://appleid.apple.com",
                "001234.0123456789abcdef.0123"
            ]),
            json!([
                "microsoft",
                PERSONAL,
                "00000000-0000-0000-4cf0-a30169d55031"
            ]),
            json!(["oidcacme", "https://acme.example", "s1"]),
        ]
    );
    assert_eq!(left_out, [unknown("yahoo.com")]);
    let csv = "1,ada@example.com,true,,,Ada,,117,ada@gmail.example,Ada,https://example.com/a.png,10158,,,,,,,,583231,,octocat,,1705314600123,,,,,\n";
    let (identities, left_out) = of_one(Format::Firebase, csv, Options::default());
    assert_eq!(
        identities,
        [
            json!(["google", "https://accounts.google.com", "117"]),
            json!(["facebook", "https://www.facebook.com", "10158"]),
            json!(["github", "https://github.com", "583231"]),
        ]
    );
    assert_eq!(left_out, Vec::<String>::new());
}

#[test]
fn fastapi_users() {
    let text = fixture("fastapi_users_oauth_sqlite.sql");
    let expected = [
        (
            vec![
                json!([
                    "google",
                    "https://accounts.google.com",
                    "103547991597142817347"
                ]),
                json!(["github", "https://github.com", "583231"]),
                json!([
                    "microsoft",
                    PERSONAL,
                    "00000000-0000-0000-4cf0-a30169d55031"
                ]),
            ],
            vec![
                no_object("microsoft"),
                "reddit: fastapi-users knows the account by its user name, which can change"
                    .to_owned(),
                unknown("okta"),
            ],
        ),
        (Vec::new(), Vec::new()),
    ];
    assert_eq!(
        found(Format::FastapiUsers, &text, Options::default()),
        expected
    );
    let options = named(&[
        ("okta", "https://acme.okta.example"),
        ("microsoft", IN_TENANT),
    ]);
    let (identities, _) = found(Format::FastapiUsers, &text, options).remove(0);
    assert!(identities.contains(&json!(["okta", "https://acme.okta.example", "00u1a2b3"])));
    assert!(identities.contains(&json!(["microsoft", IN_TENANT, OBJECT])));
    // The accounts first, as pg_dump writes them.
    let (users, accounts) = text.split_once("CREATE TABLE oauth_account").unwrap();
    let turned = format!("CREATE TABLE oauth_account{accounts}\n{users}");
    assert_eq!(
        found(Format::FastapiUsers, &turned, Options::default()),
        expected
    );
}

#[test]
fn own_lines_have_identities_as_they_are() {
    let line = json!({"identities": [{"provider": "acme", "issuer": "https://acme.example", "subject": "s1", "label": "Ada"}]});
    let users = super::users(Format::Jsonl, &line.to_string());
    assert_eq!(users, [line]);
    let unknown = r#"{"identities": [{"provider": "acme", "issuer": "https://acme.example", "subject": "s1", "password": "x"}]}"#;
    let users = super::users(Format::Jsonl, unknown);
    assert!(users[0]["reason"].as_str().unwrap().contains("password"));
}

/// A dump whose second table comes last gives the users in the order of the file, also those that can't be read.
#[test]
fn users_stay_in_order_while_accounts_are_awaited() {
    let text = fixture("fastapi_users_oauth_sqlite.sql");
    let broken = text.replacen(
        "INSERT INTO user VALUES(",
        "INSERT INTO user VALUES('x');\nINSERT INTO user VALUES(",
        1,
    );
    let lines: Vec<_> = records(Format::FastapiUsers, &broken, Options::default())
        .into_iter()
        .map(|record| (record.line, record.item.is_ok()))
        .collect();
    assert_eq!(lines.len(), 3);
    assert!(!lines[0].1 && lines[1].1 && lines[2].1);
    assert!(lines.is_sorted());
}

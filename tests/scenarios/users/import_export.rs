use std::collections::BTreeMap;

use crate::auth::second_factor::{code_now, enrol};
use gatewright_tests::host::{Answer, Host, PASSWORD, Person, SETUP, Tokens};
use serde_json::{Value, json};

/// [`PASSWORD`] in Django's format, with few iterations.
const DJANGO: &str = "pbkdf2_sha256$1000$seasalt$3xmXbyk2QpiyNcnoBbzRPwEBsYPTbDlRdtmLyBvQltA=";
/// [`PASSWORD`] in bcrypt, at the lowest cost.
pub(crate) const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG";
const TOTP: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

async fn import(host: &Host, person: &Person, users: Value) -> Answer {
    let body = json!({ "users": users });
    host.send_as("POST", "/users/import", person.token(), body)
        .await
}

/// Returns the status of each user in an import.
fn statuses(answer: &Answer) -> Vec<&str> {
    answer.assert_ok();
    let results = answer.body["results"].as_array().unwrap().iter();
    results
        .map(|result| result["status"].as_str().unwrap())
        .collect()
}

async fn login(host: &Host, body: Value) -> Answer {
    host.post("/auth/login", body).await
}

/// Returns all lines of an export, by ID, read in pages of two.
async fn export(host: &Host, person: &Person, secrets: bool) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let mut path = format!("/users/export?limit=2&secrets={secrets}");
    loop {
        let answer = host.get_as(&path, person.token()).await;
        answer.assert_ok();
        let users = answer.body["users"].as_array().unwrap();
        assert!(users.len() <= 2);
        for mut user in users.iter().cloned() {
            // Recovery codes have no order.
            if let Some(codes) = user["recovery_codes"].as_array_mut() {
                codes.sort_by_key(Value::to_string);
            }
            let id = user["id"].as_str().unwrap().to_owned();
            assert_eq!(all.insert(id, user), None, "somebody comes twice");
        }
        let Some(cursor) = answer.body["next_cursor"].as_str() else {
            return all;
        };
        path = format!("/users/export?limit=2&secrets={secrets}&cursor={cursor}");
    }
}

/// New users are created, existing ones stay unchanged, and invalid ones are refused with all reasons.
#[tokio::test]
async fn an_import_says_of_each_what_became_of_him() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let users = json!([
        {
            "id": "018bcfe5-6800-7000-8000-0000000000aa",
            "email": "ada@example.com",
            "email_verified": true,
            "username": "ada",
            "display_name": "Ada",
            "password_hash": DJANGO,
            "roles": ["user", "premium"],
            "created_at": "2020-02-03T04:05:06Z",
            "last_login_at": "2021-02-03T04:05:06.789Z",
        },
        {"email": "ben@example.com", "password_hash": BCRYPT},
        {"username": "cleo", "disabled": true},
    ]);
    let body = json!({"users": users, "dry_run": true});
    let tried = host
        .send_as("POST", "/users/import", root.token(), body)
        .await;
    assert_eq!(statuses(&tried), ["created"; 3]);
    let all = host.get_as("/users", root.token()).await;
    assert_eq!(all.body["users"].as_array().unwrap().len(), 1);

    let imported = import(&host, &root, users.clone()).await;
    assert_eq!(statuses(&imported), ["created"; 3]);
    let id = "018bcfe5-6800-7000-8000-0000000000aa";
    assert_eq!(imported.body["results"][0]["id"], id);
    let ada = host.record(&root, id).await;
    for (field, value) in [
        ("email", json!("ada@example.com")),
        ("email_verified", json!(true)),
        ("username", json!("ada")),
        ("display_name", json!("Ada")),
        ("roles", json!(["premium", "user", "verified"])),
        ("created_at", json!("2020-02-03T04:05:06Z")),
        ("last_login_at", json!("2021-02-03T04:05:06.789Z")),
        ("has_password", json!(true)),
    ] {
        assert_eq!(ada[field], value, "{ada}");
    }
    let cleo = imported.body["results"][2]["id"].as_str().unwrap();
    let cleo = host.record(&root, cleo).await;
    assert_eq!(cleo["disabled"], true);
    assert_eq!(cleo["roles"], json!(["user"]));

    // The audit log records granted roles beyond the default one.
    let one = |answer: &Answer| answer.body["events"][0].is_object();
    let path = "/audit?kind=users.imported";
    let events = host.wait_until(path, root.token(), one).await;
    let details = json!({"created": 3, "granted": {"premium": [id]}});
    assert_eq!(events.body["events"][0]["details"], details);

    // The passwords work, though another service hashed them, and are then rehashed.
    for email in ["ada@example.com", "ben@example.com"] {
        host.login(email).await;
        let wrong = json!({"email": email, "password": "not the right password"});
        login(&host, wrong)
            .await
            .assert_error(401, "invalid_credentials");
        host.login(email).await;
    }

    // Repeated, also with other data, it changes nothing.
    let again = import(&host, &root, users).await;
    assert_eq!(statuses(&again), ["exists"; 3]);
    let other = json!([{
        "email": "ADA@example.com",
        "password_hash": BCRYPT,
        "display_name": "Eve",
        "roles": ["user", "admin"],
    }]);
    assert_eq!(statuses(&import(&host, &root, other).await), ["exists"]);
    let after = host.record(&root, id).await;
    assert_eq!(
        (&after["display_name"], &after["roles"]),
        (&ada["display_name"], &ada["roles"])
    );
}

/// A refused user doesn't affect the others.
#[tokio::test]
async fn an_import_refuses_who_breaks_a_rule() {
    let fields = r#"[{"name": "company", "max_length": 10}]"#;
    let host = Host::start(&[SETUP, ("PROFILE_FIELDS", fields)]);
    let root = host.administrator().await;
    let cases = [
        (json!({"display_name": "Nobody"}), "email"),
        (json!({"email": "no address"}), "email"),
        (json!({"username": "x"}), "username"),
        (json!({"username": "anna", "id": "not an identifier"}), "id"),
        (
            json!({"username": "anna", "password_hash": "nonsense"}),
            "password_hash",
        ),
        (
            json!({"username": "anna", "password_hash": "$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA"}),
            "password_hash",
        ),
        (json!({"username": "anna", "roles": ["unknown"]}), "roles"),
        (
            json!({"username": "anna", "profile": {"other": 1}}),
            "profile.other",
        ),
        (
            json!({"username": "anna", "profile": {"company": "x".repeat(11)}}),
            "profile.company",
        ),
        (
            json!({"username": "anna", "display_name": "x".repeat(101)}),
            "display_name",
        ),
        (
            json!({"username": "anna", "created_at": "yesterday"}),
            "created_at",
        ),
        (
            json!({"username": "anna", "totp_secret": "1"}),
            "totp_secret",
        ),
    ];
    let mut users: Vec<_> = cases.iter().map(|(user, _)| user.clone()).collect();
    users.push(json!({"email": "new@example.com", "username": "new"}));
    // The same again, and a name that another user has.
    users.push(json!({"email": "NEW@example.com"}));
    users.push(json!({"email": "other@example.com", "username": "New"}));
    for dry_run in [true, false] {
        let body = json!({"users": users, "dry_run": dry_run});
        let answer = host
            .send_as("POST", "/users/import", root.token(), body)
            .await;
        let results = statuses(&answer);
        for (at, (user, field)) in cases.iter().enumerate() {
            assert_eq!(results[at], "refused", "{user}");
            let errors = answer.body["results"][at]["errors"].as_array().unwrap();
            let error = &errors[0];
            let told = error["field"].as_str().unwrap();
            assert!(told.starts_with(field), "{user}: {errors:?}");
            assert!(error["code"].is_string() && error["message"].is_string());
        }
        let rest = &results[cases.len()..];
        assert_eq!(rest, ["created", "exists", "refused"], "{answer:?}");
        let errors = &answer.body["results"][cases.len() + 2]["errors"];
        assert_eq!(errors[0]["field"], "username");
    }
    // Several broken rules are reported together.
    let both = json!([{"email": "no address", "username": "x"}]);
    let answer = import(&host, &root, both).await;
    let errors = answer.body["results"][0]["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{errors:?}");
}

/// The maximum number of users in a call, and one more.
#[tokio::test]
async fn an_import_takes_five_hundred() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    // With all optional data.
    let users = |count: usize| -> Value {
        let user = |at: usize| {
            json!({
                "email": format!("person-number-{at}@example.com"),
                "display_name": "x".repeat(100),
                "password_hash": DJANGO,
            })
        };
        (0..count).map(user).collect()
    };
    for wrong in [json!([]), users(501)] {
        import(&host, &root, wrong)
            .await
            .assert_error(422, "validation_failed");
    }
    let all = host.get_as("/users", root.token()).await;
    assert_eq!(all.body["users"].as_array().unwrap().len(), 1);
    let answer = import(&host, &root, users(500)).await;
    assert_eq!(statuses(&answer), ["created"; 500]);
    let results = answer.body["results"].as_array().unwrap();
    let ids = results.iter().map(|result| result["id"].as_str().unwrap());
    // A database stores neighbours in the list side by side.
    assert!(ids.is_sorted_by(|one, next| one < next));
    host.login("person-number-499@example.com").await;
    for query in [
        "limit=0",
        "limit=501",
        "limit=x",
        "cursor=nonsense",
        "secrets=maybe",
    ] {
        let answer = host
            .get_as(&format!("/users/export?{query}"), root.token())
            .await;
        let status = answer.status.as_u16();
        assert!([400, 422].contains(&status), "{query}: {answer:?}");
    }
    let page = host.get_as("/users/export?limit=500", root.token()).await;
    assert_eq!(page.body["users"].as_array().unwrap().len(), 500);
    let cursor = page.body["next_cursor"].as_str().unwrap();
    let path = format!("/users/export?limit=500&cursor={cursor}");
    let rest = host.get_as(&path, root.token()).await;
    assert_eq!(rest.body["users"].as_array().unwrap().len(), 1);
    assert_eq!(rest.body["next_cursor"], json!(null));
}

/// A second factor is imported too: the codes of the authenticator app continue to work.
#[tokio::test]
async fn an_imported_second_factor_is_asked_for() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let ada = json!([{"email": "ada@example.com", "password_hash": BCRYPT, "totp_secret": TOTP}]);
    let answer = import(&host, &root, ada).await;
    assert_eq!(statuses(&answer), ["created"]);
    let id = answer.body["results"][0]["id"].as_str().unwrap();
    assert_eq!(host.record(&root, id).await["mfa_enabled"], true);
    let with =
        |code: &str| json!({"email": "ada@example.com", "password": PASSWORD, "totp_code": code});
    let asked = login(
        &host,
        json!({"email": "ada@example.com", "password": PASSWORD}),
    )
    .await;
    assert_eq!(asked.body["mfa_required"], true);
    login(&host, with("000000"))
        .await
        .assert_error(403, "invalid_code");
    let signed_in = login(&host, with(&code_now(TOTP))).await;
    signed_in.assert_ok();
    Tokens::of(&signed_in.body);
}

/// A complete export of one service is imported into another, which then behaves like the first.
#[tokio::test]
async fn an_export_makes_an_equal_service() {
    let fields = r#"[{"name": "company"}, {"name": "tier", "editable_by": "admin"}]"#;
    let settings = [SETUP, ("PROFILE_FIELDS", fields)];
    let first = Host::start(&settings);
    let root = first.administrator().await;
    let editor = json!({"name": "editor", "permissions": ["users:read"]});
    let made = first
        .send_as("POST", "/roles", root.token(), editor.clone())
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let ada = enrol(&first, first.person(&root, "ada", &["user"]).await.session).await;
    let eve = json!({
        "email": "eve@example.com",
        "email_verified": true,
        "username": "eve",
        "display_name": "Eve",
        "password": PASSWORD,
        "profile": {"company": "Engines", "tier": "gold"},
        "roles": ["user", "editor"],
    });
    let made = first.send_as("POST", "/users", root.token(), eve).await;
    assert_eq!(made.status, 201, "{made:?}");
    let old = json!([
        {"email": "ben@example.com", "password_hash": DJANGO, "created_at": "2020-02-03T04:05:06Z"},
        {"username": "cleo", "password_hash": BCRYPT, "disabled": true},
    ]);
    assert_eq!(statuses(&import(&first, &root, old).await), ["created"; 2]);

    // Unless requested, the export contains no credentials.
    let plain = export(&first, &root, false).await;
    assert_eq!(plain.len(), 5);
    for user in plain.values() {
        for secret in ["password_hash", "totp_secret", "recovery_codes"] {
            assert!(user.get(secret).is_none_or(Value::is_null), "{user}");
        }
    }
    let exported = export(&first, &root, true).await;
    assert_eq!(exported.len(), 5);

    let second = Host::start(&settings);
    let body = json!({"token": SETUP.1, "email": "second@example.com", "password": PASSWORD});
    let made = second.post("/setup", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let other = Person {
        id: made.body["id"].as_str().unwrap().to_owned(),
        email: "second@example.com".to_owned(),
        session: second.login("second@example.com").await,
    };
    let made = second
        .send_as("POST", "/roles", other.token(), editor)
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let users: Value = exported.values().cloned().collect();
    let imported = import(&second, &other, users.clone()).await;
    assert_eq!(statuses(&imported), ["created"; 5]);
    let again = import(&second, &other, users).await;
    assert_eq!(statuses(&again), ["exists"; 5]);

    for id in exported.keys() {
        let (here, there) = (
            first.record(&root, id).await,
            second.record(&other, id).await,
        );
        for (field, value) in here.as_object().unwrap() {
            if !["updated_at", "disabled_at"].contains(&field.as_str()) {
                assert_eq!(there[field], *value, "{field}: {here} {there}");
            }
        }
    }
    let mut back = export(&second, &other, true).await;
    assert!(back.remove(&other.id).is_some());
    assert_eq!(back, exported);

    // The credentials are valid at both.
    for host in [&first, &second] {
        for email in ["root@example.com", "eve@example.com", "ben@example.com"] {
            host.login(email).await;
        }
        let cleo = json!({"username": "cleo", "password": PASSWORD});
        login(host, cleo)
            .await
            .assert_error(403, "account_disabled");
        let alone = json!({"email": "ada@example.com", "password": PASSWORD});
        assert_eq!(login(host, alone.clone()).await.body["mfa_required"], true);
        for code in [code_now(&ada.secret), ada.recovery_codes[0].clone()] {
            let mut with_code = alone.clone();
            with_code["totp_code"] = code.clone().into();
            let signed_in = login(host, with_code.clone()).await;
            signed_in.assert_ok();
            Tokens::of(&signed_in.body);
            // A code is valid once.
            login(host, with_code)
                .await
                .assert_error(403, "invalid_code");
        }
    }
    let root = second.login("root@example.com").await.access_token;
    second.get_as("/users", &root).await.assert_ok();
}

/// V8.2.2: importing users grants nothing beyond the caller's own permissions, and only superadmins can export secrets.
#[tokio::test]
async fn moving_users_is_no_way_to_more_rights() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let mover = json!({
        "name": "mover",
        "permissions": ["users:read", "users:import", "users:export"],
    });
    let made = host.send_as("POST", "/roles", root.token(), mover).await;
    assert_eq!(made.status, 201, "{made:?}");
    let max = host.person(&root, "max", &["user", "mover"]).await;
    let users = json!([
        {"email": "a@example.com", "roles": ["user", "superadmin"], "password_hash": BCRYPT},
        {"email": "b@example.com", "roles": ["admin"], "password_hash": BCRYPT},
        // A role of the caller's own rank can't be granted.
        {"email": "c@example.com", "roles": ["mover"], "password_hash": BCRYPT},
        {"email": "d@example.com", "roles": ["user", "premium"], "password_hash": BCRYPT},
    ]);
    let answer = import(&host, &max, users).await;
    assert_eq!(
        statuses(&answer),
        ["refused", "refused", "refused", "created"]
    );
    for at in [0, 1, 2] {
        let error = &answer.body["results"][at]["errors"][0];
        let field = error["field"].as_str().unwrap();
        assert!(field.starts_with("roles"), "{error}");
        assert_eq!(error["code"], "grant_not_held");
    }
    assert_eq!(export(&host, &max, false).await.len(), 3);
    host.get_as("/users/export?secrets=true", max.token())
        .await
        .assert_error(403, "forbidden");
    let path = "/users/export?secrets=true";
    host.get_as(path, root.token()).await.assert_ok();
}

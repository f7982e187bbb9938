use std::collections::BTreeSet;

use gatewright_tests::MailService;
use gatewright_tests::host::{Answer, Host, PASSWORD, Person, SETUP, Tokens};
use serde_json::{Value, json};

const NOBODY: &str = "/users/018bcfe5-6800-7000-8000-000000000000";
const NEW: &str = "a new and better password";

async fn send(host: &Host, person: &Person, method: &str, path: &str, body: Value) -> Answer {
    host.send_as(method, path, person.token(), body).await
}

/// Makes a user, who has to be taken.
async fn make(host: &Host, person: &Person, body: Value) -> Value {
    let answer = send(host, person, "POST", "/users", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body
}

/// Calls a route that answers nothing.
#[track_caller]
fn done(answer: &Answer) {
    assert_eq!(answer.status, 204, "{answer:?}");
}

async fn login(host: &Host, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    host.post("/auth/login", body).await
}

/// The addresses in a list of users, in its order; where there is none, the user name.
fn listed(answer: &Answer) -> Vec<String> {
    answer.assert_ok();
    let users = answer.body["users"].as_array().unwrap().iter();
    let name = |user: &Value| {
        let email = user["email"].as_str();
        email
            .or_else(|| user["username"].as_str())
            .unwrap()
            .to_owned()
    };
    users.map(name).collect()
}

/// The token of the link in the next mail to an address, whatever came before it.
fn link_to(mail: &MailService, kind: &str, to: &str) -> String {
    loop {
        let message = mail.next().message;
        if message["kind"] == kind && message["to"] == to {
            let text = message["text"].as_str().unwrap();
            let token = text.split("?token=").nth(1).unwrap();
            return token.chars().take_while(|c| !c.is_whitespace()).collect();
        }
    }
}

/// A point in time in a form that sorts as text: RFC 3339 leaves zeros at the end out.
fn sortable(time: &Value) -> String {
    let Some(time) = time.as_str() else {
        return String::new();
    };
    let time = time.strip_suffix('Z').unwrap();
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, ""));
    format!("{seconds}.{fraction:0<9}")
}

/// The beginning of an address, a user name, a word of the name, or a text of the profile finds a user, once.
#[tokio::test]
async fn users_are_found_by_search() {
    let fields = json!([{"name": "company", "max_length": 40}, {"name": "age", "type": "integer"}]);
    let host = Host::start(&[SETUP, ("PROFILE_FIELDS", &fields.to_string())]);
    let root = host.administrator().await;
    let people = [
        json!({"email": "ada@example.com", "username": "ada", "display_name": "Ada Lovelace",
            "profile": {"company": "Adams & Sons"}}),
        json!({"email": "charles@example.com", "username": "babbage",
            "display_name": "Charles Babbage", "profile": {"company": "Analytical Engines", "age": 45}}),
        json!({"username": "adele", "display_name": "Émilie du Châtelet"}),
        json!({"email": "lovelock@example.com", "display_name": "Lock Smith"}),
    ];
    for person in people {
        make(&host, &root, person).await;
    }
    let search = async |text: &str| {
        let path = format!("/users?search={text}");
        host.get_as(&path, root.token()).await
    };
    for (text, found) in [
        ("charles@", vec!["charles@example.com"]),
        ("CHARLES@EX", vec!["charles@example.com"]),
        ("babb", vec!["charles@example.com"]),
        ("Analytical%20Eng", vec!["charles@example.com"]),
        ("analyt", vec!["charles@example.com"]),
        // The middle of something is no beginning.
        ("abbage", vec![]),
        ("example.com", vec![]),
        ("45", vec![]),
        ("ch%C3%A2te", vec!["adele"]),
        ("%C3%89mil", vec!["adele"]),
        // By address first, then by user name, then by the rest.
        ("love", vec!["lovelock@example.com", "ada@example.com"]),
        ("ad", vec!["ada@example.com", "adele"]),
        // What means something to SQL means nothing here.
        ("%25", vec![]),
        ("_", vec![]),
        ("a_a", vec![]),
        ("%25da", vec![]),
        ("'", vec![]),
        ("zz", vec![]),
    ] {
        assert_eq!(listed(&search(text).await), found, "{text}");
    }
    // Page by page everybody comes once, also who is found in several ways.
    let mut found = Vec::new();
    let mut next = String::new();
    loop {
        let page = search(&format!("ad&limit=1{next}")).await;
        found.extend(listed(&page));
        let Some(cursor) = page.body["next_cursor"].as_str() else {
            break;
        };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(found, ["ada@example.com", "adele"]);
    // The order is that of the match.
    let sorted = search("ad&sort=email").await;
    sorted.assert_error(422, "validation_failed");
    // Found by what they are called now.
    let path = "/users?search=charles";
    let charles = host.get_as(path, root.token()).await.body["users"][0]["id"].clone();
    let path = format!("/users/{}", charles.as_str().unwrap());
    let renamed = json!({"display_name": "Karl", "profile": {"company": null}});
    send(&host, &root, "PATCH", &path, renamed)
        .await
        .assert_ok();
    assert_eq!(listed(&search("karl").await), ["charles@example.com"]);
    assert!(listed(&search("analyt").await).is_empty());
}

/// Each filter, by itself and with others.
#[tokio::test]
async fn users_are_filtered() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    make(&host, &root, json!({"email": "ada@example.com"})).await;
    let mia = host.person(&root, "mia", &["user", "moderator"]).await;
    let ben = make(
        &host,
        &root,
        json!({"email": "ben@example.com", "email_verified": true}),
    )
    .await;
    let disable = format!("/users/{}/disable", ben["id"].as_str().unwrap());
    done(&host.call_as("POST", &disable, root.token()).await);
    let list = async |query: &str| {
        let path = format!("/users?sort=email&{query}");
        let all = listed(&host.get_as(&path, root.token()).await);
        let short = |email: &String| email.strip_suffix("@example.com").unwrap().to_owned();
        let others = all.iter().map(short).filter(|name| name != "root");
        others.collect::<Vec<_>>()
    };
    assert_eq!(list("").await, ["ada", "ben", "mia"]);
    for (query, found) in [
        ("role=moderator", vec!["mia"]),
        ("role=premium", vec![]),
        ("verified=false&role=user", vec!["ada"]),
        ("verified=true&role=user", vec!["ben", "mia"]),
        ("disabled=true", vec!["ben"]),
        ("disabled=false", vec!["ada", "mia"]),
        ("locked=true", vec![]),
        ("locked=false", vec!["ada", "ben", "mia"]),
        ("role=moderator&disabled=true", vec![]),
        ("role=moderator&disabled=false&verified=true", vec!["mia"]),
        (
            "created_from=2000-01-01T00:00:00Z&created_to=2001-01-01T00:00:00Z",
            vec![],
        ),
        ("created_to=9999-01-01T00:00:00Z", vec!["ada", "ben", "mia"]),
        // Who never signed in is in no range.
        ("last_login_from=2000-01-01T00:00:00Z", vec!["mia"]),
        ("last_login_to=9999-01-01T00:00:00Z", vec!["mia"]),
        ("last_login_to=2000-01-01T00:00:00Z", vec![]),
        // As another time zone writes it.
        (
            "created_from=2000-01-01T02:00:00%2B02:00&role=moderator",
            vec!["mia"],
        ),
    ] {
        assert_eq!(list(query).await, found, "{query}");
    }
    // From it on, and until just before it.
    let record = host.record(&root, &mia.id).await;
    for (range, field) in [("created", "created_at"), ("last_login", "last_login_at")] {
        let time = record[field].as_str().unwrap();
        let from = list(&format!("{range}_from={time}")).await;
        assert!(from.contains(&"mia".into()), "{range} {time} {from:?}");
        let to = list(&format!("{range}_to={time}")).await;
        assert!(!to.contains(&"mia".into()), "{range} {time} {to:?}");
    }
    // A search is filtered, too.
    let path = "/users?search=m&role=moderator";
    let found = listed(&host.get_as(path, root.token()).await);
    assert_eq!(found, [mia.email.as_str()]);
    let path = "/users?search=m&role=premium";
    let found = listed(&host.get_as(path, root.token()).await);
    assert!(found.is_empty());
}

/// The orders, up and down; what is not there comes before everything.
#[tokio::test]
async fn users_are_sorted() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    for person in [
        json!({"email": "Zoe@example.com", "username": "anton"}),
        json!({"email": "ben@example.com", "username": "Berta"}),
        json!({"username": "carl"}),
        json!({"email": "dora@example.com"}),
    ] {
        make(&host, &root, person).await;
    }
    host.person(&root, "mia", &["user"]).await;
    for (sort, field) in [
        ("created_at", "created_at"),
        ("last_login_at", "last_login_at"),
        ("email", "email"),
        ("username", "username"),
    ] {
        let list = async |sort: &str| {
            let path = format!("/users?sort={sort}");
            let answer = host.get_as(&path, root.token()).await;
            answer.assert_ok();
            let users = answer.body["users"].as_array().unwrap().clone();
            let key = |user: &Value| match field {
                "email" | "username" => {
                    let name = user[field].as_str().unwrap_or_default();
                    (name.to_lowercase(), user["id"].as_str().unwrap().to_owned())
                }
                time => (
                    sortable(&user[time]),
                    user["id"].as_str().unwrap().to_owned(),
                ),
            };
            users.iter().map(key).collect::<Vec<_>>()
        };
        let up = list(sort).await;
        assert_eq!(up.len(), 6);
        assert!(up.is_sorted(), "{sort}: {up:?}");
        let mut down = list(&format!("-{sort}")).await;
        down.reverse();
        assert_eq!(up, down, "{sort}");
    }
    let usual = host.get_as("/users", root.token()).await;
    let by_creation = host.get_as("/users?sort=created_at", root.token()).await;
    assert_eq!(listed(&usual), listed(&by_creation));
}

/// A walk through the pages meets everybody once, however many are added meanwhile.
#[tokio::test]
async fn pages_stay_right_while_users_are_added() {
    let host = Host::start(&[SETUP, ("LOGIN_ATTEMPTS_PER_IP", "0")]);
    let root = host.administrator().await;
    for at in 0..5 {
        let person = json!({"email": format!("k{at}@example.com"), "username": format!("k-{at}")});
        make(&host, &root, person).await;
    }
    let mut added = 0;
    for sort in [
        "created_at",
        "-created_at",
        "last_login_at",
        "-last_login_at",
        "email",
        "-email",
        "username",
        "-username",
    ] {
        let all = host.get_as("/users?limit=200", root.token()).await;
        assert_eq!(all.body["next_cursor"], json!(null));
        let before: BTreeSet<_> = listed(&all).into_iter().collect();
        let mut met = Vec::new();
        let mut path = format!("/users?sort={sort}&limit=2");
        for page in 0.. {
            assert!(page < 100, "{sort}: no end");
            let answer = host.get_as(&path, root.token()).await;
            let users = listed(&answer);
            assert!(users.len() <= 2);
            met.extend(users);
            let Some(cursor) = answer.body["next_cursor"].as_str() else {
                break;
            };
            path = format!("/users?sort={sort}&limit=2&cursor={cursor}");
            if page < 3 {
                // Before and behind where the walk is.
                let letter = ["a", "m", "z"][page];
                let email = format!("{letter}{added}@example.com");
                let name = format!("{letter}-{added}");
                host.register_with(json!({"email": email, "username": name}))
                    .await;
                added += 1;
            }
        }
        let distinct: BTreeSet<_> = met.iter().cloned().collect();
        assert_eq!(distinct.len(), met.len(), "{sort}: {met:?}");
        assert!(distinct.is_superset(&before), "{sort}: {met:?}");
    }
}

/// Parameters that mean nothing are refused, in the form of all errors.
#[tokio::test]
async fn bad_parameters_of_a_list_are_refused() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    make(&host, &root, json!({"email": "ada@example.com"})).await;
    let long = "A".repeat(5000);
    for query in [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=x",
        "limit=99999999999999999999999",
        "sort=password",
        "sort=--email",
        "sort=email,username",
        "verified=maybe",
        "disabled=1x",
        "locked=null",
        "created_from=yesterday",
        "created_to=2026-13-01T00:00:00Z",
        "last_login_from=1",
        "last_login_to=2026-01-01",
        "cursor=nonsense",
        "cursor=%00",
        "cursor=AAAA",
        &format!("cursor={long}"),
    ] {
        let answer = host.get_as(&format!("/users?{query}"), root.token()).await;
        let status = answer.status.as_u16();
        assert!([400, 414, 422].contains(&status), "{query}: {answer:?}");
        answer.assert_error_code(status);
    }
    // A cursor of another list is no way in, whatever comes out.
    let first = host.get_as("/users?sort=email&limit=1", root.token()).await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    for query in ["sort=created_at", "sort=-username", "search=a"] {
        let path = format!("/users?{query}&cursor={cursor}");
        let answer = host.get_as(&path, root.token()).await;
        assert!(answer.status.as_u16() < 500, "{query}: {answer:?}");
    }
    for path in [
        "/users/nonsense",
        NOBODY,
        "/users/018bcfe5-6800-7000-8000-00000000000g",
        "/users/%00",
        &format!("{NOBODY}/sessions"),
    ] {
        host.get_as(path, root.token())
            .await
            .assert_error(404, "not_found");
    }
}

/// Users are made with a password, without one, and with a link to choose one.
#[tokio::test]
async fn an_administrator_makes_users() {
    let mail = MailService::start();
    let fields = r#"[{"name": "tier", "editable_by": "admin"}]"#;
    let host = mail.host(&[SETUP, ("PROFILE_FIELDS", fields)]);
    let root = host.administrator().await;
    let ada = make(
        &host,
        &root,
        json!({
            "email": "ada@example.com",
            "username": "ada",
            "password": PASSWORD,
            "display_name": "Ada",
            "profile": {"tier": "gold"},
        }),
    )
    .await;
    for (field, value) in [
        ("email", json!("ada@example.com")),
        ("email_verified", json!(false)),
        ("email_verified_at", json!(null)),
        ("username", json!("ada")),
        ("display_name", json!("Ada")),
        ("profile", json!({"tier": "gold"})),
        ("disabled", json!(false)),
        ("disabled_at", json!(null)),
        ("locked_until", json!(null)),
        ("last_login_at", json!(null)),
        ("roles", json!(["user"])),
        ("permissions", json!([])),
        ("has_password", json!(true)),
        ("mfa_enabled", json!(false)),
    ] {
        assert_eq!(ada[field], value, "{field}: {ada}");
    }
    assert!(ada["created_at"].is_string() && ada["updated_at"].is_string());
    assert_eq!(host.record(&root, ada["id"].as_str().unwrap()).await, ada);
    // Nothing of a hash or a token, anywhere.
    assert!(!ada.to_string().contains("argon2"));
    login(&host, "ada@example.com", PASSWORD).await.assert_ok();

    let ben = make(
        &host,
        &root,
        json!({"email": "ben@example.com", "email_verified": true, "roles": ["user", "premium"]}),
    )
    .await;
    assert_eq!(ben["has_password"], false);
    assert_eq!(ben["roles"], json!(["premium", "user", "verified"]));
    login(&host, "ben@example.com", PASSWORD)
        .await
        .assert_error(401, "invalid_credentials");

    let invited = json!({"email": "cleo@example.com", "display_name": "Cleo", "invite": true});
    let cleo = make(&host, &root, invited).await;
    assert_eq!(cleo["has_password"], false);
    let token = link_to(&mail, "invitation", "cleo@example.com");
    let path = format!("/auth/reset-password/{token}");
    let short = host.post(&path, json!({"password": "short"})).await;
    assert_eq!(short.broken_rules(), ["password too_short"]);
    done(&host.post(&path, json!({"password": NEW})).await);
    host.post(&path, json!({"password": PASSWORD}))
        .await
        .assert_error(400, "link_used");
    login(&host, "cleo@example.com", NEW).await.assert_ok();
    // Who got the mail has the address.
    let cleo = host.record(&root, cleo["id"].as_str().unwrap()).await;
    assert_eq!(cleo["email_verified"], true);
    assert_eq!(cleo["roles"], json!(["user", "verified"]));

    for (body, status, code) in [
        (json!({"email": "ADA@example.com"}), 409, "email_taken"),
        (json!({"username": "Ada"}), 409, "username_taken"),
    ] {
        send(&host, &root, "POST", "/users", body)
            .await
            .assert_error(status, code);
    }
    for (body, field) in [
        (json!({}), "email"),
        (json!({"display_name": "Nobody"}), "email"),
        (json!({"email": "no address"}), "email"),
        (
            json!({"email": "d@example.com", "username": "x"}),
            "username",
        ),
        (
            json!({"email": "d@example.com", "password": "short"}),
            "password",
        ),
        (
            json!({"email": "d@example.com", "display_name": "x".repeat(101)}),
            "display_name",
        ),
        (
            json!({"email": "d@example.com", "profile": {"other": 1}}),
            "profile.other",
        ),
        (
            json!({"email": "d@example.com", "roles": ["unknown"]}),
            "roles",
        ),
        (json!({"email": "d@example.com", "roles": "user"}), "roles"),
        (json!({"username": "dieter", "invite": true}), "email"),
    ] {
        let answer = send(&host, &root, "POST", "/users", body.clone()).await;
        answer.assert_error(422, "validation_failed");
        let rules = answer.broken_rules();
        assert!(rules[0].starts_with(field), "{body}: {rules:?}");
    }
}

/// What is said of a user is changed; what is left out stays, and null takes away.
#[tokio::test]
async fn an_administrator_edits_users() {
    let fields = r#"[{"name": "company"}, {"name": "tier", "editable_by": "admin"}]"#;
    let host = Host::start(&[SETUP, ("PROFILE_FIELDS", fields)]);
    let root = host.administrator().await;
    let ben = json!({"email": "ben@example.com", "username": "ben"});
    make(&host, &root, ben).await;
    let ada = json!({
        "email": "ada@example.com",
        "password": PASSWORD,
        "profile": {"company": "Engines"},
    });
    let ada = make(&host, &root, ada).await;
    let path = format!("/users/{}", ada["id"].as_str().unwrap());
    let change = |body: Value| send(&host, &root, "PATCH", &path, body);

    let changed = change(json!({
        "username": "ada",
        "display_name": "Ada",
        "profile": {"tier": "gold"},
        "email_verified": true,
    }))
    .await;
    changed.assert_ok();
    for (field, value) in [
        ("email", json!("ada@example.com")),
        ("username", json!("ada")),
        ("display_name", json!("Ada")),
        ("profile", json!({"company": "Engines", "tier": "gold"})),
        ("email_verified", json!(true)),
        // The role follows.
        ("roles", json!(["user", "verified"])),
    ] {
        assert_eq!(changed.body[field], value, "{changed:?}");
    }
    assert!(changed.body["email_verified_at"].is_string());
    let changed = change(json!({"email_verified": false})).await;
    assert_eq!(changed.body["email_verified"], false);
    assert_eq!(changed.body["email_verified_at"], json!(null));
    assert_eq!(changed.body["roles"], json!(["user"]));

    let moved = json!({"email": "ada@example.org", "email_verified": true});
    let changed = change(moved).await;
    assert_eq!(changed.body["email"], "ada@example.org");
    assert_eq!(changed.body["roles"], json!(["user", "verified"]));
    login(&host, "ada@example.org", PASSWORD).await.assert_ok();
    login(&host, "ada@example.com", PASSWORD)
        .await
        .assert_error(401, "invalid_credentials");
    // Nobody has said that mail arrives at this one.
    let changed = change(json!({"email": "ada@example.net"})).await;
    assert_eq!(changed.body["email_verified"], false);
    assert_eq!(changed.body["roles"], json!(["user"]));

    let emptied = json!({"display_name": null, "profile": {"company": null, "tier": null}});
    let changed = change(emptied).await;
    assert_eq!(changed.body["display_name"], json!(null));
    assert_eq!(changed.body["profile"], json!({}));
    let changed = change(json!({"email": null})).await;
    changed.assert_ok();
    assert_eq!(changed.body["email"], json!(null));
    // There has to be something to sign in by.
    change(json!({"username": null}))
        .await
        .assert_error(422, "validation_failed");
    let changed = change(json!({})).await;
    changed.assert_ok();
    assert_eq!(changed.body["username"], "ada");

    change(json!({"email": "ben@example.com"}))
        .await
        .assert_error(409, "email_taken");
    change(json!({"username": "Ben"}))
        .await
        .assert_error(409, "username_taken");
    for body in [
        json!({"email": "no address"}),
        json!({"username": "x"}),
        json!({"display_name": "x".repeat(101)}),
        json!({"profile": {"other": 1}}),
        json!({"email_verified": "yes"}),
    ] {
        change(body).await.assert_error(422, "validation_failed");
    }
    send(&host, &root, "PATCH", NOBODY, json!({}))
        .await
        .assert_error(404, "not_found");
}

/// V7.4.2: who is disabled is out with the next request, by every door, until he is enabled.
#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let mia = host.person(&root, "mia", &["user", "moderator"]).await;
    let body = json!({"email": mia.email, "password": PASSWORD, "transport": "session"});
    let opaque = host.post("/auth/login", body).await;
    let opaque = opaque.body["access_token"].as_str().unwrap();
    host.get_as("/users", mia.token()).await.assert_ok();
    let disable = format!("{}/disable", mia.path());
    let enable = format!("{}/enable", mia.path());
    for _ in 0..2 {
        done(&host.call_as("POST", &disable, root.token()).await);
    }
    for token in [mia.token(), opaque] {
        for path in ["/users", "/auth/me", "/account"] {
            host.get_as(path, token)
                .await
                .assert_error(401, "session_ended");
        }
    }
    host.refresh(&mia.session.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
    login(&host, &mia.email, PASSWORD)
        .await
        .assert_error(403, "account_disabled");
    login(&host, &mia.email, "not the right password")
        .await
        .assert_error(401, "invalid_credentials");
    let record = host.record(&root, &mia.id).await;
    assert_eq!(record["disabled"], true);
    assert!(record["disabled_at"].is_string());

    for _ in 0..2 {
        done(&host.call_as("POST", &enable, root.token()).await);
    }
    let record = host.record(&root, &mia.id).await;
    assert_eq!(record["disabled"], false);
    assert_eq!(record["disabled_at"], json!(null));
    // What has ended does not come back.
    host.get_as("/auth/me", mia.token())
        .await
        .assert_error(401, "session_ended");
    let again = host.login(&mia.email).await;
    host.get_as("/users", &again.access_token).await.assert_ok();
    for action in ["disable", "enable", "unlock", "reset-password"] {
        let path = format!("{NOBODY}/{action}");
        host.call_as("POST", &path, root.token())
            .await
            .assert_error(404, "not_found");
    }
}

/// V6.3.1: an account that too many have guessed at is seen to be locked, and unlocked by an administrator.
#[tokio::test]
async fn a_locked_account_is_unlocked() {
    let host = Host::start(&[SETUP, ("LOGIN_ATTEMPTS_PER_ACCOUNT", "1")]);
    let root = host.administrator().await;
    let body = json!({"email": "ada@example.com", "username": "ada", "password": PASSWORD});
    let ada = make(&host, &root, body).await;
    let id = ada["id"].as_str().unwrap();
    let mut last = None;
    for network in 2..20 {
        let address = std::net::IpAddr::from([127, 0, 0, network]);
        let client = reqwest::Client::builder().local_address(address);
        let url = format!("{}/auth/login", host.base());
        let body = json!({"email": "ada@example.com", "password": "not the right password"});
        let guess = client.build().unwrap().post(url).json(&body);
        last = Some(Answer::of(guess).await);
    }
    last.unwrap().assert_error(429, "rate_limited");
    login(&host, "ada@example.com", PASSWORD)
        .await
        .assert_error(429, "rate_limited");
    let is_listed = |answer: &Answer| listed(answer) == ["ada@example.com"];
    host.wait_until("/users?locked=true", root.token(), is_listed)
        .await;
    let record = host.record(&root, id).await;
    assert!(record["locked_until"].is_string(), "{record}");
    let unlock = format!("/users/{id}/unlock");
    for _ in 0..2 {
        done(&host.call_as("POST", &unlock, root.token()).await);
    }
    let record = host.record(&root, id).await;
    assert_eq!(record["locked_until"], json!(null));
    let path = "/users?locked=true";
    assert!(listed(&host.get_as(path, root.token()).await).is_empty());
    login(&host, "ada@example.com", PASSWORD).await.assert_ok();
}

/// V6.4.6: an administrator makes a person choose a new password, and never gets to know it.
#[tokio::test]
async fn an_administrator_has_a_password_reset() {
    let mail = MailService::start();
    let host = mail.host(&[SETUP]);
    let root = host.administrator().await;
    let mia = host.person(&root, "mia", &["user"]).await;
    let reset = format!("{}/reset-password", mia.path());
    let asked = host.call_as("POST", &reset, root.token()).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    host.get_as("/auth/me", mia.token())
        .await
        .assert_error(401, "session_ended");
    host.refresh(&mia.session.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
    login(&host, &mia.email, PASSWORD)
        .await
        .assert_error(401, "invalid_credentials");
    assert_eq!(host.record(&root, &mia.id).await["has_password"], false);
    let token = link_to(&mail, "reset_required", &mia.email);
    assert!(!asked.text.contains(&token));
    let path = format!("/auth/reset-password/{token}");
    done(&host.post(&path, json!({"password": NEW})).await);
    login(&host, &mia.email, NEW).await.assert_ok();

    let nameless = make(
        &host,
        &root,
        json!({"username": "nameless", "password": PASSWORD}),
    )
    .await;
    let reset = format!("/users/{}/reset-password", nameless["id"].as_str().unwrap());
    host.call_as("POST", &reset, root.token())
        .await
        .assert_error(409, "no_email");
    // Who could not choose another one keeps it.
    let body = json!({"username": "nameless", "password": PASSWORD});
    host.post("/auth/login", body).await.assert_ok();
}

/// V7.5.2: an administrator sees the sessions of a user, and ends one or all.
#[tokio::test]
async fn an_administrator_ends_sessions() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let mia = host.person(&root, "mia", &["user"]).await;
    let second = host.login(&mia.email).await;
    let third = host.login(&mia.email).await;
    let path = format!("{}/sessions", mia.path());
    let list = async || {
        let answer = host.get_as(&path, root.token()).await;
        answer.assert_ok();
        answer.body["sessions"].as_array().unwrap().clone()
    };
    let sessions = list().await;
    assert_eq!(sessions.len(), 3);
    for session in &sessions {
        assert_eq!(session["ip"], "127.0.0.1");
        assert_eq!(session["current"], false);
        assert!(session["created_at"].is_string());
    }
    let id = async |tokens: &Tokens| {
        let me = host.get_as("/auth/me", &tokens.access_token).await;
        me.body["session_id"].as_str().unwrap().to_owned()
    };
    let of_second = format!("{path}/{}", id(&second).await);
    // Under another user it is not there.
    let elsewhere = format!("{}/sessions/{}", root.path(), id(&second).await);
    host.call_as("DELETE", &elsewhere, root.token())
        .await
        .assert_error(404, "not_found");
    host.get_as("/auth/me", &second.access_token)
        .await
        .assert_ok();
    done(&host.call_as("DELETE", &of_second, root.token()).await);
    host.call_as("DELETE", &of_second, root.token())
        .await
        .assert_error(404, "not_found");
    host.get_as("/auth/me", &second.access_token)
        .await
        .assert_error(401, "session_ended");
    assert_eq!(list().await.len(), 2);
    done(&host.call_as("DELETE", &path, root.token()).await);
    for tokens in [&mia.session, &third] {
        host.get_as("/auth/me", &tokens.access_token)
            .await
            .assert_error(401, "session_ended");
        host.refresh(&tokens.refresh_token)
            .await
            .assert_error(401, "invalid_refresh_token");
    }
    assert!(list().await.is_empty());
    done(&host.call_as("DELETE", &path, root.token()).await);
    host.login(&mia.email).await;
}

/// Roles are given and taken, by name and by identifier, however often.
#[tokio::test]
async fn roles_are_given_and_taken() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let ben = make(&host, &root, json!({"email": "ben@example.com"})).await;
    let id = ben["id"].as_str().unwrap();
    let roles = async || host.record(&root, id).await["roles"].clone();
    let premium = host.get_as("/roles/premium", root.token()).await;
    for role in ["premium", premium.body["id"].as_str().unwrap()] {
        let path = format!("/users/{id}/roles/{role}");
        for _ in 0..2 {
            done(&host.call_as("POST", &path, root.token()).await);
            assert_eq!(roles().await, json!(["premium", "user"]));
        }
        done(&host.call_as("DELETE", &path, root.token()).await);
        assert_eq!(roles().await, json!(["user"]));
    }
    for path in [
        format!("/users/{id}/roles/unknown"),
        format!("/users/{id}/roles/018bcfe5-6800-7000-8000-000000000000"),
        format!("{NOBODY}/roles/premium"),
    ] {
        for method in ["POST", "DELETE"] {
            host.call_as(method, &path, root.token())
                .await
                .assert_error(404, "not_found");
        }
    }
    // At the same time none is lost.
    let paths = ["premium", "moderator", "admin"].map(|role| format!("/users/{id}/roles/{role}"));
    let calls = paths
        .iter()
        .map(|path| host.call_as("POST", path, root.token()));
    for answer in futures::future::join_all(calls).await {
        done(&answer);
    }
    assert_eq!(
        roles().await,
        json!(["admin", "moderator", "premium", "user"])
    );
}

/// A deleted user is gone with all that was his.
#[tokio::test]
async fn a_user_is_deleted() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let mia = host.person(&root, "mia", &["user"]).await;
    done(&host.call_as("DELETE", &mia.path(), root.token()).await);
    for method in ["GET", "DELETE"] {
        host.call_as(method, &mia.path(), root.token())
            .await
            .assert_error(404, "not_found");
    }
    host.get_as("/auth/me", mia.token())
        .await
        .assert_error(401, "session_ended");
    host.refresh(&mia.session.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
    login(&host, &mia.email, PASSWORD)
        .await
        .assert_error(401, "invalid_credentials");
    // Somebody else may have the address.
    let again = host.person(&root, "mia", &["user"]).await;
    assert_ne!(again.id, mia.id);
}

/// V8.2.2: nobody administers his peers or superiors, in any way, nor who holds what he does not; reading is free.
#[tokio::test]
async fn nobody_administers_peers_or_superiors() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    for (role, rank, permissions) in [("god", 20, ["*"]), ("importer", 10, ["users:import"])] {
        let role = json!({"name": role, "rank": rank, "permissions": permissions});
        let made = send(&host, &root, "POST", "/roles", role).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    let adam = host.person(&root, "adam", &["user", "admin"]).await;
    let anna = host.person(&root, "anna", &["user", "admin"]).await;
    let gus = host.person(&root, "gus", &["user", "god"]).await;
    let ivy = host.person(&root, "ivy", &["user", "importer"]).await;
    let mia = host.person(&root, "mia", &["user", "moderator"]).await;
    let ben = host.person(&root, "ben", &["user"]).await;

    let calls = |target: &Person| {
        let of = |rest: &str| format!("{}{rest}", target.path());
        [
            ("PATCH", of("")),
            ("POST", of("/disable")),
            ("POST", of("/enable")),
            ("POST", of("/unlock")),
            ("POST", of("/reset-password")),
            ("DELETE", of("/sessions")),
            (
                "DELETE",
                of("/sessions/018bcfe5-6800-7000-8000-000000000000"),
            ),
            ("POST", of("/roles/premium")),
            ("DELETE", of("/roles/user")),
            ("POST", of("/impersonate")),
            ("DELETE", of("")),
        ]
    };
    for (actor, target) in [
        // A peer, a superior, oneself.
        (&adam, &anna),
        (&adam, &root),
        (&adam, &adam),
        // Who holds more, without standing higher.
        (&adam, &gus),
        (&adam, &ivy),
        // Who stands higher, without holding more.
        (&gus, &mia),
        (&gus, &adam),
        (&gus, &root),
    ] {
        for (method, path) in calls(target) {
            let body = json!({"display_name": "Changed"});
            let answer = send(&host, actor, method, &path, body).await;
            let code = &answer.body["error"]["code"];
            let told = format!("{} {method} {path}: {answer:?}", actor.email);
            assert_eq!(
                (answer.status.as_u16(), code),
                (403, &json!("insufficient_rank")),
                "{told}"
            );
        }
        // Nothing has happened to him.
        host.get_as("/auth/me", target.token()).await.assert_ok();
        let record = host.record(actor, &target.id).await;
        assert_eq!(record["display_name"], json!(null));
    }
    let change = json!({"display_name": "Changed"});
    for (actor, target) in [(&adam, &mia), (&adam, &ben), (&gus, &ben), (&gus, &ivy)] {
        let path = target.path();
        send(&host, actor, "PATCH", &path, change.clone())
            .await
            .assert_ok();
        let path = format!("{path}/roles/premium");
        done(&host.call_as("POST", &path, actor.token()).await);
        done(&host.call_as("DELETE", &path, actor.token()).await);
    }
    // Superadmins administer each other, or nobody could.
    let sue = host.person(&root, "sue", &["superadmin"]).await;
    send(&host, &root, "PATCH", &sue.path(), change)
        .await
        .assert_ok();
    done(&host.call_as("DELETE", &sue.path(), root.token()).await);
}

//! Lists of users: search, filters, order, pages.

use std::collections::BTreeSet;

use gatewright_tests::host::{Host, SETUP};
use serde_json::{Value, json};

use super::{NOBODY, done, listed, make, send};

/// Returns a time in a form that sorts as text, because RFC 3339 omits zeros at the end.
fn sortable(time: &Value) -> String {
    let Some(time) = time.as_str() else {
        return String::new();
    };
    let time = time.strip_suffix('Z').unwrap();
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, ""));
    format!("{seconds}.{fraction:0<9}")
}

/// The beginning of an address, a user name, a word of the name, or a profile text finds a user, once.
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
        // Only beginnings match.
        ("abbage", vec![]),
        ("example.com", vec![]),
        ("45", vec![]),
        ("ch%C3%A2te", vec!["adele"]),
        ("%C3%89mil", vec!["adele"]),
        // Matches by address first, then by user name, then by the rest.
        ("love", vec!["lovelock@example.com", "ada@example.com"]),
        ("ad", vec!["ada@example.com", "adele"]),
        // Wildcards of SQL have no special meaning.
        ("%25", vec![]),
        ("_", vec![]),
        ("a_a", vec![]),
        ("%25da", vec![]),
        ("'", vec![]),
        ("zz", vec![]),
    ] {
        assert_eq!(listed(&search(text).await), found, "{text}");
    }
    // Over all pages every user is listed once, even with several matches.
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
    // The order is that of the matches.
    let sorted = search("ad&sort=email").await;
    sorted.assert_error(422, "validation_failed");
    // Users are found by their current names.
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

/// Each filter, alone and combined.
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
        // A user who never signed in is in no range.
        ("last_login_from=2000-01-01T00:00:00Z", vec!["mia"]),
        ("last_login_to=9999-01-01T00:00:00Z", vec!["mia"]),
        ("last_login_to=2000-01-01T00:00:00Z", vec![]),
        // The same time in another time zone.
        (
            "created_from=2000-01-01T02:00:00%2B02:00&role=moderator",
            vec!["mia"],
        ),
    ] {
        assert_eq!(list(query).await, found, "{query}");
    }
    // The start is inclusive, and the end exclusive.
    let record = host.record(&root, &mia.id).await;
    for (range, field) in [("created", "created_at"), ("last_login", "last_login_at")] {
        let time = record[field].as_str().unwrap();
        let from = list(&format!("{range}_from={time}")).await;
        assert!(from.contains(&"mia".into()), "{range} {time} {from:?}");
        let to = list(&format!("{range}_to={time}")).await;
        assert!(!to.contains(&"mia".into()), "{range} {time} {to:?}");
    }
    // Searches can be filtered, too.
    let path = "/users?search=m&role=moderator";
    let found = listed(&host.get_as(path, root.token()).await);
    assert_eq!(found, [mia.email.as_str()]);
    let path = "/users?search=m&role=premium";
    let found = listed(&host.get_as(path, root.token()).await);
    assert!(found.is_empty());
}

/// All orders, ascending and descending; missing values come first.
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

/// A walk through the pages lists every user once, even while users are added.
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
                // Before and after the current position.
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

/// Invalid parameters are refused, in the usual form of errors.
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
    // A cursor of another list reveals nothing, whatever is returned.
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

use gatewright_tests::host::{Answer, Host, PASSWORD, Person, SETUP};
use reqwest::Method;
use serde_json::json;

const LOST: &str = "last_superadmin";

fn role_of(person: &Person) -> String {
    format!("{}/roles/superadmin", person.path())
}

/// The last superadmin can't be removed by anybody, in any way.
#[tokio::test]
async fn the_last_superadmin_stays() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let all_ways = async || {
        let disable = format!("{}/disable", root.path());
        host.call_as("POST", &disable, root.token())
            .await
            .assert_error(409, LOST);
        host.call_as("DELETE", &role_of(&root), root.token())
            .await
            .assert_error(409, LOST);
        let body = json!({ "password": PASSWORD });
        host.send_as("DELETE", "/account", root.token(), body)
            .await
            .assert_error(409, LOST);
    };
    all_ways().await;

    // A disabled superadmin can't prevent it.
    let sue = host.person(&root, "sue", &["superadmin"]).await;
    let disable = format!("{}/disable", sue.path());
    let disabled = host.call_as("POST", &disable, root.token()).await;
    assert_eq!(disabled.status, 204, "{disabled:?}");
    all_ways().await;
    // A disabled superadmin is not required either.
    let taken = host.call_as("DELETE", &role_of(&sue), root.token()).await;
    assert_eq!(taken.status, 204, "{taken:?}");
    let given = host.call_as("POST", &role_of(&sue), root.token()).await;
    assert_eq!(given.status, 204, "{given:?}");
    all_ways().await;

    let enable = format!("{}/enable", sue.path());
    let enabled = host.call_as("POST", &enable, root.token()).await;
    assert_eq!(enabled.status, 204, "{enabled:?}");
    let body = json!({ "password": PASSWORD });
    let deleted = host
        .send_as("DELETE", "/account", root.token(), body.clone())
        .await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    let sue = host.login(&sue.email).await.access_token;
    host.get_as("/users", &sue).await.assert_ok();
    host.send_as("DELETE", "/account", &sue, body)
        .await
        .assert_error(409, LOST);
}

/// Performs an action of one superadmin on another.
fn act(host: &Host, way: &str, actor: &Person, target: &Person) -> impl Future<Output = Answer> {
    if way == "delete" && actor.id == target.id {
        let own = host.request(Method::DELETE, "/account");
        return Answer::of(
            own.bearer_auth(actor.token())
                .json(&json!({"password": PASSWORD})),
        );
    }
    let (method, path) = match way {
        "demote" => (Method::DELETE, role_of(target)),
        "disable" => (Method::POST, format!("{}/disable", target.path())),
        "delete" => (Method::DELETE, target.path()),
        other => panic!("nobody can {other}"),
    };
    Answer::of(host.request(method, &path).bearer_auth(actor.token()))
}

/// Two superadmins remove each other concurrently, or both step down: one stays, every time.
#[tokio::test]
async fn of_two_who_go_at_once_one_stays() {
    let host = Host::start(&[
        SETUP,
        ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
        ("LOGIN_ATTEMPTS_PER_IP", "0"),
    ]);
    let mut stays = host.administrator().await;
    for (round, (first, second, mutual)) in [
        ("demote", "demote", true),
        ("disable", "disable", true),
        ("delete", "delete", true),
        ("demote", "disable", true),
        ("disable", "delete", true),
        ("delete", "demote", true),
        ("demote", "demote", false),
        ("disable", "disable", false),
        ("delete", "delete", false),
        ("delete", "disable", false),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("s{round}");
        let other = host.person(&stays, &name, &["superadmin"]).await;
        let (of_first, of_second) = if mutual {
            (&other, &stays)
        } else {
            (&stays, &other)
        };
        let (one, two) = futures::future::join(
            act(&host, first, &stays, of_first),
            act(&host, second, &other, of_second),
        )
        .await;
        let done = [&one, &two]
            .iter()
            .filter(|answer| answer.status == 204)
            .count();
        assert_eq!(done, 1, "{first} {second} {mutual}: {one:?} {two:?}");
        for answer in [&one, &two] {
            // A caller who is removed meanwhile is refused for that reason, and the last superadmin for being the last.
            let code = answer.body["error"]["code"].as_str().unwrap_or_default();
            let refused = [LOST, "forbidden", "insufficient_rank", "session_ended"].contains(&code);
            assert!(answer.status == 204 || refused, "{answer:?}");
        }
        let mut left = Vec::new();
        for person in [&stays, &other] {
            let path = "/users?role=superadmin&disabled=false";
            let answer = host.get_as(path, person.token()).await;
            if answer.status == 200 {
                let users = answer.body["users"].as_array().unwrap();
                assert_eq!(users.len(), 1, "{first} {second} {mutual}: {users:?}");
                assert_eq!(users[0]["id"], person.id);
                left.push(person.clone());
            }
        }
        assert_eq!(left.len(), 1, "{first} {second} {mutual}: {left:?}");
        stays = left.remove(0);
    }
}

use std::time::Duration;

use gatewright_tests::host::{Answer, Host, SETUP};
use gatewright_tests::postgres::Database;
use reqwest::Method;

/// Health probes, keys and the OpenAPI document.
#[tokio::test]
async fn machines_find_their_way() {
    let host = Host::start(&[]);
    for path in ["/healthz", "/readyz"] {
        let answer = host.get(path).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["status"]),
            (200, &"ok".into()),
            "{path}"
        );
    }
    let jwks = host.get("/.well-known/jwks.json").await;
    assert_eq!(jwks.header("cache-control"), "public, max-age=60");
    assert_eq!(jwks.body["keys"].as_array().unwrap().len(), 1);
    let document = host.get("/openapi.json").await;
    assert_eq!(document.body["openapi"], "3.1.0");
    assert!(document.body["paths"]["/auth/login"]["post"].is_object());
}

/// While nothing can be written, as on a full disk, the instance reports that it is not ready.
#[tokio::test]
async fn who_can_write_nothing_is_not_ready() {
    let host = Host::start(&[]);
    host.get("/readyz").await.assert_ok();
    let (file, connections) = (host.database(), host.postgres().map(Database::connect));
    if file.is_none() && connections.is_none() {
        return;
    }
    let change = |in_sqlite: &str, in_postgres: &[&str]| {
        if let Some(file) = &file {
            let database = rusqlite::Connection::open(file).unwrap();
            database.busy_timeout(Duration::from_secs(5)).unwrap();
            database.execute_batch(in_sqlite).unwrap();
        }
        if let Some(connections) = &connections {
            connections.run(in_postgres).unwrap();
        }
    };
    change(
        "CREATE TRIGGER full BEFORE INSERT ON limits BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END",
        &[
            "CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END $$",
            "CREATE TRIGGER is_full BEFORE INSERT ON limits FOR EACH ROW EXECUTE FUNCTION is_full()",
        ],
    );
    // A recent write counts for five seconds.
    let host = host.restart_later(6);
    for _ in 0..2 {
        host.get("/readyz").await.assert_error(503, "unavailable");
        host.get("/healthz").await.assert_ok();
    }
    change("DROP TRIGGER full", &["DROP TRIGGER is_full ON limits"]);
    host.get("/readyz").await.assert_ok();
}

/// The version is shown where monitors and operators look for it.
#[tokio::test]
async fn the_version_is_told() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let version = auth_core::VERSION;
    assert_eq!(host.get("/healthz").await.body["version"], version);
    host.wait_for_line(&["gatewright starts", version]);
    let told = |answer: &Answer| answer.body["events"][0]["details"]["version"] == version;
    host.wait_until("/audit?kind=settings.loaded", root.token(), told)
        .await;
}

/// Every request has an ID, the client's own if it has a simple form.
#[tokio::test]
async fn every_answer_names_its_request() {
    let host = Host::start(&[]);
    let given = |id: &str| {
        Answer::of(
            host.request(Method::GET, "/healthz")
                .header("x-request-id", id),
        )
    };
    assert_eq!(given("abc-123").await.header("x-request-id"), "abc-123");
    let made = given("not plain <script>").await;
    assert!(!made.header("x-request-id").contains(' '));
    assert_ne!(
        made.header("x-request-id"),
        host.get("/nothing").await.header("x-request-id")
    );
    assert_eq!(made.header("x-content-type-options"), "nosniff");
}

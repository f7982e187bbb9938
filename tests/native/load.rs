//! More requests than the host can serve, and its threads.

use gatewright_tests::host::Host;
use serde_json::json;

/// Hashing threads yield to the host's other work, but not to every other program: at the lowest priority, a busy
/// neighbour would delay logins until they time out.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn threads_that_hash_are_nice_within_bounds() {
    let mut host = Host::start(&[]);
    host.register("ada@example.com").await;
    let tasks = std::fs::read_dir(format!("/proc/{}/task", host.process_id())).unwrap();
    let nice_of = |task: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(task.unwrap().path().join("stat")).unwrap();
        let (name, rest) = stat.split_once('(').unwrap().1.split_once(") ").unwrap();
        // The nineteenth field; `rest` begins with the third.
        let nice: i32 = rest.split(' ').nth(16).unwrap().parse().unwrap();
        (name.to_owned(), nice)
    };
    let threads: Vec<_> = tasks.map(nice_of).collect();
    let (hashes, others): (Vec<_>, Vec<_>) = threads.iter().partition(|(name, _)| name == "hashes");
    let usual = others.iter().map(|(_, nice)| *nice).min().unwrap();
    assert!(
        !hashes.is_empty()
            && hashes
                .iter()
                .all(|(_, nice)| (usual + 1..=usual + 5).contains(nice)),
        "{threads:?}"
    );
}

#[tokio::test]
async fn an_overload_is_answered_with_503_and_retry_after() {
    // Real hashes, one thread, and room for two waiting requests.
    let host = Host::start(&[
        ("THREADS", "1"),
        ("MAX_WAITING_HASHES", "2"),
        ("ARGON2_MEMORY_KIB", "65536"),
        ("ARGON2_ITERATIONS", "3"),
        ("INSTANCE_MEMORY_MIB", "208"),
    ]);
    let login = || {
        host.post(
            "/auth/login",
            json!({"email": "nobody@example.com", "password": "wrong"}),
        )
    };
    let answers = futures::future::join_all((0..20).map(|_| login())).await;
    let refused: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 503)
        .collect();
    assert!(
        !refused.is_empty() && refused.len() < 20,
        "{} of 20 were refused",
        refused.len()
    );
    for answer in refused {
        answer.assert_error(503, "unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == 503 || answer.status == 401)
    );
    login().await.assert_error(401, "invalid_credentials");
}

#[tokio::test]
async fn http_2_is_served() {
    let host = Host::start(&[]);
    let client = reqwest::Client::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let answer = client
        .get(format!("{}/healthz", host.base()))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (answer.version(), answer.status().as_u16()),
        (reqwest::Version::HTTP_2, 200)
    );
}

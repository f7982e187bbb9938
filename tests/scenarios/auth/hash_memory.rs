use gatewright_tests::host::{Host, PASSWORD, SETUP};
use serde_json::{Value, json};

use crate::users::import_export::BCRYPT;

/// [`PASSWORD`] in hashes of full size, with the MiB that each takes: Argon2 by argon2-cffi with the defaults of
/// fastapi-users and, in its own form, of Django, scrypt by `hashlib` as better-auth, passlib and OWASP have it, and one that takes none.
const HASHES: [(u32, &str); 6] = [
    (
        64,
        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$mtB7vZKFuEQDVzeZe5lTtf3BPC1e5BL1UKy7IW/SpV0",
    ),
    (
        100,
        "argon2$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHRzb21lc2FsdA$nAxJDE+6muBVnEq+Vap8A+vVP4K2jQuCRp982xFMT4c",
    ),
    (
        32,
        "00112233445566778899aabbccddeeff:f5b22309b28fe412c82a4b2cab57498b8f8a42c849af16cb908974048f61c13933421858db3a8f111430bdc493c7cef90f61f904061c77206e3820a2e8b11bc2",
    ),
    (
        64,
        "$scrypt$ln=16,r=8,p=1$c2Vhc2FsdA$HoyHo7JVYOS1iMcmcUonntd63xXIViEozqsw91UKcWY",
    ),
    (
        128,
        "$scrypt$ln=17,r=8,p=1$c2Vhc2FsdA$EqeSb4SpMjk2yyorfNVBNDpBSMcPPjGAiuPsYdIkyks",
    ),
    (0, BCRYPT),
];

/// Each after each other, which an Eulerian circuit visits with the fewest steps: there is one, as every place has as many
/// ways in as out.
fn every_pair(places: usize) -> Vec<usize> {
    let mut left: Vec<Vec<usize>> = (0..places)
        .map(|from| (0..places).filter(|to| *to != from).collect())
        .collect();
    let (mut way, mut circuit) = (vec![0], Vec::new());
    while let Some(&at) = way.last() {
        match left[at].pop() {
            Some(next) => way.push(next),
            None => circuit.extend(way.pop()),
        }
    }
    circuit
}

/// Whatever an import took is verified after whatever else it took, by an instance that goes on: wrong passwords first,
/// which leave the hashes as they are, and the right ones at the end. What is too large for the host is refused by the
/// import, with the reason.
#[tokio::test]
async fn any_order_of_imported_hashes_is_answered() {
    let host = Host::start(&[
        SETUP,
        // One thread computes hashes, and what is hashed anew is what is hashed by default.
        ("THREADS", "1"),
        ("ARGON2_MEMORY_KIB", "19456"),
        ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
        ("LOGIN_ATTEMPTS_PER_IP", "0"),
    ]);
    let root = host.administrator().await;
    let email = |at: usize| format!("person-{at}@example.com");
    let users: Value = (0..HASHES.len())
        .map(|at| json!({"email": email(at), "password_hash": HASHES[at].1}))
        .collect();
    let body = json!({ "users": users });
    let imported = host
        .send_as("POST", "/users/import", root.token(), body)
        .await;
    imported.assert_ok();
    let mut taken = Vec::new();
    for (at, (memory, stored)) in HASHES.iter().enumerate() {
        let result = &imported.body["results"][at];
        if *memory <= host.hash_memory() {
            assert_eq!(result["status"], "created", "{stored}: {result}");
            let cost = result["password_cost_ms"].as_u64().unwrap();
            assert!((1..=2000).contains(&cost), "{stored}: {result}");
            taken.push(at);
            continue;
        }
        assert_eq!(result["status"], "refused", "{stored}: {result}");
        let (needed, max) = (memory * 1024, host.hash_memory() * 1024);
        let reason = format!(
            "the stored hash needs {needed} KiB of memory, but this host has {max} KiB for a hash."
        );
        let errors = &result["errors"];
        assert_eq!(errors[0]["field"], "password_hash", "{errors}");
        assert_eq!(errors[0]["message"], reason, "{errors}");
    }
    let sign_in = async |at: usize, password: &str, status: u16| {
        let body = json!({"email": email(at), "password": password});
        let answer = host.post("/auth/login", body).await;
        assert_eq!(answer.status, status, "{}: {answer:?}", HASHES[at].1);
    };
    // A new hash, and an unknown account, among them.
    host.register("eve@example.com").await;
    for place in every_pair(taken.len()) {
        sign_in(taken[place], "not the right password", 401).await;
    }
    for at in taken {
        sign_in(at, PASSWORD, 200).await;
        host.login("eve@example.com").await;
    }
}

/// What takes too long to verify is refused by the import, with the reason, and taken where the setting allows it.
#[tokio::test]
async fn an_import_refuses_hashes_that_cost_too_much() {
    let costly = BCRYPT.replace("$04$", "$16$");
    let body = |dry_run: bool| json!({"users": [{"username": "anna", "password_hash": costly}], "dry_run": dry_run});
    for (setting, taken) in [("2000", false), ("25000", true)] {
        let host = Host::start(&[SETUP, ("IMPORT_HASH_MILLISECONDS", setting)]);
        let root = host.administrator().await;
        for dry_run in [true, false] {
            let path = "/users/import";
            let answer = host
                .send_as("POST", path, root.token(), body(dry_run))
                .await;
            let result = &answer.body["results"][0];
            let message = result["errors"][0]["message"].as_str();
            let limit = "more than the limit of 2000 ms (IMPORT_HASH_MILLISECONDS).";
            assert_eq!(result["status"] == "created", taken, "{result}");
            assert_eq!(message.is_some_and(|text| text.ends_with(limit)), !taken);
            let cost = result["password_cost_ms"].as_u64();
            assert_eq!(cost.is_some_and(|cost| cost > 2000), taken, "{result}");
        }
    }
}

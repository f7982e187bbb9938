use gatewright_tests::host::{Answer, Host, PASSWORD, SETUP};
use serde_json::{Value, json};

use crate::users::import_export::BCRYPT;

/// 85 bytes, of which bcrypt reads 72.
const LONG: &str =
    "correct horse battery staple, and further words that make it eighty-five bytes ... ok";
/// [`LONG`] hashed by bcrypt 4.3.0 (PyPI), at the lowest cost.
const LONG_BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuu22HVSHA2TY9EEJR0iQR941XHxGIgRPq";
/// With a ligature, which is two letters in NFKC.
const LIGATURE: &str = "correct \u{fb01}re battery";
/// [`LIGATURE`] in better-auth's format, hashed by `hashlib.scrypt` of Python.
const BETTER_AUTH: &str = "00112233445566778899aabbccddeeff:0a8e45c9fe59b9793f011481ea405cd231618ba2da4492c364e8526127d85abc55823fedb6357ca494d6acaf3980b3c6b5a9a7ef51848f14e402d5177f1e7f26";
/// [`PASSWORD`] in Django's format, with few iterations.
const DJANGO: &str = "pbkdf2_sha256$1000$seasalt$3xmXbyk2QpiyNcnoBbzRPwEBsYPTbDlRdtmLyBvQltA=";
/// [`PASSWORD`] in Werkzeug's format, at low cost.
const WERKZEUG: &str = "scrypt:16:8:1$seasalt$7ffb2fec21eb66f208487fbeab32f1d9a9d55fe18fbab664bbdf61a3c079ce3ed4625e6443a925bcfe3c0878e36ac74f7f93f14bbd35c0ed250476cd23f3f48a";

/// Returns the stored hash of a user, by address.
fn hash<'a>(exported: &'a Answer, email: &str) -> &'a str {
    let users = exported.body["users"].as_array().unwrap();
    let user = users.iter().find(|user| user["email"] == email);
    user.unwrap()["password_hash"].as_str().unwrap()
}

/// Some old hashes match more passwords than the original one. Signing in with another one never replaces the hash, and
/// the owner's password continues to work (ASVS V6.2.8: no truncation).
#[tokio::test]
async fn a_rehash_never_sets_another_password() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let typo = format!("{} and a typo", &LONG[..72]);
    let zero = format!("{PASSWORD}\0");
    let twice = format!("{PASSWORD}\0{PASSWORD}");
    // The stored hash, the original password, another one that matches, and the new form of the hash.
    let cases = [
        (LONG_BCRYPT, LONG, typo.as_str(), "$2b$"),
        (BCRYPT, PASSWORD, twice.as_str(), "$argon2id$"),
        (DJANGO, PASSWORD, zero.as_str(), "$argon2id$"),
        (WERKZEUG, PASSWORD, zero.as_str(), "$argon2id$"),
        (
            BETTER_AUTH,
            LIGATURE,
            "correct fire battery",
            "$argon2id$v=19$m=64,t=1,p=1,data=bmZrYw$",
        ),
    ];
    let email = |at: usize| format!("person-{at}@example.com");
    let users: Value = (0..cases.len())
        .map(|at| json!({"email": email(at), "password_hash": cases[at].0}))
        .collect();
    let imported = host
        .send_as(
            "POST",
            "/users/import",
            root.token(),
            json!({ "users": users }),
        )
        .await;
    imported.assert_ok();
    let sign_in = async |at: usize, password: &str| {
        let body = json!({"email": email(at), "password": password});
        let answer = host.post("/auth/login", body).await;
        assert_eq!(answer.status, 200, "{password:?} for {}", cases[at].0);
    };
    let all = "/users/export?secrets=true&limit=100";

    // First with the password that only matches, and twice, to reach a hash that was replaced meanwhile.
    for _ in 0..2 {
        for (at, (_, _, other, _)) in cases.iter().enumerate() {
            sign_in(at, other).await;
        }
    }
    // By now every possible rehash is done: the one that is always replaced is, and the others are unchanged.
    let exported = host
        .wait_until(all, root.token(), |answer| {
            hash(answer, &email(4)) != BETTER_AUTH
        })
        .await;
    for (at, (stored, ..)) in cases.iter().enumerate().take(4) {
        assert_eq!(hash(&exported, &email(at)), *stored);
    }

    // The owners sign in, which replaces the hashes that can be replaced; better-auth's two passwords stay equivalent.
    for (at, (_, own, ..)) in cases.iter().enumerate() {
        sign_in(at, own).await;
    }
    host.wait_until(all, root.token(), |answer| {
        (0..cases.len()).all(|at| hash(answer, &email(at)).starts_with(cases[at].3))
    })
    .await;
    for (at, (_, own, other, _)) in cases.iter().enumerate() {
        sign_in(at, own).await;
        let body = json!({"email": email(at), "password": other});
        let answer = host.post("/auth/login", body).await;
        let still = [0, 4].contains(&at);
        assert_eq!(answer.status == 200, still, "{other:?}");
    }
}

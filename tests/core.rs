//! The core as a component: its answers at a time and with randomness that the test gives, and the examples that call it.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use auth_core::access::Question;
use auth_core::jose::{Algorithm, Audience, Claims, KeySet, SigningKey};
use auth_core::{SecretKey, password};
use gatewright_tests::host::component;
use serde_json::{Value, json};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

/// Bindings generated from `wit/`.
#[allow(clippy::all, reason = "generated; documented in wit/")]
mod generated {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "core",
        additional_derives: [PartialEq],
    });
}

use generated::exports::gatewright::auth::passwords::{Error, Parameters};
use generated::exports::gatewright::auth::tokens::{Expectations, MacAlgorithm, Refusal};
use generated::wasi::clocks::system_clock::Instant;

const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "https://api.example.com";
/// 2026-11-21T12:00:00Z.
const NOW: i64 = 1_795_262_400;
/// What `get-random-u64` returns, again and again.
const RANDOM: u64 = u64::from_le_bytes(*b"somesalt");

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::default);
static COMPONENT: LazyLock<Component> =
    LazyLock::new(|| Component::from_file(&ENGINE, component("auth-core")).unwrap());

/// An instance whose clock stands still, in seconds since the Unix epoch.
struct Core {
    store: Store<i64>,
    instance: generated::Core,
}

/// Calls an exported function.
macro_rules! call {
    ($core:expr, $interface:ident.$function:ident($($argument:expr),*)) => {{
        let core = &mut $core;
        core.instance.$interface().$function(&mut core.store $(, $argument)*).unwrap()
    }};
}

impl Core {
    fn at(seconds: i64) -> Self {
        let mut linker = Linker::new(&ENGINE);
        linker
            .instance("wasi:clocks/system-clock@0.3.0")
            .unwrap()
            .func_wrap("now", |store: wasmtime::StoreContextMut<'_, i64>, ()| {
                let now = Instant {
                    seconds: *store.data(),
                    nanoseconds: 999_999_999,
                };
                Ok((now,))
            })
            .unwrap();
        linker
            .instance("wasi:random/random@0.3.0")
            .unwrap()
            .func_wrap("get-random-u64", |_, ()| Ok((RANDOM,)))
            .unwrap();
        let mut store = Store::new(&ENGINE, seconds);
        let instance = generated::Core::instantiate(&mut store, &COMPONENT, &linker).unwrap();
        Self { store, instance }
    }

    fn verify(&mut self, token: &str, keys: &str) -> Result<String, Refusal> {
        self.expect(token, keys, &expected())
    }

    fn expect(
        &mut self,
        token: &str,
        keys: &str,
        expected: &Expectations,
    ) -> Result<String, Refusal> {
        call!(
            *self,
            gatewright_auth_tokens.call_verify(token, keys, expected)
        )
    }

    fn verify_code(&mut self, secret: &str, code: &str, last_step: Option<u64>) -> Option<u64> {
        call!(
            *self,
            gatewright_auth_totp.call_verify(secret, code, last_step)
        )
    }

    /// The answer of the function for a question.
    fn decide(&mut self, claims: &str, question: &Question) -> bool {
        match question {
            Question::Permission(wanted) => {
                call!(*self, gatewright_auth_access.call_can(claims, wanted))
            }
            Question::Role(wanted) => {
                let wanted = [wanted.clone()];
                call!(
                    *self,
                    gatewright_auth_access.call_has_any_role(claims, &wanted)
                )
            }
            Question::AnyRole(wanted) => {
                call!(
                    *self,
                    gatewright_auth_access.call_has_any_role(claims, wanted)
                )
            }
            Question::AllRoles(wanted) => {
                call!(
                    *self,
                    gatewright_auth_access.call_has_all_roles(claims, wanted)
                )
            }
        }
    }
}

fn expected() -> Expectations {
    Expectations {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        clock_tolerance: 5,
    }
}

/// Claims that are accepted from ten minutes before [`NOW`] until five after it.
fn claims() -> Claims {
    let issued = NOW as u64 - 600;
    Claims {
        iss: ISSUER.to_owned(),
        sub: "ada".to_owned(),
        aud: Audience::Many(vec![
            "https://other.example.com".to_owned(),
            AUDIENCE.to_owned(),
        ]),
        exp: issued + 900,
        nbf: None,
        iat: issued,
        jti: "1".to_owned(),
        client_id: "app".to_owned(),
        sid: "2".to_owned(),
        auth_time: issued,
        amr: vec!["pwd".to_owned()],
        roles: vec!["editor".to_owned()],
        permissions: vec!["posts:*".to_owned()],
        act: None,
    }
}

fn key_set(algorithm: Algorithm, seed: u8) -> KeySet {
    KeySet::new(
        SigningKey::from_private(algorithm, &[seed; 32]).unwrap(),
        Vec::new(),
    )
}

#[test]
fn a_password_is_hashed_as_the_service_does() {
    let mut core = Core::at(NOW);
    for parameters in [
        None,
        Some((64, 3, 2)),
        Some((8, 1, 1)),
        Some((65_536, 1, 16)),
        None,
    ] {
        let (given, native) = match parameters {
            None => (None, password::Parameters::default()),
            Some((memory, iterations, parallelism)) => (
                Some(Parameters {
                    memory,
                    iterations,
                    parallelism,
                }),
                password::Parameters::new(memory, iterations, parallelism).unwrap(),
            ),
        };
        // Decomposed, as some keyboards have it; the service brings it to NFC.
        let hash = call!(
            core,
            gatewright_auth_passwords.call_hash("pa\u{308}ssword", given)
        )
        .unwrap();
        let hasher = password::Hasher::new(native);
        assert_eq!(hash, hasher.hash_with_salt("pässword", b"somesaltsomesalt"));
        for (password, right) in [
            ("pässword", true),
            ("pa\u{308}ssword", true),
            ("password", false),
        ] {
            let verified = call!(core, gatewright_auth_passwords.call_verify(password, &hash));
            assert_eq!(verified, Ok(right), "{password} {hash}");
        }
        let needs = call!(
            core,
            gatewright_auth_passwords.call_needs_rehash(&hash, given)
        );
        assert_eq!(needs, Ok(false));
        let needs = call!(
            core,
            gatewright_auth_passwords.call_needs_rehash(&hash, None)
        );
        assert_eq!(needs, Ok(parameters.is_some()));
    }
}

#[test]
fn hashes_of_others_are_verified() {
    let mut core = Core::at(NOW);
    // The first is of test.c in the reference implementation of Argon2, the others of `foreign_vectors.json`.
    for (password, hash) in [
        (
            "password",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ),
        (
            "pässwörd 🦊 密码",
            "$2y$04$JjCxZKH5mjyqRSv.Xk409uq8Q/eDXIk5zV2yXhCWKVMNlz3fFXRO.",
        ),
    ] {
        for (password, right) in [(password, true), ("another", false)] {
            let verified = call!(core, gatewright_auth_passwords.call_verify(password, hash));
            assert_eq!(verified, Ok(right), "{password} {hash}");
        }
        let needs = call!(
            core,
            gatewright_auth_passwords.call_needs_rehash(hash, None)
        );
        assert_eq!(needs, Ok(true), "{hash}");
    }
}

#[test]
fn a_hash_gives_way_where_it_proves_the_password() {
    let mut core = Core::at(NOW);
    let cheap = Some(Parameters {
        memory: 64,
        iterations: 1,
        parallelism: 1,
    });
    // Of `foreign_vectors.json`; bcrypt sees 72 bytes.
    let bcrypt = "$2b$04$RvaJmYPWAfJSMfUaurAepuhm1gO2uRlPhfKOKQ1fhrmvxeB165B6m";
    let typo = format!("{}, a typo", &"0123456789".repeat(8)[..72]);
    for password in ["0123456789".repeat(8), typo] {
        let verified = call!(
            core,
            gatewright_auth_passwords.call_verify(&password, bcrypt)
        );
        assert_eq!(verified, Ok(true), "{password}");
        let new = call!(
            core,
            gatewright_auth_passwords.call_rehash(&password, bcrypt, cheap)
        );
        assert_eq!(new, Ok(None), "{password}");
    }
    let short = "$2b$05$d4QhxSl.C.8jKI/8ZCQTNuMWM5CXCZMNdcOGFPf2beb/rF7z0hbUS";
    let password = "correct horse battery";
    let new = call!(
        core,
        gatewright_auth_passwords.call_rehash(password, short, cheap)
    );
    let new = new.unwrap().unwrap();
    let verified = call!(core, gatewright_auth_passwords.call_verify(password, &new));
    assert_eq!(verified, Ok(true), "{new}");
    let again = call!(
        core,
        gatewright_auth_passwords.call_rehash(password, &new, cheap)
    );
    assert_eq!(again, Ok(None));
}

#[test]
fn what_is_out_of_bounds_is_refused_and_the_instance_lives_on() {
    let mut core = Core::at(NOW);
    let out_of_bounds =
        |error: Option<Error>| matches!(error, Some(Error::OutOfBounds(text)) if !text.is_empty());
    for (memory, iterations, parallelism) in [
        (7, 1, 1),
        (15, 1, 2),
        (131_073, 1, 1),
        (u32::MAX, u32::MAX, u32::MAX),
        (64, 0, 1),
        (64, 65, 1),
        (64, 1, 0),
        (131_072, 1, 17),
    ] {
        let parameters = Some(Parameters {
            memory,
            iterations,
            parallelism,
        });
        let hashed = call!(core, gatewright_auth_passwords.call_hash("a", parameters));
        assert!(out_of_bounds(hashed.err()), "{parameters:?}");
        let hash = format!(
            "$argon2id$v=19$m={memory},t={iterations},p={parallelism}$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
        );
        let verified = call!(core, gatewright_auth_passwords.call_verify("a", &hash));
        assert!(out_of_bounds(verified.err()), "{hash}");
        let needs = call!(
            core,
            gatewright_auth_passwords.call_needs_rehash(&hash, None)
        );
        assert!(out_of_bounds(needs.err()), "{hash}");
    }
    let long = "a".repeat(4097);
    let hashed = call!(core, gatewright_auth_passwords.call_hash(&long, None));
    assert!(out_of_bounds(hashed.err()));
    for hash in [
        "",
        "$",
        "$argon2id$",
        "$2b$04$short",
        "plain",
        &"$".repeat(100_000),
    ] {
        let verified = call!(core, gatewright_auth_passwords.call_verify("a", hash));
        assert_eq!(verified, Err(Error::MalformedHash));
        let needs = call!(
            core,
            gatewright_auth_passwords.call_needs_rehash(hash, None)
        );
        assert_eq!(needs, Err(Error::MalformedHash));
    }
    let longest = call!(core, gatewright_auth_passwords.call_hash(&long[1..], None));
    assert!(longest.is_ok());
}

#[test]
fn a_token_of_the_service_is_accepted_as_it_was_signed() {
    let mut core = Core::at(NOW);
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let keys = key_set(algorithm, 7);
        let token = keys.issue(&claims()).unwrap();
        // Twice, as the second time the set is there already.
        for _ in 0..2 {
            let accepted = core.verify(&token, keys.jwks()).unwrap();
            assert_eq!(accepted, serde_json::to_string(&claims()).unwrap());
        }
    }
}

#[test]
fn a_token_is_refused_for_its_own_reason() {
    let mut core = Core::at(NOW);
    let keys = key_set(Algorithm::EdDsa, 7);
    let signing = keys.signing_key().unwrap();
    let good = keys.issue(&claims()).unwrap();
    let changed = |change: &dyn Fn(&mut Claims)| {
        let mut claims = claims();
        change(&mut claims);
        keys.issue(&claims).unwrap()
    };
    let (message, _) = good.rsplit_once('.').unwrap();
    let (_, other_signature) = changed(&|claims| claims.sub = "eve".to_owned())
        .rsplit_once('.')
        .map(|(head, signature)| (head.to_owned(), signature.to_owned()))
        .unwrap();
    let now = NOW as u64;
    for (token, refusal) in [
        ("".to_owned(), Refusal::Malformed),
        ("a.b.c".to_owned(), Refusal::Malformed),
        ("a".repeat(100_000), Refusal::Malformed),
        (
            signing.sign("at+jwt", &json!({"sub": "ada"})),
            Refusal::Malformed,
        ),
        (signing.sign("JWT", &claims()), Refusal::TypeMismatch),
        (
            key_set(Algorithm::EdDsa, 8).issue(&claims()).unwrap(),
            Refusal::KeyUnknown,
        ),
        (unsigned(&good), Refusal::AlgorithmMismatch),
        (
            format!("{message}.{other_signature}"),
            Refusal::SignatureInvalid,
        ),
        (changed(&|claims| claims.exp = now - 5), Refusal::Expired),
        (
            changed(&|claims| claims.nbf = Some(now + 6)),
            Refusal::NotYetValid,
        ),
        (
            changed(&|claims| claims.iat = now + 6),
            Refusal::NotYetValid,
        ),
        (
            changed(&|claims| claims.iss.push('/')),
            Refusal::IssuerMismatch,
        ),
        (
            changed(&|claims| claims.aud = Audience::One(ISSUER.to_owned())),
            Refusal::AudienceMismatch,
        ),
    ] {
        assert_eq!(core.verify(&token, keys.jwks()), Err(refusal), "{token}");
    }
    // A second more, and clocks differ by no more than they may.
    assert!(
        core.verify(&changed(&|claims| claims.exp = now - 4), keys.jwks())
            .is_ok()
    );
    assert!(
        core.verify(&changed(&|claims| claims.nbf = Some(now + 5)), keys.jwks())
            .is_ok()
    );
    let strict = Expectations {
        clock_tolerance: 0,
        ..expected()
    };
    let late = changed(&|claims| claims.exp = now);
    assert_eq!(
        core.expect(&late, keys.jwks(), &strict),
        Err(Refusal::Expired)
    );
    // Before 1970 it is 1970, and at the end of time there is none.
    let early = Core::at(i64::MIN).verify(&good, keys.jwks());
    assert_eq!(early, Err(Refusal::NotYetValid));
    let end = Core::at(i64::MAX).verify(&good, keys.jwks());
    assert_eq!(end, Err(Refusal::Expired));
}

/// A token whose header says that it needs no signature.
fn unsigned(token: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let parts: Vec<_> = token.split('.').collect();
    let header = URL_SAFE_NO_PAD.decode(parts[0]).unwrap();
    let mut header: Value = serde_json::from_slice(&header).unwrap();
    header["alg"] = json!("none");
    format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        parts[1]
    )
}

#[test]
fn keys_are_those_of_the_call() {
    let mut core = Core::at(NOW);
    let (old, new) = (key_set(Algorithm::EdDsa, 7), key_set(Algorithm::EdDsa, 8));
    let token = old.issue(&claims()).unwrap();
    assert!(core.verify(&token, old.jwks()).is_ok());
    assert_eq!(core.verify(&token, new.jwks()), Err(Refusal::KeyUnknown));
    let large = format!("{}{}", old.jwks(), " ".repeat(256 * 1024));
    for keys in [
        "",
        "{}",
        "[]",
        r#"{"keys": {}}"#,
        &old.jwks().replace(r#"{"keys":"#, "[").replace("]}", "]]"),
        &large,
        &"[".repeat(100_000),
    ] {
        assert_eq!(core.verify(&token, keys), Err(Refusal::KeysUnusable));
    }
    assert_eq!(
        core.verify(&token, r#"{"keys": [{"kty": "oct", "k": "AA"}, 1]}"#),
        Err(Refusal::KeyUnknown)
    );
    assert!(core.verify(&token, old.jwks()).is_ok());
}

#[test]
fn a_shared_secret_verifies_too() {
    let mut core = Core::at(NOW);
    let secret = "a shared secret that is as long as the longest of the hashes is";
    let secret = format!("{secret:_<64}");
    for (algorithm, named, shortest) in [
        (Algorithm::Hs256, MacAlgorithm::Hs256, 32),
        (Algorithm::Hs384, MacAlgorithm::Hs384, 48),
        (Algorithm::Hs512, MacAlgorithm::Hs512, 64),
    ] {
        let mut verify = |token: &str, secret: &str| {
            call!(
                core,
                gatewright_auth_tokens.call_verify_with_secret(token, named, secret, &expected())
            )
        };
        let secret = &secret[..shortest];
        let key = SecretKey::new(secret.as_bytes()).unwrap();
        let keys = KeySet::new(
            SigningKey::from_secret(algorithm, &key).unwrap(),
            Vec::new(),
        );
        let token = keys.issue(&claims()).unwrap();
        let accepted = verify(&token, secret).unwrap();
        assert_eq!(accepted, serde_json::to_string(&claims()).unwrap());
        assert_eq!(
            verify(&token, &"another".repeat(10)),
            Err(Refusal::KeyUnknown)
        );
        assert_eq!(
            verify(&token, &secret[1..]),
            Err(Refusal::KeysUnusable),
            "{shortest}"
        );
        let public = key_set(Algorithm::EdDsa, 7);
        let token = public.issue(&claims()).unwrap();
        assert_eq!(verify(&token, secret), Err(Refusal::KeyUnknown));
    }
}

/// The codes of RFC 6238 appendix B, the last six of the eight digits there.
#[test]
fn codes_are_those_of_rfc_6238() {
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    for (seconds, code) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ] {
        let step = seconds as u64 / 30;
        let mut core = Core::at(seconds);
        assert_eq!(core.verify_code(secret, code, None), Some(step));
        assert_eq!(core.verify_code(secret, code, Some(step - 1)), Some(step));
        assert_eq!(core.verify_code(secret, code, Some(step)), None, "used");
        assert_eq!(core.verify_code(secret, code, Some(u64::MAX)), None);
        let lower = "gezd gnbv gy3t qojq gezd gnbv gy3t qojq";
        assert_eq!(core.verify_code(lower, code, None), Some(step));
        for (apart, answer) in [(30, Some(step)), (60, None)] {
            let late = Core::at(seconds + apart).verify_code(secret, code, None);
            assert_eq!(late, answer, "{apart} s later");
        }
    }
    let mut core = Core::at(59);
    for (secret, code) in [
        (secret, ""),
        (secret, "28708"),
        (secret, "2870821"),
        ("", "287082"),
        ("GEZDGNBVGY3TQ1", "287082"),
        ("GEZD", "287082"),
        ("A".repeat(100_000).as_str(), "287082"),
    ] {
        assert_eq!(core.verify_code(secret, code, None), None);
    }
}

#[test]
fn a_new_secret_is_of_the_randomness_that_is_given() {
    let mut core = Core::at(NOW);
    let secret = call!(core, gatewright_auth_totp.call_generate_secret());
    assert_eq!(secret, auth_core::totp::encode_key(b"somesaltsomesaltsome"));
    let uri = call!(
        core,
        gatewright_auth_totp.call_uri(&secret, "Acme Co", "ada@example.com")
    );
    assert_eq!(
        uri.unwrap(),
        format!(
            "otpauth://totp/Acme%20Co:ada%40example.com?secret={secret}&issuer=Acme%20Co&algorithm=SHA1&digits=6&period=30"
        )
    );
    let uri = call!(
        core,
        gatewright_auth_totp.call_uri("no secret!", "Acme", "ada")
    );
    assert_eq!(uri, None);
}

#[test]
fn access_is_as_the_vectors_have_it() {
    let mut core = Core::at(NOW);
    let vectors: Value = serde_json::from_str(include_str!("vectors/access.json")).unwrap();
    for case in vectors["covers"].as_array().unwrap() {
        let claims = json!({"permissions": [case["held"]]}).to_string();
        let wanted = Question::Permission(case["wanted"].as_str().unwrap().to_owned());
        assert_eq!(core.decide(&claims, &wanted), case["covers"], "{case}");
    }
    for case in vectors["decisions"].as_array().unwrap() {
        let claims = json!({"roles": case["roles"], "permissions": case["permissions"]});
        let question = serde_json::from_value(case["question"].clone()).unwrap();
        let decided = core.decide(&claims.to_string(), &question);
        assert_eq!(decided, case["allowed"], "{case}");
    }
}

#[test]
fn what_are_no_claims_hold_nothing() {
    let mut core = Core::at(NOW);
    let deep = "[".repeat(100_000);
    for claims in [
        "",
        "null",
        "superadmin",
        r#"["superadmin"]"#,
        r#"[["superadmin"], ["*"]]"#,
        r#"{"roles": "superadmin"}"#,
        r#"{"roles": ["superadmin", 1]}"#,
        r#"{"roles": ["superadmin"], "permissions": null}"#,
        r#"{"roles": ["superadmin"]} "#.repeat(2).as_str(),
        r#"{"roles": [], "roles": ["superadmin"]}"#,
        &deep,
    ] {
        for question in [
            Question::Permission("posts:read".to_owned()),
            Question::AnyRole(vec!["user".to_owned()]),
            Question::AllRoles(Vec::new()),
        ] {
            assert!(!core.decide(claims, &question), "{claims} {question:?}");
        }
    }
    assert!(core.decide("{}", &Question::AllRoles(Vec::new())));
    assert!(core.decide(
        r#"{"roles": ["superadmin"]}"#,
        &Question::Permission("a:b".to_owned())
    ));
}

/// Runs an example with tokens that are in force and expired now, and compares what it prints.
fn check_example(folder: &Path, program: &Path, arguments: &[&Path]) {
    let keys = key_set(Algorithm::EdDsa, 7);
    let scratch = tempfile::tempdir().unwrap();
    let jwks = scratch.path().join("jwks.json");
    std::fs::write(&jwks, keys.jwks()).unwrap();
    for (exp, told) in [
        (
            u32::MAX.into(),
            "the token is of ada\nmay write posts: true\n",
        ),
        (1, "the token is refused: expired\n"),
    ] {
        let token = keys
            .issue(&Claims {
                exp,
                iat: 0,
                ..claims()
            })
            .unwrap();
        let output = Command::new(program)
            .args(arguments)
            .args([jwks.as_os_str(), token.as_ref()])
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let printed = String::from_utf8(output.stdout).unwrap().to_lowercase();
        let begun = "stored as $argon2id$v=19$m=19456,t=2,p=1\n\
            enrolled by otpauth://totp/acme:ada%40example.com?secret=…&issuer=acme&algorithm=sha1&digits=6&period=30\n";
        assert_eq!(printed, format!("{begun}{told}"));
    }
}

/// The folder of an example; `needed` is what `cargo xtask test` installs there.
fn example(name: &str, needed: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples/core")
        .join(name);
    assert!(
        folder.join(needed).exists(),
        "{needed} is missing: run `cargo xtask test`"
    );
    folder.canonicalize().unwrap()
}

#[test]
fn the_example_in_rust_runs() {
    let program = Path::new(env!("CARGO_BIN_EXE_core-example"));
    check_example(
        &example("rust", "main.rs"),
        program,
        &[&component("auth-core")],
    );
}

#[test]
fn the_example_in_python_runs() {
    let folder = example("python", ".venv");
    let python = folder.join(".venv/bin/python");
    check_example(
        &folder,
        &python,
        &["main.py".as_ref(), &component("auth-core")],
    );
}

#[test]
fn the_example_in_javascript_runs() {
    let folder = example("javascript", "node_modules");
    let built = Command::new("node")
        .arg("build.mjs")
        .arg(component("auth-core"))
        .current_dir(&folder)
        .status();
    assert!(built.unwrap().success());
    check_example(&folder, Path::new("node"), &["main.mjs".as_ref()]);
}

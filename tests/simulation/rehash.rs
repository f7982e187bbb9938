//! Password hashes that are replaced after a login.

use auth_core::storage::{Credentials as _, LoginName, Users as _};
use auth_core::{Auth, Error, Evidence, Login, LoginRequest, Platform as _, TokenFormat, totp};
use futures::executor::block_on;
use gatewright_tests::config;
use gatewright_tests::host::PASSWORD;
use gatewright_tests::simulation::after_answer;

use super::{administrator, auth, client, login, register};

/// A hash with other parameters is replaced after a login with it, which doesn't wait for the replacement.
#[test]
fn a_password_is_rehashed_after_the_answer() {
    let storage = {
        let auth = auth(1, &[]);
        register(&auth, "ada@example.com");
        auth
    };
    let costlier = config(&[("ARGON2_ITERATIONS", "2")]);
    let auth = Auth::new(storage.into_platform(), costlier);
    let rehashed = || {
        let lines = auth.platform().log_lines();
        lines
            .iter()
            .filter(|line| line.contains("rehashed a password"))
            .count()
    };
    assert!(login(&auth, "ada@example.com", PASSWORD).is_ok());
    assert_eq!(rehashed(), 0);
    after_answer(&auth);
    assert_eq!(rehashed(), 1);
    assert!(login(&auth, "ada@example.com", PASSWORD).is_ok());
    after_answer(&auth);
    assert_eq!(rehashed(), 1);
}

/// A hash of another system signs in, and is replaced after the response.
#[test]
fn an_imported_hash_signs_in_and_is_rehashed() {
    // From PyPI bcrypt, cost 4, of the usual password here; see auth-core/src/password/foreign_vectors.json for the
    // others.
    const IMPORTED: &str = "$2b$04$zHH/ihvsBtMWKcFnKGd20.HRVxfFwAw6do5hHWUp0mwFFtNRpBW52";
    let auth = auth(1, &[]);
    register(&auth, "ada@example.com");
    let storage = auth.platform().storage();
    let name = LoginName::Email("ada@example.com".to_owned());
    let stored = || {
        let account = block_on(storage.find_account(name.clone()))
            .unwrap()
            .unwrap();
        account.credentials[0].clone()
    };
    let own = stored();
    let now = auth.platform().now();
    let import = storage.replace_credential_secret(own.id, own.secret, IMPORTED.to_owned(), now);
    assert_eq!(block_on(import), Ok(true));
    assert_eq!(
        login(&auth, "ada@example.com", "not the right password").err(),
        Some(Error::InvalidCredentials)
    );
    assert!(login(&auth, "ada@example.com", PASSWORD).is_ok());
    assert_eq!(stored().secret, IMPORTED);
    after_answer(&auth);
    assert!(stored().secret.starts_with("$argon2id$"));
    assert!(login(&auth, "ada@example.com", PASSWORD).is_ok());
}

/// The correct password is enough for rehashing, even if a second factor is required next.
#[test]
fn a_password_is_rehashed_also_where_a_second_factor_follows() {
    let auth = auth(1, &[]);
    // Their address is verified, which a second factor requires.
    administrator(&auth, "ada@example.com");
    let tokens = login(&auth, "ada@example.com", PASSWORD).unwrap();
    let enrolment = block_on(auth.mfa().enable_totp(
        &tokens.active,
        Evidence::default(),
        &client(),
    ));
    let key = enrolment.ok().unwrap().uri;
    let key = key
        .split("secret=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let key = base32_key(key);
    let code = totp::code(&key, auth.platform().now().as_secs() / totp::STEP);
    assert!(block_on(auth.mfa().confirm_totp(&tokens.active, &code, &client())).is_ok());
    after_answer(&auth);
    let costlier = config(&[("ARGON2_ITERATIONS", "2")]);
    let auth = Auth::new(auth.into_platform(), costlier);
    let request = LoginRequest {
        name: "ada@example.com",
        password: PASSWORD,
        code: None,
        token_format: TokenFormat::Jwt,
        replaces: &[],
    };
    let challenged = block_on(auth.sign_in().login(request, &client()));
    assert!(matches!(challenged, Ok(Login::MfaRequired(_))));
    after_answer(&auth);
    let lines = auth.platform().log_lines();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("rehashed a password"))
    );
}

fn base32_key(text: &str) -> Vec<u8> {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digit = |c| alphabet.find(c).unwrap();
    let bits: String = text.chars().map(|c| format!("{:05b}", digit(c))).collect();
    let byte = |bits: &[u8]| u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap();
    bits.as_bytes().chunks_exact(8).map(byte).collect()
}

//! Password hashes.

use auth_core::password;

use super::generated::exports::gatewright::auth::passwords::{Error, Parameters};
use super::{Core, NOW, call};

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
        // Decomposed, as some keyboards produce it; the service normalizes it to NFC.
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
    // The first is from test.c in the reference implementation of Argon2, the others from `foreign_vectors.json`.
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
    // From `foreign_vectors.json`; bcrypt reads only 72 bytes.
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

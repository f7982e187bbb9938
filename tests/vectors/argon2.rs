//! PHC strings of the reference implementation. `crates/argon2-simd` has the vectors of RFC 9106.

use auth_core::password::{Hasher, Parameters, PasswordHashError};

/// `test.c` of the reference implementation (P-H-C/phc-winner-argon2), password "password", salt "somesalt".
const REFERENCE: [&str; 6] = [
    "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
    "$argon2i$m=256,t=2,p=2$c29tZXNhbHQ$tsEVYKap1h6scGt5ovl9aLRGOqOth+AMB+KwHpDFZPs",
    "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
    "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
];

#[test]
fn reference_strings() {
    let hasher = Hasher::new(Parameters::default());
    for string in REFERENCE {
        assert_eq!(hasher.verify("password", string), Ok(true), "{string}");
        assert_eq!(hasher.verify("passwore", string), Ok(false), "{string}");
        assert!(hasher.needs_rehash(string), "{string}");
    }
}

/// `Hasher` verifies the hashes that it creates, with their password only.
#[test]
fn own_strings() {
    let platform = gatewright_tests::SimulatedPlatform::new(1);
    let hasher = Hasher::new(Parameters::new(64, 1, 1).unwrap());
    let first = hasher.hash(&platform, "pässword");
    assert!(first.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
    assert_ne!(
        first,
        hasher.hash(&platform, "pässword"),
        "the salt is random"
    );
    assert_eq!(hasher.verify("pässword", &first), Ok(true));
    assert_eq!(hasher.verify("passwort", &first), Ok(false));
    assert!(!hasher.needs_rehash(&first));
    for other in [(128, 1, 1), (64, 2, 1), (64, 1, 2)] {
        let other = Hasher::new(Parameters::new(other.0, other.1, other.2).unwrap());
        assert!(other.needs_rehash(&first));
        assert_eq!(other.verify("pässword", &first), Ok(true));
    }
}

/// Hashes that an import can contain: invalid ones, and ones that would exhaust an instance.
#[test]
fn refused_strings() {
    let hasher = Hasher::new(Parameters::default());
    for string in [
        "",
        "password",
        "$2b$12$abcdefghijklmnopqrstuu",
        "$argon2id$v=19$m=256,t=2$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
        "$argon2id$v=20$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2x$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    ] {
        assert_eq!(
            hasher.verify("password", string),
            Err(PasswordHashError::Malformed),
            "{string}"
        );
    }
    for parameters in [
        "m=4194304,t=2,p=1",
        "m=256,t=1000000,p=1",
        "m=65536,t=2,p=64",
        "m=1,t=2,p=1",
        "m=256,t=0,p=1",
    ] {
        let string = format!(
            "$argon2id$v=19${parameters}$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
        );
        assert_eq!(
            hasher.verify("password", &string),
            Err(PasswordHashError::OutOfBounds),
            "{string}"
        );
    }
}

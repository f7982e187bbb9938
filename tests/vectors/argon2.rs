//! RFC 9106 section 5, and PHC strings of the reference implementation.

use argon2::{Algorithm, Argon2, ParamsBuilder, Version};
use auth_core::password::{Hasher, Parameters, PasswordHashError};

/// RFC 9106 sections 5.1 to 5.3: 32 KiB, 3 passes, 4 lanes, with secret and associated data.
#[test]
fn rfc_9106() {
    for (algorithm, tag) in [
        (
            Algorithm::Argon2d,
            "512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb",
        ),
        (
            Algorithm::Argon2i,
            "c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8",
        ),
        (
            Algorithm::Argon2id,
            "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659",
        ),
    ] {
        let data = argon2::AssociatedData::new(&[4; 12]).unwrap();
        let params = ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(data)
            .build()
            .unwrap();
        let mut output = [0; 32];
        Argon2::new_with_secret(&[3; 8], algorithm, Version::V0x13, params)
            .unwrap()
            .hash_password_into(&[1; 32], &[2; 16], &mut output)
            .unwrap();
        let hex: String = output.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, tag, "{algorithm}");
    }
}

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

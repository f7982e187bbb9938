//! Tests with hashes from other systems.

use serde::Deserialize;

use super::ForeignHash;
use crate::normal_form::nfkc;
use crate::password::PasswordHashError::{Malformed, OutOfBounds};
use crate::password::{Hasher, Parameters, supported};

#[derive(Deserialize)]
struct Vectors {
    hashes: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    password: String,
    stored: String,
}

/// Returns the hashes created by each tool, with its version.
fn vectors() -> Vec<Vector> {
    let groups: Vec<Vectors> =
        serde_json::from_str(include_str!("../foreign_vectors.json")).unwrap();
    groups.into_iter().flat_map(|group| group.hashes).collect()
}

#[test]
fn what_other_systems_made_is_verified() {
    let hasher = Hasher::new(Parameters::default());
    for Vector { password, stored } in vectors() {
        assert_eq!(hasher.verify(&password, &stored), Ok(true), "{stored}");
        let wrong = format!("x{password}");
        assert_eq!(hasher.verify(&wrong, &stored), Ok(false), "{stored}");
        assert!(hasher.needs_rehash(&stored), "{stored}");
        assert_eq!(supported(&stored), Ok(()), "{stored}");
    }
}

#[test]
fn bcrypt_counts_72_bytes() {
    let hasher = Hasher::new(Parameters::default());
    let mut counted = 0;
    for Vector { password, stored } in vectors() {
        if !stored.starts_with("$2") || password.len() <= 72 {
            continue;
        }
        let cut = &password[..72];
        assert_eq!(hasher.verify(cut, &stored), Ok(true), "{stored}");
        assert_eq!(hasher.verify(&cut[..71], &stored), Ok(false), "{stored}");
        counted += 1;
    }
    assert!(counted >= 2);
}

#[test]
fn bits_of_a_bcrypt_salt_that_mean_nothing_are_ignored() {
    let vectors = vectors();
    let vector = |salt: &str| vectors.iter().find(|vector| vector.stored.contains(salt));
    let Vector { password, stored } = vector("$abcdefghijklmnopqrstuu").unwrap();
    let set = stored.replace("stuu", "stuv");
    let hasher = Hasher::new(Parameters::default());
    assert_eq!(hasher.verify(password, &set), Ok(true));
}

#[test]
fn a_byte_of_zero_does_not_end_a_password() {
    let hasher = Hasher::new(Parameters::default());
    let zero = vectors()
        .into_iter()
        .find(|vector| vector.password == "a\0b")
        .unwrap();
    assert_eq!(hasher.verify("a\0c", &zero.stored), Ok(false));
    assert_eq!(hasher.verify("a", &zero.stored), Ok(false));
}

/// Each pair of passwords matches one hash, so neither must be rehashed when only the other is known to be correct.
#[test]
fn a_password_that_others_are_taken_for_is_not_hashed_anew() {
    let hasher = Hasher::new(Parameters::default());
    let salt = [7; 16];
    let mut tried = [0; 3];
    for Vector { password, stored } in vectors() {
        let hash = ForeignHash::parse(&stored).unwrap();
        let (kind, other) = match &hash {
            ForeignHash::Bcrypt { .. } if password.len() > 72 => {
                (0, format!("{}, and a typo", &password[..72]))
            }
            ForeignHash::Bcrypt { .. } => (1, format!("{password}\0{password}")),
            _ => (2, format!("{password}\0")),
        };
        // The repetition is also cut at 72 bytes.
        if kind == 1 && other.len() > 71 {
            continue;
        }
        tried[kind] += 1;
        assert_eq!(hasher.verify(&other, &stored), Ok(true), "{stored}");
        assert_eq!(hasher.rehash_with_salt(&other, &stored, &salt), None);
        let proven = password.len() < 72 && !password.contains('\0');
        let new = hasher.rehash_with_salt(&password, &stored, &salt);
        assert_eq!(new.is_some(), proven || kind == 2, "{stored}");
        if let Some(new) = new {
            assert_eq!(hasher.verify(&password, &new), Ok(true), "{stored}");
            assert_eq!(hasher.verify(&other, &new), Ok(false), "{stored}");
        }
    }
    assert!(tried.iter().all(|count| *count > 1), "{tried:?}");
}

#[test]
fn bcrypt_proves_what_is_shorter_than_it_sees() {
    let hasher = Hasher::new(Parameters::default());
    let stored = "$2b$04$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K";
    for (len, proven) in [(0, true), (71, true), (72, false), (73, false)] {
        assert_eq!(hasher.should_rehash(&"a".repeat(len), stored), proven);
    }
    // Bytes are counted, not characters.
    assert!(hasher.should_rehash(&"ä".repeat(35), stored));
    assert!(!hasher.should_rehash(&"ä".repeat(36), stored));
}

/// better-auth treats texts that are equal in NFKC as one password. A new hash of such a password does the same.
#[test]
fn a_new_hash_takes_the_texts_that_the_old_one_took() {
    let hasher = Hasher::new(Parameters::default());
    let vectors = vectors();
    let made = |vector: &&Vector| vector.password.starts_with('\u{fb01}');
    let Vector { password, stored } = vectors.iter().find(made).unwrap();
    let alike = nfkc(password).into_owned();
    assert_ne!(alike, *password);
    for typed in [password, &alike] {
        let new = hasher.rehash_with_salt(typed, stored, &[7; 16]).unwrap();
        assert!(new.starts_with("$argon2id$v=19$m=19456,t=2,p=1,data=bmZrYw$"));
        for password in [password, &alike] {
            assert_eq!(hasher.verify(password, &new), Ok(true), "{password}");
        }
        assert_eq!(hasher.verify("another", &new), Ok(false));
        assert_eq!(supported(&new), Ok(()));
        assert!(!hasher.should_rehash(typed, &new));
        // This remains when the cost changes.
        let costlier = Hasher::new(Parameters::new(256, 3, 1).unwrap());
        let newer = costlier.rehash_with_salt(&alike, &new, &[7; 16]).unwrap();
        assert_eq!(costlier.verify(password, &newer), Ok(true));
    }
}

#[test]
fn damaged_strings_are_malformed() {
    let hash = "A".repeat(43);
    let hex = "0".repeat(64);
    for stored in [
        "",
        "$",
        "$$$$",
        ":",
        "password",
        "plain:password",
        "$1$salt$hash",
        // SHA-crypt, and bcrypt with the bug that $2x$ marks
        "$6$rounds=5000$saltstring$hash",
        "$2x$04$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K",
        "$2b$04$abcdefghijklmnopqrstuu",
        "$2b$04$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6",
        "$2b$04$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6KK",
        "$2b$04$abcdefghijklmnopqrstu=FaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K",
        "$2b$04$abcdefghijklmnopqrstéFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K",
        "$2b$4x$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K",
        &format!("$scrypt$ln=4,r=8,p=1$c2FsdA${}", "A".repeat(12)),
        &format!("$scrypt$ln=4,r=8,p=1$c2FsdA$!{hash}"),
        &format!("$scrypt$ln=4,r=8,p=1$c2FsdA${}B", "A".repeat(42)),
        &format!("$scrypt$ln=4,r=8$c2FsdA${hash}"),
        &format!("$scrypt$ln=4,r=8,p=1,p=1$c2FsdA${hash}"),
        &format!("$scrypt$r=8,ln=4,p=1$c2FsdA${hash}"),
        &format!("$scrypt$ln=+4,r=8,p=1$c2FsdA${hash}"),
        &format!("$scrypt$ln=,r=8,p=1$c2FsdA${hash}"),
        "$scrypt$ln=4,r=8,p=1$c2FsdA$",
        "$scrypt$ln=4,r=8,p=1$c2FsdA",
        &format!("scrypt:16:8:1$salt${hex}"),
        &format!("scrypt:15:8:1$salt${hex}{hex}"),
        &format!("scrypt:0:8:1$salt${hex}{hex}"),
        &format!("scrypt:16:8$salt${hex}{hex}"),
        &format!("scrypt:16:8:1$salt${hex}{}g", &hex[1..]),
        &format!("scrypt:16:8:1$salt${hex}{}", &hex[1..]),
        &format!("00:{hex}"),
        &format!(":{hex}{hex}"),
        &format!("xx:{hex}{hex}"),
        &format!("00:{hex}{hex}:00"),
        &format!("$firebase-scrypt$ln=4,r=8,p=1,ss=Bw==,sk=$c2FsdA${hash}"),
        "$firebase-scrypt$ln=4,r=8,p=1,ss=Bw==,sk=$c2FsdA$",
        &format!(
            "$firebase-scrypt$ln=4,r=8,p=1,ss=Bw==,sk={hash}$c2FsdA${}",
            "A".repeat(40)
        ),
        &format!("$firebase-scrypt$ln=4,r=8,p=1,sk={hash}$c2FsdA${hash}"),
        &format!("$firebase-scrypt$ln=4,r=8,p=1,ss=B,sk={hash}$c2FsdA${hash}"),
        &format!("pbkdf2_sha256$1000$salt${}", "A".repeat(40)),
        &format!("pbkdf2_sha256$-1$salt${hash}"),
        &format!("pbkdf2_sha1$1000$salt${hash}"),
        &format!("pbkdf2_md5$1000$salt${hash}"),
        &format!("pbkdf2_sha256$1000${hash}"),
        &format!("$pbkdf2$1000$c2FsdA${hash}"),
        &format!("$pbkdf2-sha256$1000$c2Fsd${hash}"),
        &format!("$pbkdf2-sha256$$c2FsdA${hash}"),
        &format!("$pbkdf2-sha512$1000$c2FsdA${hash}"),
        &format!("$pbkdf2-md5$1000$c2FsdA${hash}"),
        &format!("$pbkdf2-sha256$i=1000,l=31$c2FsdA${hash}"),
        &format!("$pbkdf2-sha256$i=1000,m=32$c2FsdA${hash}"),
        &format!("$pbkdf2-sha512$i=1000$c2FsdA${hash}"),
        &format!("$pbkdf2-sha256$i=$c2FsdA${hash}"),
        &format!("pbkdf2:sha256:1000$salt${}", &hex[2..]),
        &format!("pbkdf2:sha256:x$salt${hex}"),
        &format!("pbkdf2:md5:1000$salt${hex}"),
        &format!("pbkdf2:sha256$salt${hex}"),
        &format!("argon2:1$salt${hex}"),
    ] {
        assert_eq!(supported(stored), Err(Malformed), "{stored}");
        let hasher = Hasher::new(Parameters::default());
        assert_eq!(hasher.verify("", stored), Err(Malformed), "{stored}");
        assert!(!hasher.needs_rehash(stored), "{stored}");
    }
}

#[test]
fn excessive_strings_are_out_of_bounds() {
    let hash = "A".repeat(43);
    let hex = "0".repeat(128);
    for stored in [
        "$2b$03$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K",
        "$2b$17$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K",
        "$2y$31$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K",
        &format!("$scrypt$ln=18,r=8,p=1$c2FsdA${hash}"),
        &format!("$scrypt$ln=17,r=9,p=1$c2FsdA${hash}"),
        &format!("$scrypt$ln=0,r=8,p=1$c2FsdA${hash}"),
        &format!("$scrypt$ln=63,r=64,p=1$c2FsdA${hash}"),
        &format!("$scrypt$ln=256,r=8,p=1$c2FsdA${hash}"),
        &format!("$scrypt$ln=4,r=0,p=1$c2FsdA${hash}"),
        &format!("$scrypt$ln=4,r=65,p=1$c2FsdA${hash}"),
        &format!("$scrypt$ln=4,r=8,p=0$c2FsdA${hash}"),
        &format!("$scrypt$ln=4,r=8,p=17$c2FsdA${hash}"),
        &format!("$scrypt$ln=4,r=8,p=99999999999$c2FsdA${hash}"),
        &format!("$scrypt$ln=4,r=8,p=1$c2FsdA${}", "A".repeat(88)),
        &format!("scrypt:262144:8:1$salt${hex}"),
        &format!("scrypt:1:8:1$salt${hex}"),
        &format!("scrypt:18446744073709551616:8:1$salt${hex}"),
        &format!("$firebase-scrypt$ln=18,r=8,p=1,ss=Bw==,sk={hash}$c2FsdA${hash}"),
        &format!("pbkdf2_sha256$10000001$salt${hash}"),
        &format!("pbkdf2_sha256$0$salt${hash}"),
        &format!("$pbkdf2-sha256$99999999999$c2FsdA${hash}"),
        &format!("$pbkdf2-sha256$i=10000001,l=32$c2FsdA${hash}"),
        &format!("$pbkdf2-sha256$i=1000,l=66$c2FsdA${}", "A".repeat(88)),
        &format!("pbkdf2:sha256:10000001$salt${}", &hex[..64]),
    ] {
        assert_eq!(supported(stored), Err(OutOfBounds), "{stored}");
        let hasher = Hasher::new(Parameters::default());
        assert_eq!(hasher.verify("", stored), Err(OutOfBounds), "{stored}");
    }
    for stored in [
        "$2b$16$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K",
        &format!("$scrypt$ln=17,r=8,p=16$c2FsdA${hash}"),
        &format!("pbkdf2_sha256$10000000$salt${hash}"),
    ] {
        assert_eq!(supported(stored), Ok(()), "{stored}");
    }
}

/// Every string, truncated anywhere and with any character changed, is parsed without a panic.
#[test]
fn no_damage_panics() {
    for Vector { stored, .. } in vectors() {
        for (at, character) in stored.char_indices() {
            let (before, after) = (&stored[..at], &stored[at + character.len_utf8()..]);
            let _ = supported(before);
            for changed in ["", "é", "$", ":", ",", "=", "9", "\0"] {
                let _ = supported(&format!("{before}{changed}{after}"));
            }
        }
    }
}

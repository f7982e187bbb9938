//! Seed and clock determine every byte.

use std::time::Duration;

use futures::executor::block_on;
use gatewright_tests::host::PASSWORD;

use super::{auth, login, refresh, register};

/// Returns everything that a run issues.
fn transcript(seed: u64, algorithm: &str) -> Vec<String> {
    let auth = auth(seed, &[("JWT_ALGORITHM", algorithm)]);
    let mut tokens = vec![
        register(&auth, "ada@example.com"),
        register(&auth, "bob@example.com"),
    ];
    for _ in 0..3 {
        auth.platform().advance(Duration::from_secs(600));
        tokens.push(login(&auth, "ada@example.com", PASSWORD).ok().unwrap());
        tokens.push(refresh(&auth, tokens.last().unwrap()).ok().unwrap());
    }
    let mut text: Vec<_> = tokens
        .iter()
        .map(|pair| format!("{} {}", pair.access_token, pair.refresh_token.expose()))
        .collect();
    text.push(block_on(auth.signing_keys().jwks()).unwrap());
    text.extend(auth.platform().log_lines());
    text
}

#[test]
fn the_same_seed_and_clock_give_the_same_bytes() {
    for algorithm in ["EdDSA", "ES256"] {
        assert_eq!(transcript(7, algorithm), transcript(7, algorithm));
        assert_ne!(transcript(7, algorithm), transcript(8, algorithm));
    }
}

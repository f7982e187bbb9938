//! Limits.

use std::time::Duration;

use auth_core::storage::*;

pub(crate) fn limits(most: u64) -> Vec<Limit> {
    let limit = |key: &str, most| Limit {
        key: key.to_owned(),
        window: Duration::from_secs(60),
        max: most,
    };
    vec![limit("a", most), limit("b", 1_000_000)]
}

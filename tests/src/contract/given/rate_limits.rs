//! Rate limits.

use std::time::Duration;

use auth_core::storage::*;

pub(crate) fn limits(max: u64) -> Vec<Limit> {
    let limit = |key: &str, max| Limit {
        key: key.to_owned(),
        window: Duration::from_secs(60),
        max,
    };
    vec![limit("a", max), limit("b", 1_000_000)]
}

//! One-time secrets.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::basics::{at, id};

pub(crate) fn one_time_secret(digest: &str, user: u64) -> OneTimeSecret {
    OneTimeSecret {
        digest: digest.to_owned(),
        purpose: "verify".to_owned(),
        user_id: Some(id(user)),
        payload: r#"{"email": "zoë"}"#.to_owned(),
        created_at: at(1),
        expires_at: at(100),
        consumed_at: None,
    }
}

pub(crate) fn store_secret(storage: &impl Storage, secret: OneTimeSecret, replaces: bool) {
    let stored = storage.store_one_time_secret(secret, replaces);
    assert_eq!(block_on(stored), Ok(true));
}

pub(crate) fn consume(storage: &impl Storage, digest: &str, seconds: u64) -> bool {
    let used = storage.consume_one_time_secret(digest.into(), "verify".into(), at(seconds));
    block_on(used).unwrap().is_some()
}

//! The cache in KV, whose entries can be stale.

use std::time::Duration;

use auth_core::Timestamp;
use serde::Serialize;
use worker::Env;
use worker::kv::{KvError, KvStore};

/// The binding of the namespace.
const NAMESPACE: &str = "KV";
/// The shortest lifetime of an entry in KV.
const SHORTEST: Duration = Duration::from_secs(60);
/// Maximum number of keys that are written for one request, because Workers limit the calls of a request.
const MAX_PUBLISHED: usize = 500;

/// The KV namespace. Another location can see an entry a minute late, or not at all before the entry expires. No
/// decision therefore depends on it: each entry contains the time until which it applies, and is written after the
/// database.
pub(crate) struct Cache(KvStore);

/// The entry that embedded verifiers read under `revoked:SID`: the session has ended, and its access tokens have
/// expired by this time.
#[derive(Serialize)]
struct Revocation {
    /// Seconds since the Unix epoch, as in `exp`.
    until: u64,
}

impl Cache {
    /// Returns the namespace, if one is bound.
    pub(crate) fn new(env: &Env) -> Option<Self> {
        env.kv(NAMESPACE).ok().map(Self)
    }

    /// Publishes that sessions have ended. Returns the number of sessions that exceed the limit and were not published.
    pub(crate) async fn revoke(
        &self,
        sessions: &[String],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<usize, KvError> {
        let (published, left) = sessions.split_at(sessions.len().min(MAX_PUBLISHED));
        let revocation = Revocation {
            until: until.as_secs(),
        };
        let put = published
            .iter()
            .map(|session| self.put(format!("revoked:{session}"), &revocation, now, until));
        futures::future::try_join_all(put).await?;
        Ok(left.len())
    }

    /// Stores a value that contains the time until which it applies, until that time or a little longer.
    async fn put(
        &self,
        key: String,
        value: &impl Serialize,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), KvError> {
        let life = until.since(now).max(SHORTEST).as_secs();
        let value = serde_json::to_string(value)?;
        let put = self.0.put(&key, value)?.expiration_ttl(life);
        put.execute().await
    }
}

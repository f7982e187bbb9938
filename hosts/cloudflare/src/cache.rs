//! What may be stale, in KV.

use std::time::Duration;

use auth_core::Timestamp;
use serde::Serialize;
use worker::Env;
use worker::kv::{KvError, KvStore};

/// Binding of the namespace.
const NAMESPACE: &str = "KV";
/// KV keeps nothing for less.
const SHORTEST: Duration = Duration::from_secs(60);
/// Most keys that are written for one request: Workers bound what a request may call.
const MAX_PUBLISHED: usize = 500;

/// KV, which another place may see a minute late, or never before it has expired. So nothing is decided by it: what it
/// holds says itself until when it is meant, and is put there after the database knows.
pub(crate) struct Cache(KvStore);

/// What embedded verifiers find under `revoked:SID`: the session has ended, and its access tokens have expired by then.
#[derive(Serialize)]
struct Revocation {
    /// Seconds since the Unix epoch, as in `exp`.
    until: u64,
}

impl Cache {
    /// The namespace, if one is bound.
    pub(crate) fn new(env: &Env) -> Option<Self> {
        env.kv(NAMESPACE).ok().map(Self)
    }

    /// Publishes that sessions have ended. Returns how many there was no room for.
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

    /// Keeps a value that says itself until when it is meant, for so long or a little longer.
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

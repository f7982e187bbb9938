//! The entry point: one instance of the service's decisions.

use core::net::IpAddr;
use core::time::Duration;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};

use crate::config::Config;
use crate::equal_work::LoadedCosts;
use crate::error::{Error, Result};
use crate::jose::{Algorithm, KeySet, SigningKey, VerifyingKey};
use crate::known_device::DeviceToken;
use crate::password::{Hasher, Parameters};
use crate::platform::{Level, Platform};
use crate::storage::{self, Limit, Maintenance as _, RateLimits as _, SigningKeys as _};
use crate::time::Timestamp;

/// Every decision, for one platform and one configuration.
///
/// Cheap to keep and meant to be kept: it holds the password hasher's memory and the current keys. Safe to share
/// between threads where the platform is. No future and no lock is held across requests.
pub struct Auth<P> {
    pub(crate) platform: P,
    pub(crate) config: Config,
    pub(crate) hasher: Hasher,
    /// Events of the audit log that could not be stored, and of which it does not tell yet.
    pub(crate) lost_events: AtomicU64,
    keys: RwLock<Option<LoadedKeys>>,
    pub(crate) costs: RwLock<Option<LoadedCosts>>,
}

/// Who sends a request, as far as the host knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// Address of the peer, as the host vouches for it.
    pub ip: Option<IpAddr>,
    /// `User-Agent`, cut to 512 bytes.
    pub user_agent: Option<String>,
    /// Identifier of the request, for the audit log.
    pub request_id: Option<String>,
    /// What the device kept of an earlier login.
    pub device: Option<DeviceToken>,
}

/// How old keys may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// As old as a minute.
    Usual,
    /// As new as can be had without asking storage for every made-up `kid`.
    Newest,
}

#[derive(Clone)]
struct LoadedKeys {
    set: Arc<KeySet>,
    loaded_at: Timestamp,
}

/// How long loaded keys are used before storage is asked again: a rotation is noticed within this time.
const KEYS_FRESH: Duration = Duration::from_secs(60);
/// How soon after loading an unknown `kid` makes storage be asked again, so that made-up ones cost nothing.
const KEYS_COOL_DOWN: Duration = Duration::from_secs(5);
/// What private keys are encrypted for.
const KEY_PURPOSE: &str = "gatewright signing key v1";

impl<P: Platform> Auth<P> {
    /// Takes a platform and a checked configuration. Does no work that could fail or wait.
    pub fn new(platform: P, config: Config) -> Self {
        let parameters = Parameters::new(
            config.argon2_memory,
            config.argon2_iterations,
            config.argon2_parallelism,
        )
        .unwrap_or_default();
        let hasher = Hasher::within(parameters, platform.hash_memory());
        Self {
            platform,
            config,
            hasher,
            lost_events: AtomicU64::new(0),
            keys: RwLock::default(),
            costs: RwLock::default(),
        }
    }

    /// The platform it was made with.
    pub fn platform(&self) -> &P {
        &self.platform
    }

    /// Gives the platform back.
    pub fn into_platform(self) -> P {
        self.platform
    }

    /// The configuration it was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What hashes passwords.
    pub fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    /// Lets a password hash begin, unless all instances together have begun as many within this second as they may. Who
    /// is refused has taken no memory yet.
    ///
    /// # Errors
    /// [`Error::Overloaded`], or a failure of the platform.
    pub(crate) async fn admit_hash(&self) -> Result<()> {
        let most = self.config.hashes_per_second;
        if most > 0 {
            let limit = Limit {
                key: "hashes".to_owned(),
                window: Duration::from_secs(1),
                most,
            };
            let now = self.platform.now();
            let states = self.platform.storage().count(vec![limit], now).await?;
            if states.iter().any(|state| state.count > most) {
                return Err(Error::Overloaded);
            }
        }
        self.platform.before_hash().await;
        Ok(())
    }

    /// The hash of a password that somebody is to have.
    ///
    /// # Errors
    /// Those of [`admit_hash`](Self::admit_hash).
    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        self.admit_hash().await?;
        Ok(self.hasher.hash(&self.platform, password))
    }

    /// The public keys that verify access tokens, as a JWK Set (RFC 7517 section 5).
    ///
    /// # Errors
    /// Storage fails, or the stored keys can't be opened.
    pub async fn jwks(&self) -> Result<String> {
        Ok(self
            .keys(self.platform.now(), Freshness::Usual)
            .await?
            .jwks()
            .to_owned())
    }

    /// Whether requests can be served: storage answers, and there is a key to sign with.
    ///
    /// # Errors
    /// Why not.
    pub async fn ready(&self) -> Result<()> {
        self.platform.storage().check().await?;
        self.keys(self.platform.now(), Freshness::Usual)
            .await
            .map(|_| ())
    }

    /// The current keys.
    pub(crate) async fn keys(&self, now: Timestamp, freshness: Freshness) -> Result<Arc<KeySet>> {
        let loaded = self
            .keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(loaded) = &loaded {
            let good_for = match freshness {
                Freshness::Usual => KEYS_FRESH,
                Freshness::Newest => KEYS_COOL_DOWN,
            };
            if now.since(loaded.loaded_at) < good_for || self.config.jwt_secret_key().is_some() {
                return Ok(loaded.set.clone());
            }
        }
        let set = match self.make_set(now).await {
            Ok(set) => Arc::new(set),
            Err(Error::Unavailable(cause)) if let Some(loaded) = loaded => {
                self.platform.log(
                    Level::Warn,
                    "the signing keys can't be read; the known ones go on",
                    &[("cause", &cause)],
                );
                return Ok(loaded.set);
            }
            Err(error) => return Err(error),
        };
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(LoadedKeys {
            set: set.clone(),
            loaded_at: now,
        });
        Ok(set)
    }

    /// Forgets the keys, so that those of storage are read anew.
    pub(crate) fn forget_keys(&self) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn make_set(&self, now: Timestamp) -> Result<KeySet> {
        match self.config.jwt_secret_key() {
            Some(secret) => {
                let key = SigningKey::from_secret(self.config.jwt_algorithm, secret);
                Ok(KeySet::new(
                    key.map_err(|error| Error::Internal(format!("JWT_SECRET: {error}")))?,
                    Vec::new(),
                ))
            }
            None => self.load_keys(now).await,
        }
    }

    /// Reads the key pairs from storage, and makes the first one where there is none.
    async fn load_keys(&self, now: Timestamp) -> Result<KeySet> {
        let algorithm = self.config.jwt_algorithm;
        // Two rounds suffice: after a lost race the winner's key is there.
        for _ in 0..2 {
            let stored = self.platform.storage().list_signing_keys().await?;
            let usable = stored
                .iter()
                .filter(|key| key.expires_at.is_none_or(|end| now < end));
            let current = stored
                .iter()
                .find(|key| key.algorithm == algorithm.as_str() && key.retired_at.is_none());
            if let Some(current) = current {
                let others = usable
                    .filter(|key| key.kid != current.kid)
                    .filter_map(|key| VerifyingKey::from_jwk(&key.public_jwk).ok())
                    .collect();
                return Ok(KeySet::new(self.open_key(current)?, others));
            }
            let key = self.make_key(algorithm, now)?;
            let kid = key.kid.clone();
            if self
                .platform
                .storage()
                .add_signing_key(key, None, now)
                .await?
            {
                self.platform.log(
                    Level::Info,
                    "made the first signing key",
                    &[("kid", &kid), ("alg", algorithm.as_str())],
                );
            }
        }
        Err(Error::Internal(
            "a signing key was added and is not listed".into(),
        ))
    }

    pub(crate) fn make_key(
        &self,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Result<storage::SigningKey> {
        let internal = |error| Error::Internal(format!("a new signing key: {error}"));
        let private = SigningKey::generate(&self.platform, algorithm).map_err(internal)?;
        let key = SigningKey::from_private(algorithm, private.as_ref()).map_err(internal)?;
        let kid = key.verifying_key().kid().to_owned();
        Ok(storage::SigningKey {
            sealed: self.config.secret_key.seal(
                &self.platform,
                KEY_PURPOSE,
                &kid,
                "",
                private.as_ref(),
            ),
            public_jwk: key.public_jwk().unwrap_or_default(),
            algorithm: algorithm.as_str().to_owned(),
            kid,
            created_at: now,
            retired_at: None,
            expires_at: None,
        })
    }

    fn open_key(&self, stored: &storage::SigningKey) -> Result<SigningKey> {
        let private = self
            .config
            .secret_key
            .open(KEY_PURPOSE, &stored.kid, "", &stored.sealed)
            .ok_or_else(|| {
                Error::Internal(format!(
                    "SECRET_KEY does not open the stored signing key {}: was it changed?",
                    stored.kid
                ))
            })?;
        SigningKey::from_private(self.config.jwt_algorithm, &private).map_err(|error| {
            Error::Internal(format!("the stored signing key {}: {error}", stored.kid))
        })
    }
}

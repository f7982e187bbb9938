//! The keys that currently sign and verify access tokens.

use core::time::Duration;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::jose::{Algorithm, KeySet, SigningKey, VerifyingKey};
use crate::platform::{Level, Platform};
use crate::secret::SecretKey;
use crate::signing_keys::cache::{Freshness, LoadedKeys};
use crate::storage::{self, SigningKeys as _};
use crate::time::Timestamp;

/// How long a replaced key is still published after its last access token expires, to allow for clock differences.
pub(crate) const KEY_OVERLAP: Duration = Duration::from_secs(300);
/// The purpose that private keys are encrypted for.
const KEY_PURPOSE: &str = "gatewright signing key v1";

/// Returns the current keys.
pub(crate) async fn current_keys<P: Platform>(
    context: &Context<P>,
    now: Timestamp,
    freshness: Freshness,
) -> Result<LoadedKeys> {
    let known = context.keys.get();
    if let Some(known) = &known
        && (context.config.jwt_secret_key().is_some()
            || context.keys.suffice(known, now, freshness))
    {
        return Ok(known.clone());
    }
    match load(context, now).await {
        Err(Error::Unavailable(cause)) if let Some(known) = known => {
            context.platform.log(
                Level::Warn,
                "the signing keys can't be loaded; the cached keys stay in use",
                &[("cause", &cause)],
            );
            Ok(known)
        }
        Ok(loaded) => {
            if freshness == Freshness::Newest {
                context.keys.sought(now);
            }
            Ok(loaded)
        }
        failed => failed,
    }
}

/// Returns these keys, or newer ones if there was an emergency rotation since, whose time is stored with the session.
/// In that case no earlier key is used, even if it is still fresh.
pub(crate) async fn keys_after<P: Platform>(
    context: &Context<P>,
    now: Timestamp,
    keys: LoadedKeys,
    ended_at: Option<Timestamp>,
) -> Result<LoadedKeys> {
    if keys.know_of(ended_at) || context.config.jwt_secret_key().is_some() {
        return Ok(keys);
    }
    load(context, now).await
}

async fn load<P: Platform>(context: &Context<P>, now: Timestamp) -> Result<LoadedKeys> {
    let loaded = match context.config.jwt_secret_key() {
        Some(secret) => {
            let key = SigningKey::from_secret(context.config.jwt_algorithm, secret);
            let key = key.map_err(|error| Error::Internal(format!("JWT_SECRET: {error}")))?;
            LoadedKeys::new(KeySet::new(key, Vec::new()), None, now)
        }
        None => load_keys(context, now).await?,
    };
    context.keys.keep(loaded.clone());
    Ok(loaded)
}

/// Loads the key pairs from storage, and creates the first one if there is none.
async fn load_keys<P: Platform>(context: &Context<P>, now: Timestamp) -> Result<LoadedKeys> {
    let algorithm = context.config.jwt_algorithm;
    // Two rounds are enough: after a lost race, the winner's key is stored.
    for _ in 0..2 {
        let stored = context.storage().list_signing_keys().await?;
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
            let emergencies = stored.iter().filter(|key| key.emergency);
            let ended_at = emergencies.map(|key| key.created_at).max();
            let set = KeySet::new(open_key(context, current)?, others);
            return Ok(LoadedKeys::new(set, ended_at, now));
        }
        let key = new_signing_key(context, algorithm, now)?;
        let kid = key.kid.clone();
        // Tokens signed by a key of another algorithm are accepted for their whole lifetime.
        let until = now + context.config.access_token_life + KEY_OVERLAP;
        let storage = context.storage();
        if storage
            .add_signing_key(key, None, until, Vec::new())
            .await?
        {
            context.platform.log(
                Level::Info,
                "created the first signing key of the algorithm",
                &[("kid", &kid), ("alg", algorithm.as_str())],
            );
        }
    }
    Err(Error::Internal(
        "a signing key was added but is not listed".into(),
    ))
}

pub(crate) fn new_signing_key<P: Platform>(
    context: &Context<P>,
    algorithm: Algorithm,
    now: Timestamp,
) -> Result<storage::StoredSigningKey> {
    let internal = |error| Error::Internal(format!("a new signing key can't be created: {error}"));
    let private = SigningKey::generate(&context.platform, algorithm).map_err(internal)?;
    let key = SigningKey::from_private(algorithm, private.as_ref()).map_err(internal)?;
    let kid = key.verifying_key().kid().to_owned();
    Ok(storage::StoredSigningKey {
        ciphertext: context.config.secret_key.encrypt(
            &context.platform,
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
        emergency: false,
    })
}

/// Whether `SECRET_KEY` decrypts a stored key.
pub(crate) fn is_encrypted_with(key: &SecretKey, stored: &storage::StoredSigningKey) -> bool {
    let plain = key.decrypt(KEY_PURPOSE, &stored.kid, "", &stored.ciphertext);
    plain.is_some()
}

pub(crate) fn open_key<P: Platform>(
    context: &Context<P>,
    stored: &storage::StoredSigningKey,
) -> Result<SigningKey> {
    let private = context
        .config
        .secret_key
        .decrypt(KEY_PURPOSE, &stored.kid, "", &stored.ciphertext)
        .ok_or_else(|| {
            Error::Internal(format!(
                "SECRET_KEY can't decrypt the stored signing key {}: was SECRET_KEY changed?",
                stored.kid
            ))
        })?;
    SigningKey::from_private(context.config.jwt_algorithm, &private)
        .map_err(|error| Error::Internal(format!("the stored signing key {}: {error}", stored.kid)))
}

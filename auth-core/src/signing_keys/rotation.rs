//! Administration of signing keys: list and rotation.

use crate::admin::actor::Actor;
use crate::audit::event::EventKind;
use crate::audit::record::{audit_event, log_events};
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::signing_keys::SigningKeys;
use crate::signing_keys::cache::Freshness;
use crate::signing_keys::current::{KEY_OVERLAP, current_keys, new_signing_key, open_key};
use crate::storage::{SigningKeys as _, StoredSigningKey};

impl<P: Platform> SigningKeys<'_, P> {
    /// Returns the public keys that verify access tokens, as a JSON Web Key Set (RFC 7517 section 5). A key that another
    /// instance signs with is listed within seconds, because verifiers refuse tokens of unlisted keys.
    ///
    /// # Errors
    /// Storage fails, or the stored keys can't be decrypted.
    pub async fn jwks(self) -> Result<String> {
        let context = self.context;
        Ok(current_keys(context, context.now(), Freshness::Newest)
            .await?
            .jwks()
            .to_owned())
    }

    /// Returns all signing keys, oldest first.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn list(self) -> Result<Vec<StoredSigningKey>> {
        let context = self.context;
        Ok(context.storage().list_signing_keys().await?)
    }

    /// Creates a new key that signs from now on. The previous key is accepted for as long as its tokens can be valid.
    /// In an emergency, all tokens signed before are refused: here at once, and elsewhere as soon as the verifier has
    /// loaded the keys again.
    ///
    /// # Errors
    /// [`Error::NoSigningKey`] if a shared secret or a key of another algorithm or `SECRET_KEY` signs tokens, which a command
    /// with other settings than the service's would leave in force; or a failure of the platform.
    pub async fn rotate(self, actor: &Actor, emergency: bool) -> Result<StoredSigningKey> {
        let context = self.context;
        if context.config.jwt_secret_key().is_some() {
            return Err(Error::NoSigningKey);
        }
        let algorithm = context.config.jwt_algorithm;
        let now = context.now();
        let stored = context.storage().list_signing_keys().await?;
        let current = stored
            .iter()
            .find(|key| key.algorithm == algorithm.as_str() && key.retired_at.is_none());
        // A new database has no key yet, and nothing to refuse.
        if current.is_none() && (emergency || !stored.is_empty()) {
            return Err(Error::NoSigningKey);
        }
        // With another SECRET_KEY the service could not decrypt the new key.
        if current.is_some_and(|key| open_key(context, key).is_err()) {
            return Err(Error::NoSigningKey);
        }
        let key = StoredSigningKey {
            emergency,
            ..new_signing_key(context, algorithm, now)?
        };
        let replaces = current.map(|key| key.kid.clone());
        let until = match emergency {
            true => now,
            false => now + context.config.access_token_life + KEY_OVERLAP,
        };
        let mut event = actor.event(EventKind::KeyRotated).on("key", &key.kid);
        if emergency {
            event = event.because("emergency");
        }
        let events = vec![audit_event(context, event, actor.client())];
        let storage = context.storage();
        let added = storage.add_signing_key(key.clone(), replaces, until, events.clone());
        if !added.await? {
            return Err(Error::Unavailable(
                "another rotation of the signing keys is in progress; try again".into(),
            ));
        }
        log_events(context, &events);
        context.keys.forget();
        Ok(key)
    }
}

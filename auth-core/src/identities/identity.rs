//! An identity: its record, its name in requests, and the provider's tokens that are stored with it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::account::change::identity_key;
use crate::context::Context;
use crate::federation::person::{Person, UpstreamTokens};
use crate::json;
use crate::platform::Platform;
use crate::sign_in::proof::Proof;
use crate::storage::{Identity, IdentityKey};
use crate::time::Timestamp;

/// The purpose that the tokens of providers are encrypted for.
const TOKENS_PURPOSE: &str = "gatewright identity tokens v1";

/// The length of an identity's identifier in requests.
const ID_LEN: usize = 22;

/// An identity, as its user and administrators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedIdentity {
    /// The identifier in requests. It is derived from issuer and subject.
    pub id: String,
    /// The name of the provider.
    pub provider: String,
    /// The issuer of `subject`.
    pub issuer: String,
    /// The identifier by which the issuer knows the person.
    pub subject: String,
    /// The e-mail address at the provider, as it last said.
    pub email: Option<String>,
    /// The name of the person at the provider.
    pub label: Option<String>,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When the user last signed in by it.
    pub last_used_at: Option<Timestamp>,
}

impl From<&Identity> for LinkedIdentity {
    fn from(identity: &Identity) -> Self {
        Self {
            id: identity_id(&identity_key(identity)),
            provider: identity.provider.clone(),
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            email: identity.email.clone(),
            label: identity.label.clone(),
            created_at: identity.created_at,
            last_used_at: identity.last_used_at,
        }
    }
}

/// Returns the identifier of an identity in requests.
pub(crate) fn identity_id(key: &IdentityKey) -> String {
    let mut id = URL_SAFE_NO_PAD.encode(Sha256::digest(row_of(key)));
    id.truncate(ID_LEN);
    id
}

/// Returns the issuer and the subject as one text. An issuer contains no null character.
fn row_of(key: &IdentityKey) -> String {
    format!("{}\0{}", key.issuer, key.subject)
}

/// Returns the key of a person's identity.
pub(crate) fn key_of(person: &Person) -> IdentityKey {
    IdentityKey {
        issuer: person.issuer.clone(),
        subject: person.subject.clone(),
    }
}

/// Returns the proof that a person is a user, to whom their identity belongs.
pub(crate) fn proof_of(person: &Person, user_id: &str) -> Proof {
    Proof::by_identity(user_id, key_of(person), person.auth_time)
}

/// Returns the identity to link a person to a user by. `used` is whether they sign in by it now.
pub(crate) fn new_identity<P: Platform>(
    context: &Context<P>,
    person: &Person,
    user_id: &str,
    used: bool,
) -> Identity {
    let now = context.now();
    let tokens = person.tokens.as_ref();
    Identity {
        issuer: person.issuer.clone(),
        subject: person.subject.clone(),
        provider: person.provider.clone(),
        user_id: user_id.to_owned(),
        email: person.email.clone(),
        label: person.name.clone().or_else(|| person.username.clone()),
        created_at: now,
        last_used_at: used.then_some(now),
        tokens: tokens.map(|tokens| seal_tokens(context, &key_of(person), tokens)),
    }
}

/// Encrypts the tokens of a provider for their identity.
pub(crate) fn seal_tokens<P: Platform>(
    context: &Context<P>,
    key: &IdentityKey,
    tokens: &UpstreamTokens,
) -> String {
    let plain = Zeroizing::new(serde_json::to_vec(tokens).unwrap_or_default());
    let secret = &context.config.secret_key;
    secret.encrypt(&context.platform, TOKENS_PURPOSE, &row_of(key), "", &plain)
}

/// Decrypts the tokens of an identity. Returns `None` if `SECRET_KEY` was changed since.
pub(crate) fn open_tokens<P: Platform>(
    context: &Context<P>,
    key: &IdentityKey,
    sealed: &str,
) -> Option<UpstreamTokens> {
    let secret = &context.config.secret_key;
    let plain = secret.decrypt(TOKENS_PURPOSE, &row_of(key), "", sealed)?;
    json::from_slice(&plain).ok()
}

/// Returns the provider's name on buttons.
pub(crate) fn provider_label<'a, P>(context: &'a Context<P>, provider: &'a str) -> &'a str {
    let registration = context.config.federation.registration(provider);
    registration.map_or(provider, |known| known.provider.label.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The separator keeps two identities apart whose texts are the same when joined.
    #[test]
    fn an_identifier_is_of_one_identity() {
        let id = |issuer: &str, subject: &str| {
            identity_id(&IdentityKey {
                issuer: issuer.to_owned(),
                subject: subject.to_owned(),
            })
        };
        assert_eq!(id("https://op.example", "1").len(), ID_LEN);
        assert_eq!(id("https://op.example", "1"), id("https://op.example", "1"));
        assert_ne!(
            id("https://op.example", "11"),
            id("https://op.example1", "1")
        );
        assert_ne!(id("https://op.example", "1"), id("https://op.example", "2"));
    }
}

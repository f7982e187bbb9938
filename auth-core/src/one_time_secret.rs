//! One-time secrets: creation and verification. They are consumed together with the action that they allow.

use core::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::context::Context;
use crate::error::{Error, LinkError, Result};
use crate::json;
use crate::platform::Platform;
use crate::secret::SecretToken;
use crate::storage::{OneTimeSecret, OneTimeSecrets as _};

/// The purpose of a one-time secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Verify the e-mail address that a user registered with.
    VerifyEmail,
    /// Choose a new password.
    ResetPassword,
    /// Verify a new e-mail address.
    ChangeEmail,
    /// Undo a change of the e-mail address.
    UndoEmail,
    /// Undo the setup of a second factor.
    UndoSecondFactor,
    /// Complete a login with a second factor.
    Mfa,
    /// Come back from a sign-in provider, once.
    OauthState,
    /// Get the result of a sign-in by a provider.
    OauthCode,
    /// Complete the data of a first sign-in by a provider.
    OauthCompletion,
}

impl Purpose {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ChangeEmail => "change_email",
            Self::UndoEmail => "undo_email",
            Self::UndoSecondFactor => "undo_second_factor",
            Self::Mfa => "mfa",
            Self::OauthState => "oauth_state",
            Self::OauthCode => "oauth_code",
            Self::OauthCompletion => "oauth_completion",
        }
    }
}

/// A one-time secret that can be used now.
pub(crate) struct Usable<T> {
    /// The digest, with which the secret is consumed.
    pub(crate) digest: String,
    /// The user that the secret belongs to. `None` if it belongs to no user.
    pub(crate) user_id: Option<String>,
    /// The data stored with the secret.
    pub(crate) payload: T,
}

/// A one-time secret of a user that can be used now.
pub(crate) struct UsableByUser<T> {
    /// The digest, with which the secret is consumed.
    pub(crate) digest: String,
    /// The user that the secret belongs to.
    pub(crate) user_id: String,
    /// The data stored with the secret.
    pub(crate) payload: T,
}

/// Creates a one-time secret, for a user or for no user. If `replaces` is set, earlier unused ones become invalid.
pub(crate) async fn create_secret<P: Platform>(
    context: &Context<P>,
    purpose: Purpose,
    user_id: Option<&str>,
    payload: &impl Serialize,
    life: Duration,
    replaces: bool,
) -> Result<SecretToken> {
    let token = SecretToken::generate(&context.platform);
    let payload = to_json(payload)?;
    store(context, &token, purpose, user_id, payload, life, replaces).await?;
    Ok(token)
}

/// The stored payload of a secret from [`create_sealed_secret`].
#[derive(Serialize, Deserialize)]
pub(crate) struct Sealed {
    /// The payload, encrypted for the holder of the secret.
    pub(crate) sealed: String,
}

/// Creates a one-time secret whose payload can be read only by its holder, for a user or for no user.
pub(crate) async fn create_sealed_secret<P: Platform>(
    context: &Context<P>,
    purpose: Purpose,
    user_id: Option<&str>,
    payload: &impl Serialize,
    life: Duration,
) -> Result<SecretToken> {
    let token = SecretToken::generate(&context.platform);
    let plain = Zeroizing::new(to_json(payload)?);
    let sealed = context.config.secret_key.encrypt(
        &context.platform,
        purpose.as_str(),
        &token.digest(),
        token.expose(),
        plain.as_bytes(),
    );
    let payload = to_json(&Sealed { sealed })?;
    store(context, &token, purpose, user_id, payload, life, false).await?;
    Ok(token)
}

/// Opens the payload of a secret from [`create_sealed_secret`], by the presented secret.
///
/// # Errors
/// [`Error::Link`] if it was sealed by another `SECRET_KEY`.
pub(crate) fn open_sealed<T: DeserializeOwned, P: Platform>(
    context: &Context<P>,
    purpose: Purpose,
    presented: &str,
    digest: &str,
    sealed: &str,
) -> Result<T> {
    let key = &context.config.secret_key;
    let plain = key
        .decrypt(purpose.as_str(), digest, presented, sealed)
        .ok_or(Error::Link(LinkError::Invalid))?;
    json::from_slice(&plain)
        .map_err(|error| Error::Internal(format!("sealed payload of a one-time secret: {error}")))
}

fn to_json(payload: &impl Serialize) -> Result<String> {
    serde_json::to_string(payload)
        .map_err(|error| Error::Internal(format!("payload of a one-time secret: {error}")))
}

async fn store<P: Platform>(
    context: &Context<P>,
    token: &SecretToken,
    purpose: Purpose,
    user_id: Option<&str>,
    payload: String,
    life: Duration,
    replaces: bool,
) -> Result<()> {
    let now = context.now();
    let secret = OneTimeSecret {
        digest: token.digest(),
        purpose: purpose.as_str().to_owned(),
        user_id: user_id.map(str::to_owned),
        payload,
        created_at: now,
        expires_at: now + life,
        consumed_at: None,
    };
    let stored = context.storage().store_one_time_secret(secret, replaces);
    if stored.await? {
        Ok(())
    } else {
        Err(Error::Internal(
            "a new one-time secret is stored already".to_owned(),
        ))
    }
}

/// Verifies a presented one-time secret without consuming it. The error reveals to its holder whether it is used or
/// expired.
///
/// # Errors
/// [`Error::Link`] if the secret is malformed, unknown, for another purpose, used, or expired.
pub(crate) async fn peek<T: DeserializeOwned, P: Platform>(
    context: &Context<P>,
    purpose: Purpose,
    presented: &str,
) -> Result<Usable<T>> {
    let invalid = Error::Link(LinkError::Invalid);
    let Some(token) = SecretToken::parse(presented) else {
        return Err(invalid);
    };
    let found = context
        .storage()
        .find_one_time_secret(token.digest())
        .await?
        .filter(|secret| secret.purpose == purpose.as_str());
    let Some(secret) = found else {
        return Err(invalid);
    };
    if secret.consumed_at.is_some() {
        return Err(Error::Link(LinkError::Used));
    }
    if secret.expires_at <= context.now() {
        return Err(Error::Link(LinkError::Expired));
    }
    let payload = json::from_str(&secret.payload).map_err(|error| {
        Error::Internal(format!("stored payload of a one-time secret: {error}"))
    })?;
    Ok(Usable {
        digest: secret.digest,
        user_id: secret.user_id,
        payload,
    })
}

/// Works like [`peek`], but requires a secret of a user. A secret of no user is invalid.
pub(crate) async fn peek_of_user<T: DeserializeOwned, P: Platform>(
    context: &Context<P>,
    purpose: Purpose,
    presented: &str,
) -> Result<UsableByUser<T>> {
    let usable = peek(context, purpose, presented).await?;
    Ok(UsableByUser {
        digest: usable.digest,
        user_id: usable.user_id.ok_or(Error::Link(LinkError::Invalid))?,
        payload: usable.payload,
    })
}

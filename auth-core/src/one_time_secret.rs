//! One-time secrets: creation and verification. They are consumed together with the action that they allow.

use core::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

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
    let now = context.now();
    let token = SecretToken::generate(&context.platform);
    let payload = serde_json::to_string(payload)
        .map_err(|error| Error::Internal(format!("payload of a one-time secret: {error}")))?;
    let secret = OneTimeSecret {
        digest: token.digest(),
        purpose: purpose.as_str().to_owned(),
        user_id: user_id.map(str::to_owned),
        payload,
        created_at: now,
        expires_at: now + life,
        consumed_at: None,
    };
    context
        .storage()
        .store_one_time_secret(secret, replaces)
        .await?;
    Ok(token)
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

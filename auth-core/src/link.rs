//! One-time secrets in links: made, looked at, and used up together with what they allow.

use core::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::auth::Auth;
use crate::error::{Error, LinkError, Result};
use crate::json;
use crate::mail::{MailContext, MailKind};
use crate::platform::Platform;
use crate::secret::SecretToken;
use crate::storage::{OneTimeSecret, OneTimeSecrets as _, User};

/// What a one-time secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Prove to receive mail at the address that one registered with.
    VerifyEmail,
    /// Choose a new password.
    ResetPassword,
    /// Prove to receive mail at a new address.
    ChangeEmail,
    /// Take a change of the address back.
    UndoEmail,
    /// Go on with a login by a second factor.
    Mfa,
}

impl Purpose {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ChangeEmail => "change_email",
            Self::UndoEmail => "undo_email",
            Self::Mfa => "mfa",
        }
    }
}

/// A mail whose link leads to a page with a one-time secret.
pub(crate) struct LinkMail {
    /// What the secret is for.
    pub(crate) purpose: Purpose,
    /// What the mail says.
    pub(crate) kind: MailKind,
    /// The page of the front end.
    pub(crate) page: &'static str,
    /// How long it works.
    pub(crate) life: Duration,
    /// Whether those of before that were not used are void.
    pub(crate) replaces: bool,
}

/// A one-time secret that can be used now.
pub(crate) struct Usable<T> {
    /// Its digest, to use it up.
    pub(crate) digest: String,
    /// Whom it is for.
    pub(crate) user_id: String,
    /// What was kept with it.
    pub(crate) payload: T,
}

impl<P: Platform> Auth<P> {
    /// Makes a one-time secret for a user; none: one that nobody can use, for the same work where there is no user.
    /// `replaces`: those of before that were not used are void.
    pub(crate) async fn make_secret(
        &self,
        purpose: Purpose,
        user_id: Option<&str>,
        payload: &impl Serialize,
        life: Duration,
        replaces: bool,
    ) -> Result<SecretToken> {
        let now = self.platform.now();
        let token = SecretToken::generate(&self.platform);
        let payload = serde_json::to_string(payload)
            .map_err(|error| Error::Internal(format!("a payload: {error}")))?;
        let secret = OneTimeSecret {
            digest: token.digest(),
            purpose: purpose.as_str().to_owned(),
            user_id: user_id.map(str::to_owned),
            payload,
            created_at: now,
            expires_at: now + life,
            consumed_at: None,
        };
        self.platform
            .storage()
            .store_one_time_secret(secret, replaces)
            .await?;
        Ok(token)
    }

    /// Looks at a presented one-time secret without using it up. Who holds one may know what became of it.
    ///
    /// # Errors
    /// [`Error::Link`]: it is malformed, unknown or for something else, used, or expired.
    pub(crate) async fn look_at<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        presented: &str,
    ) -> Result<Usable<T>> {
        let invalid = Error::Link(LinkError::Invalid);
        let Some(token) = SecretToken::parse(presented) else {
            return Err(invalid);
        };
        let found = self
            .platform
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
        if secret.expires_at <= self.platform.now() {
            return Err(Error::Link(LinkError::Expired));
        }
        let payload = json::from_str(&secret.payload)
            .map_err(|error| Error::Internal(format!("a stored payload: {error}")))?;
        Ok(Usable {
            digest: secret.digest,
            user_id: secret.user_id.ok_or(invalid)?,
            payload,
        })
    }

    /// Sends a user a link, to this address. Without a user the same work is done, and nothing sent.
    pub(crate) async fn send_link(
        &self,
        mail: LinkMail,
        user: Option<&User>,
        to: &str,
        payload: &impl Serialize,
    ) -> Result<()> {
        let id = user.map(|user| user.id.as_str());
        let token = self
            .make_secret(mail.purpose, id, payload, mail.life, mail.replaces)
            .await?;
        let link = self.link(mail.page, &token);
        let context = MailContext {
            name: user.and_then(|user| user.display_name.as_deref()),
            email: Some(to),
            link: Some(&link),
            expires_in: Some(mail.life),
            ..MailContext::default()
        };
        let message = self.message(mail.kind, to, &context);
        if user.is_some() {
            self.send(message);
        }
        Ok(())
    }

    /// Tells who has an address already that somebody else wanted to have it.
    pub(crate) fn send_account_exists(&self, to: &str) {
        let login = format!("{}/login", self.config.frontend());
        let context = MailContext {
            email: Some(to),
            link: Some(&login),
            ..MailContext::default()
        };
        self.send(self.message(MailKind::AccountExists, to, &context));
    }

    /// Where a link in a mail leads: a page of the front end.
    pub(crate) fn link(&self, page: &str, token: &SecretToken) -> String {
        format!("{}{page}?token={}", self.config.frontend(), token.expose())
    }
}

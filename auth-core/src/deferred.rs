//! Work that is done after a request is answered.

use zeroize::Zeroizing;

use crate::auth::Auth;
use crate::error::Error;
use crate::mail::{MailContext, MailKind, Message};
use crate::platform::{Level, Platform};
use crate::storage::{Credential, Storage as _};

/// Work that nobody waits for.
pub struct Deferred(pub(crate) Work);

pub(crate) enum Work {
    /// Tell a person something.
    Notice(Message),
    /// Bring a stored hash, which this password has just matched, to the current parameters.
    Rehash {
        credential: Credential,
        password: Zeroizing<String>,
    },
}

impl<P: Platform> Auth<P> {
    /// Does deferred work. What fails is in the log, and harms nobody.
    pub async fn run(&self, deferred: Deferred) {
        match deferred.0 {
            Work::Notice(message) => self.notify(message).await,
            Work::Rehash {
                credential,
                password,
            } => self.rehash(credential, &password).await,
        }
    }

    /// A message from the templates. One of the operator's that fails is in the log.
    pub(crate) fn message(&self, kind: MailKind, to: &str, context: &MailContext<'_>) -> Message {
        let (message, failure) = self.config.templates.render(kind, to, context);
        if let Some(cause) = failure {
            self.platform.log(
                Level::Warn,
                "a mail template failed; the built-in one took its place",
                &[("cause", &cause.to_string())],
            );
        }
        message
    }

    async fn notify(&self, message: Message) {
        if let Err(cause) = self.platform.send_mail(message).await {
            self.platform.log(
                Level::Warn,
                "a notice could not be sent",
                &[("cause", &cause.to_string())],
            );
        }
    }

    async fn rehash(&self, credential: Credential, password: &str) {
        let replacement = self.hasher.hash(&self.platform, password);
        let replaced = self
            .platform
            .storage()
            .replace_credential_secret(
                credential.id,
                credential.secret,
                replacement,
                self.platform.now(),
            )
            .await;
        match replaced {
            Ok(true) => self.platform.log(
                Level::Info,
                "rehashed a password",
                &[("user", &credential.user_id)],
            ),
            Ok(false) => {}
            Err(error) => {
                let cause = Error::from(error).to_string();
                self.platform.log(
                    Level::Warn,
                    "a password could not be rehashed",
                    &[("cause", &cause)],
                );
            }
        }
    }
}

//! Signing in: by password, and by a second factor where there is one.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::account::{PASSWORD, login_name};
use crate::audit::{Event, EventKind};
use crate::auth::{Auth, Client};
use crate::deferred::{Deferred, Work};
use crate::error::{Error, LinkError, Result};
use crate::factor::has_second_factor;
use crate::link::Purpose;
use crate::password;
use crate::platform::Platform;
use crate::recovery::password_id;
use crate::secret::SecretToken;
use crate::session::{Carrier, Tokens};
use crate::storage::{Account, Credential, LoginName, OneTimeSecrets as _, Users as _};

/// What a person signs in with.
#[derive(Clone, Copy)]
pub struct LoginRequest<'a> {
    /// E-mail address or user name; what holds `@` is an address.
    pub name: &'a str,
    /// Password.
    pub password: &'a str,
    /// A code of the second factor, where one is in force.
    pub code: Option<&'a str>,
    /// What is to carry the session.
    pub carrier: Carrier,
}

/// The answer to the right password.
#[allow(
    clippy::large_enum_variant,
    reason = "made once for a login, and moved at once"
)]
pub enum Login {
    /// A session has started.
    SignedIn(Tokens),
    /// A second factor is in force, and its code is missing.
    MfaRequired(MfaChallenge),
}

/// A login that waits for a second factor.
pub struct MfaChallenge {
    /// To be presented with the code, once.
    pub token: SecretToken,
    /// Seconds until it is refused.
    pub expires_in: u64,
}

/// For how long a login waits for the second factor.
const CHALLENGE_LIFE: Duration = Duration::from_secs(600);

/// What is kept with a challenge.
#[derive(Serialize, Deserialize)]
struct Challenge {
    /// The password that was right. Another one, set meanwhile, makes the challenge void.
    credential: String,
}

impl<P: Platform> Auth<P> {
    /// Signs a person in by address or name and password.
    ///
    /// Unknown accounts, accounts without a password and wrong passwords get the same answer after the same work.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`]; after the right password alone [`Error::AccountDisabled`],
    /// [`Error::EmailNotVerified`] and [`Error::InvalidCode`]; [`Error::RateLimited`], or a failure of the platform.
    pub async fn login(&self, request: LoginRequest<'_>, client: &Client) -> Result<Login> {
        let name = login_name(request.name);
        let key = name.as_ref().map_or(request.name, |name| match name {
            LoginName::Email(key) | LoginName::Username(key) | LoginName::Id(key) => key,
        });
        // Before the attempt is counted: whether the device is known depends on the account.
        let account = match name.clone() {
            Some(name) => self.platform.storage().find_account(name).await?,
            None => None,
        };
        self.count_login(key, name.clone(), account.as_ref(), client)
            .await?;
        let known = account.as_ref().map(|account| account.user.id.clone());
        let Some((account, credential)) = self.matching_password(account, request.password).await?
        else {
            let reason = known
                .as_ref()
                .map_or("unknown_account", |_| "wrong_password");
            self.record_failed_login(known.as_deref(), reason, client);
            return Err(Error::InvalidCredentials);
        };
        self.count_sign_in(&account.user.id).await?;
        self.may_sign_in(&account, client)?;
        // The password is right, whatever becomes of the second factor.
        let password = password::normalize(request.password);
        if self.hasher.should_rehash(&password, &credential.secret) {
            self.platform.defer(Deferred(Work::Rehash {
                credential: credential.clone(),
                password,
            }));
        }
        let amr: &[&str] = match (has_second_factor(&account), request.code) {
            (false, _) => &["pwd"],
            (true, Some(code)) => {
                self.use_code(&account, code, client).await?;
                &["pwd", "otp", "mfa"]
            }
            (true, None) => {
                let id = Some(account.user.id.as_str());
                let challenge = Challenge {
                    credential: credential.id,
                };
                let token = self
                    .make_secret(Purpose::Mfa, id, &challenge, CHALLENGE_LIFE, false)
                    .await?;
                let expires_in = CHALLENGE_LIFE.as_secs();
                return Ok(Login::MfaRequired(MfaChallenge { token, expires_in }));
            }
        };
        let tokens = self
            .start_session(
                &account.user.id,
                &credential.id,
                amr,
                client,
                request.carrier,
            )
            .await?;
        Ok(Login::SignedIn(tokens))
    }

    /// Goes on with a login by a code of the second factor.
    ///
    /// # Errors
    /// [`Error::Link`] for the challenge, [`Error::InvalidCode`], [`Error::AccountDisabled`],
    /// [`Error::EmailNotVerified`], [`Error::RateLimited`], or a failure of the platform.
    pub async fn login_by_second_factor(
        &self,
        challenge: &str,
        code: &str,
        carrier: Carrier,
        client: &Client,
    ) -> Result<Tokens> {
        let usable = self.look_at::<Challenge>(Purpose::Mfa, challenge).await?;
        let account = self
            .find_by_id(&usable.user_id)
            .await?
            .ok_or(Error::Link(LinkError::Invalid))?;
        self.may_sign_in(&account, client)?;
        let same_password = password_id(&account) == Some(&usable.payload.credential);
        if !same_password || !has_second_factor(&account) {
            return Err(Error::Link(LinkError::Invalid));
        }
        self.use_code(&account, code, client).await?;
        let now = self.platform.now();
        let consumed = self
            .platform
            .storage()
            .consume_one_time_secret(usable.digest, now)
            .await?;
        if !consumed {
            return Err(Error::Link(LinkError::Used));
        }
        self.start_session(
            &account.user.id,
            &usable.payload.credential,
            &["pwd", "otp", "mfa"],
            client,
            carrier,
        )
        .await
    }

    /// Whether a person who has proved himself may have a session.
    fn may_sign_in(&self, account: &Account, client: &Client) -> Result<()> {
        let id = Some(account.user.id.as_str());
        if account.user.disabled_at.is_some() {
            self.record_failed_login(id, "disabled", client);
            return Err(Error::AccountDisabled);
        }
        let unverified = account.user.email.is_some() && account.user.email_verified_at.is_none();
        if self.config.require_email_verification && unverified {
            self.record_failed_login(id, "email_not_verified", client);
            return Err(Error::EmailNotVerified);
        }
        Ok(())
    }

    pub(crate) fn record_failed_login(
        &self,
        user_id: Option<&str>,
        reason: &'static str,
        client: &Client,
    ) {
        let mut event = Event::new(EventKind::LoginFailed).because(reason);
        if let Some(id) = user_id {
            event = event.on("user", id);
        }
        self.record(event, client);
    }

    /// The account and its password credential if the password is right, after the same work in every case.
    pub(crate) async fn matching_password(
        &self,
        account: Option<Account>,
        presented: &str,
    ) -> Result<Option<(Account, Credential)>> {
        let password = password::normalize(presented);
        // Longer ones can't be right, and hashing them would be the sender's choice of our work.
        let too_long = password.chars().count() > self.config.password_max_length;
        self.admit_hash().await?;
        let found = account.and_then(with_password).filter(|_| !too_long);
        let stored = found
            .as_ref()
            .map(|(_, credential)| credential.secret.as_str());
        let costliest = self.costliest().await?;
        let compared = if too_long { "" } else { &password };
        let matches = self.hasher.compare(compared, stored, &costliest);
        let matches = matches.map_err(|error| {
            let user = found.as_ref().map_or("", |(account, _)| &account.user.id);
            Error::Internal(format!("password of user {user}: {error}"))
        })?;
        if let (false, Some(stored)) = (matches, stored) {
            // A hash of before, or of an import elsewhere: from now on all attempts are as much work.
            self.raise_costs([stored]).await?;
        }
        Ok(found.filter(|_| matches))
    }
}

fn with_password(account: Account) -> Option<(Account, Credential)> {
    let credential = account
        .credentials
        .iter()
        .find(|credential| credential.kind == PASSWORD)
        .cloned()?;
    Some((account, credential))
}

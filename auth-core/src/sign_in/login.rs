//! Signing in: by password, and by a second factor where there is one.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::account::find::find_account;
use crate::audit::record::record_failed_login;
use crate::client::Client;
use crate::credential::password_id;
use crate::deferred::work::{Deferred, Task};
use crate::error::{Error, LinkError, Result};
use crate::identifier::login_name;
use crate::mfa::code::use_code;
use crate::mfa::second_factor::has_second_factor;
use crate::one_time_secret::{Purpose, create_secret, peek_of_user};
use crate::password::comparison::matching_password;
use crate::password::policy;
use crate::platform::Platform;
use crate::rate_limits::quota::count_sign_in;
use crate::rate_limits::sign_in::count_login;
use crate::secret::SecretToken;
use crate::sessions::start::start_session;
use crate::sessions::tokens::Tokens;
use crate::sessions::transport::TokenFormat;
use crate::sign_in::SignIn;
use crate::sign_in::policy::check_sign_in_allowed;
use crate::storage::{LoginName, Storage as _};

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
    pub carrier: TokenFormat,
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

impl<P: Platform> SignIn<'_, P> {
    /// Signs a person in by address or name and password.
    ///
    /// Unknown accounts, accounts without a password and wrong passwords get the same answer after the same work.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`]; after the right password alone [`Error::AccountDisabled`],
    /// [`Error::EmailNotVerified`] and [`Error::InvalidCode`]; [`Error::RateLimited`], or a failure of the platform.
    pub async fn login(self, request: LoginRequest<'_>, client: &Client) -> Result<Login> {
        let context = self.context;
        let name = login_name(request.name);
        let key = name.as_ref().map_or(request.name, |name| match name {
            LoginName::Email(key) | LoginName::Username(key) | LoginName::Id(key) => key,
        });
        // Before the attempt is counted: whether the device is known depends on the account.
        let account = match name.clone() {
            Some(name) => context.storage().find_account(name).await?,
            None => None,
        };
        count_login(context, key, name.clone(), account.as_ref(), client).await?;
        let known = account.as_ref().map(|account| account.user.id.clone());
        let Some((account, credential)) =
            matching_password(context, account, request.password).await?
        else {
            let reason = known
                .as_ref()
                .map_or("unknown_account", |_| "wrong_password");
            record_failed_login(context, known.as_deref(), reason, client);
            return Err(Error::InvalidCredentials);
        };
        count_sign_in(context, &account.user.id).await?;
        check_sign_in_allowed(context, &account, client)?;
        // The password is right, whatever becomes of the second factor.
        let password = policy::normalize(request.password);
        if context.hasher.should_rehash(&password, &credential.secret) {
            context.platform.defer(Deferred(Task::Rehash {
                credential: credential.clone(),
                password,
            }));
        }
        let amr: &[&str] = match (has_second_factor(&account), request.code) {
            (false, _) => &["pwd"],
            (true, Some(code)) => {
                use_code(context, &account, code, client).await?;
                &["pwd", "otp", "mfa"]
            }
            (true, None) => {
                let id = Some(account.user.id.as_str());
                let challenge = Challenge {
                    credential: credential.id,
                };
                let token =
                    create_secret(context, Purpose::Mfa, id, &challenge, CHALLENGE_LIFE, false)
                        .await?;
                let expires_in = CHALLENGE_LIFE.as_secs();
                return Ok(Login::MfaRequired(MfaChallenge { token, expires_in }));
            }
        };
        let tokens = start_session(
            context,
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
        self,
        challenge: &str,
        code: &str,
        carrier: TokenFormat,
        client: &Client,
    ) -> Result<Tokens> {
        let context = self.context;
        let usable = peek_of_user::<Challenge, _>(context, Purpose::Mfa, challenge).await?;
        let account = find_account(context, &usable.user_id)
            .await?
            .ok_or(Error::Link(LinkError::Invalid))?;
        check_sign_in_allowed(context, &account, client)?;
        let same_password = password_id(&account) == Some(&usable.payload.credential);
        if !same_password || !has_second_factor(&account) {
            return Err(Error::Link(LinkError::Invalid));
        }
        use_code(context, &account, code, client).await?;
        let now = context.now();
        let consumed = context
            .storage()
            .consume_one_time_secret(usable.digest, now)
            .await?;
        if !consumed {
            return Err(Error::Link(LinkError::Used));
        }
        start_session(
            context,
            &account.user.id,
            &usable.payload.credential,
            &["pwd", "otp", "mfa"],
            client,
            carrier,
        )
        .await
    }
}

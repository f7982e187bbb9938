//! Sign-in with a password and, if one is in force, a second factor.

use crate::account::find::find_account;
use crate::audit::record::record_failed_login;
use crate::client::Client;
use crate::context::Context;
use crate::credential::password_id;
use crate::deferred::task::{Deferred, Task};
use crate::error::{Error, LinkError, Result};
use crate::identifier::{EmailAddress, login_name};
use crate::identities::by_address::{link_by_address, may_link_by_address};
use crate::identities::identity::proof_of;
use crate::identities::recent_use::use_later;
use crate::password::comparison::verify_password;
use crate::password::policy;
use crate::platform::Platform;
use crate::rate_limits::quota::count_sign_in;
use crate::rate_limits::sign_in::count_login;
use crate::sessions::start::start_session;
use crate::sessions::tokens::Tokens;
use crate::sessions::transport::TokenFormat;
use crate::sign_in::SignIn;
use crate::sign_in::challenge::{FirstFactor, MfaChallenge, challenge, peek_challenge};
use crate::sign_in::policy::{Admission, admit};
use crate::sign_in::proof::Proof;
use crate::sign_in::verification::{awaits_verification, invalid_credentials};
use crate::storage::{LoginName, User, Users as _};

/// The credentials and options of a login.
#[derive(Clone, Copy)]
pub struct LoginRequest<'a> {
    /// The e-mail address or user name. A name that contains `@` is treated as an address.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
    /// A code of the second factor, if one is in force.
    pub code: Option<&'a str>,
    /// The format of the session's tokens.
    pub token_format: TokenFormat,
    /// Tokens of the sessions that the new session replaces. These sessions end.
    pub replaces: &'a [&'a str],
}

/// The result of a login with the correct password.
#[allow(
    clippy::large_enum_variant,
    reason = "created once for each login and moved immediately"
)]
pub enum Login {
    /// A session has started.
    SignedIn(Tokens),
    /// A second factor is in force, and its code is missing.
    MfaRequired(MfaChallenge),
}

impl<P: Platform> SignIn<'_, P> {
    /// Signs a user in with an e-mail address or user name and a password.
    ///
    /// Unknown accounts, accounts without a password and wrong passwords get the same answer after the same work. Where
    /// e-mail verification is required, so do accounts with an unverified address, because a stranger may have
    /// registered with it to find out whether it was taken. The address's owner gets another verification link.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`], or [`Error::InvalidOrUnverified`] where e-mail verification is required;
    /// [`Error::AccountDisabled`] and [`Error::InvalidCode`] only after the correct password; [`Error::RateLimited`],
    /// or a failure of the platform.
    pub async fn login(self, request: LoginRequest<'_>, client: &Client) -> Result<Login> {
        let context = self.context;
        let name = login_name(request.name);
        let key = name.as_ref().map_or(request.name, |name| match name {
            LoginName::Email(key) | LoginName::Username(key) | LoginName::Id(key) => key,
        });
        // Looked up before the attempt is counted, because the account determines whether the device is known.
        let account = match name.clone() {
            Some(name) => context.storage().find_account(name).await?,
            None => None,
        };
        count_login(context, key, name.clone(), account.as_ref(), client).await?;
        let known = account.as_ref().map(|account| account.user.id.clone());
        let verified = match verify_password(context, account, request.password).await? {
            Some(verified) if !awaits_verification(&context.config, &verified.account) => verified,
            refused => {
                let reason = match (&known, &refused) {
                    (None, _) => "unknown_account",
                    (_, None) => "wrong_password",
                    (_, Some(_)) => "email_not_verified",
                };
                record_failed_login(context, known.as_deref(), reason, client);
                let user = refused.map(|verified| verified.account.user);
                send_link_later(context, request.name, user, client);
                return Err(invalid_credentials(&context.config));
            }
        };
        let account = verified.account;
        count_sign_in(context, &account.user.id).await?;
        let admission = admit(context, &account, verified.proof, client)?;
        // The password is correct, whether or not the second factor follows.
        let password = policy::normalize(request.password);
        let credential = verified.credential;
        if context.hasher.should_rehash(&password, &credential.secret) {
            context.platform.defer(Deferred(Task::Rehash {
                credential,
                password,
            }));
        }
        let admitted = match (admission, request.code) {
            (Admission::Granted(admitted), _) => admitted,
            (Admission::SecondFactorMissing(incomplete), Some(code)) => {
                incomplete
                    .complete(context, &account, code, None, client)
                    .await?
            }
            (Admission::SecondFactorMissing(incomplete), None) => {
                return Ok(Login::MfaRequired(challenge(context, &incomplete).await?));
            }
        };
        let tokens = start_session(
            context,
            &admitted,
            client,
            request.token_format,
            request.replaces,
        )
        .await?;
        Ok(Login::SignedIn(tokens))
    }

    /// Completes a login with a code of the second factor. The new session replaces the sessions of the tokens in
    /// `replaces`.
    ///
    /// # Errors
    /// [`Error::Link`] for the challenge, [`Error::InvalidCode`], [`Error::AccountDisabled`],
    /// [`Error::AccountExists`], [`Error::IdentityTaken`] and [`Error::TooManyIdentities`] where the code was to link an
    /// identity, [`Error::InvalidOrUnverified`], [`Error::RateLimited`], or a failure of the platform.
    pub async fn login_by_second_factor(
        self,
        challenge: &str,
        code: &str,
        token_format: TokenFormat,
        replaces: &[&str],
        client: &Client,
    ) -> Result<Tokens> {
        let context = self.context;
        let usable = peek_challenge(context, challenge).await?;
        let account = find_account(context, &usable.user_id)
            .await?
            .ok_or(Error::Link(LinkError::Invalid))?;
        let mut linked = None;
        let proof = match &usable.first {
            // The password has changed since, so the challenge is invalid.
            FirstFactor::Password(id) if password_id(&account) != Some(id) => {
                return Err(Error::Link(LinkError::Invalid));
            }
            FirstFactor::Password(id) => Proof::by_password_of(&account.user.id, id),
            FirstFactor::Identity(named) => {
                let person = &named.person;
                let storage = context.storage();
                let (issuer, subject) = (person.issuer.clone(), person.subject.clone());
                linked = storage.find_identity(issuer, subject).await?;
                let usable = match &linked {
                    Some(linked) => linked.account.user.id == account.user.id,
                    None => named.links && may_link_by_address(context, &account, person),
                };
                if !usable {
                    return Err(Error::Link(LinkError::Invalid));
                }
                proof_of(person, &account.user.id)
            }
        };
        // The challenge is also invalid if no second factor is in force any more.
        let Admission::SecondFactorMissing(incomplete) = admit(context, &account, proof, client)?
        else {
            return Err(Error::Link(LinkError::Invalid));
        };
        let challenge = Some(usable.digest);
        let admitted = incomplete
            .complete(context, &account, code, challenge, client)
            .await?;
        if let FirstFactor::Identity(named) = &usable.first {
            let person = &named.person;
            match linked {
                Some(linked) => use_later(context, person, &linked.identity),
                None => link_by_address(context, &account.user.id, person, true, client).await?,
            }
        }
        start_session(context, &admitted, client, token_format, replaces).await
    }
}

/// Sends another verification link after the answer, where e-mail verification is required. The task runs whether or
/// not there is a link to send, so that the work after the answer is also the same.
fn send_link_later<P: Platform>(
    context: &Context<P>,
    name: &str,
    user: Option<User>,
    client: &Client,
) {
    if !context.config.require_email_verification {
        return;
    }
    if let Ok(address) = EmailAddress::parse(name) {
        context.platform.defer(Deferred(Task::VerificationLink {
            address,
            user: user.filter(|user| user.disabled_at.is_none()).map(Box::new),
            client: client.clone(),
        }));
    }
}

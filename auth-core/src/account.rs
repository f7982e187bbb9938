//! Registering and signing in with a password.

use crate::auth::{Auth, Client, Freshness};
use crate::config::Config;
use crate::deferred::{Deferred, Work};
use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::identifier::{EmailAddress, Username, new_id};
use crate::password;
use crate::platform::Platform;
use crate::session::TokenPair;
use crate::storage::{
    Account, CreateUserOutcome, Credential, LoginName, NewUser, Storage as _, User,
};

/// What a person registers with.
#[derive(Clone, Copy)]
pub struct Registration<'a> {
    /// E-mail address.
    pub email: &'a str,
    /// Password.
    pub password: &'a str,
    /// User name, to sign in by besides the address.
    pub username: Option<&'a str>,
    /// Name to show to others, at most 100 characters.
    pub display_name: Option<&'a str>,
}

/// A user was created.
pub struct Registered {
    /// The user.
    pub user: User,
    /// The first session's tokens, if registering signs in.
    pub tokens: Option<TokenPair>,
}

/// What a person signs in with.
#[derive(Clone, Copy)]
pub struct LoginRequest<'a> {
    /// E-mail address or user name; what holds `@` is an address.
    pub name: &'a str,
    /// Password.
    pub password: &'a str,
}

/// Kind of a credential that is a password.
const PASSWORD: &str = "password";
/// Role of everybody who registers.
const FIRST_ROLE: &str = "user";
/// Most characters of a display name.
const DISPLAY_NAME_MAX: usize = 100;

impl<P: Platform> Auth<P> {
    /// Creates a user, and signs him in where that is configured.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every broken rule, [`Error::EmailTaken`], [`Error::UsernameTaken`],
    /// [`Error::RateLimited`]: no user was created. Or a failure of the platform, which can come after that: the
    /// person then signs in.
    pub async fn register(
        &self,
        registration: Registration<'_>,
        client: &Client,
    ) -> Result<Registered> {
        let valid = ValidRegistration::new(registration, &self.config).map_err(Error::Invalid)?;
        self.count_registration(client).await?;
        let now = self.platform.now();
        if self.config.register_auto_login {
            // First: without a key to sign with no user must be left without his tokens.
            self.keys(now, Freshness::Usual).await?;
        }
        let id = new_id(&self.platform);
        let user = User {
            id: id.clone(),
            email: Some(valid.email.as_str().to_owned()),
            email_verified_at: None,
            username: valid.username.as_ref().map(|name| name.as_str().to_owned()),
            display_name: valid.display_name,
            profile: "{}".to_owned(),
            disabled_at: None,
            created_at: now,
            updated_at: now,
            last_login_at: None,
        };
        let credential = Credential {
            id: new_id(&self.platform),
            user_id: id,
            kind: PASSWORD.to_owned(),
            secret: self.hasher.hash(&self.platform, &valid.password),
            label: None,
            created_at: now,
            updated_at: now,
            last_used_at: None,
        };
        let outcome = self
            .platform
            .storage()
            .create_user(NewUser {
                user: user.clone(),
                email_key: Some(valid.email.key()),
                username_key: valid.username.as_ref().map(Username::key),
                credentials: vec![credential],
                roles: vec![FIRST_ROLE.to_owned()],
            })
            .await?;
        match outcome {
            CreateUserOutcome::EmailTaken => Err(Error::EmailTaken),
            CreateUserOutcome::UsernameTaken => Err(Error::UsernameTaken),
            CreateUserOutcome::Created if self.config.register_auto_login => {
                let tokens = self.start_session(&user.id, &["pwd"], client).await?;
                Ok(Registered {
                    user: tokens.active.user.clone(),
                    tokens: Some(tokens),
                })
            }
            CreateUserOutcome::Created => Ok(Registered { user, tokens: None }),
        }
    }

    /// Signs a person in by address or name and password.
    ///
    /// Unknown accounts, accounts without a password and wrong passwords get the same answer after the same work.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`], [`Error::AccountDisabled`] after the right password alone,
    /// [`Error::RateLimited`], or a failure of the platform.
    pub async fn login(&self, request: LoginRequest<'_>, client: &Client) -> Result<TokenPair> {
        let name = login_name(request.name);
        let key = name.as_ref().map_or(request.name, |name| match name {
            LoginName::Email(key) | LoginName::Username(key) => key,
        });
        self.count_login(key, client).await?;
        let account = match name {
            Some(name) => self.platform.storage().find_account(name).await?,
            None => None,
        };
        let password = password::normalize(request.password);
        // Longer ones can't be right, and hashing them would be the sender's choice of our work.
        let too_long = password.chars().count() > self.config.password_max_length;
        let Some((account, credential)) = account.and_then(with_password).filter(|_| !too_long)
        else {
            self.hasher
                .verify_nothing(if too_long { "" } else { &password });
            return Err(Error::InvalidCredentials);
        };
        let matches = self
            .hasher
            .verify(&password, &credential.secret)
            .map_err(|error| {
                Error::Internal(format!("password of user {}: {error}", account.user.id))
            })?;
        if !matches {
            return Err(Error::InvalidCredentials);
        }
        if account.user.disabled_at.is_some() {
            return Err(Error::AccountDisabled);
        }
        let tokens = self
            .start_session(&account.user.id, &["pwd"], client)
            .await?;
        if self.hasher.needs_rehash(&credential.secret) {
            self.platform.defer(Deferred(Work::Rehash {
                credential,
                password,
            }));
        }
        Ok(tokens)
    }
}

/// A registration whose every field keeps the rules.
struct ValidRegistration {
    email: EmailAddress,
    password: zeroize::Zeroizing<String>,
    username: Option<Username>,
    display_name: Option<String>,
}

impl ValidRegistration {
    fn new(
        registration: Registration<'_>,
        config: &Config,
    ) -> core::result::Result<Self, Vec<FieldError>> {
        let password = password::normalize(registration.password);
        let email = EmailAddress::parse(registration.email);
        let checked = password::check(&password, "password", config);
        let username = registration.username.map(Username::parse).transpose();
        let display_name = display_name(registration.display_name);
        match (email, checked, username, display_name) {
            (Ok(email), Ok(()), Ok(username), Ok(display_name)) => Ok(Self {
                email,
                password,
                username,
                display_name,
            }),
            (email, checked, username, display_name) => Err([
                email.err(),
                checked.err(),
                username.err(),
                display_name.err(),
            ]
            .into_iter()
            .flatten()
            .collect()),
        }
    }
}

fn display_name(text: Option<&str>) -> core::result::Result<Option<String>, FieldError> {
    let error = |code, message: String| Err(FieldError::new("display_name", code, message));
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) if text.chars().count() > DISPLAY_NAME_MAX => error(
            FieldErrorCode::TooLong,
            format!("At most {DISPLAY_NAME_MAX} characters."),
        ),
        Some(text) if text.chars().any(char::is_control) => error(
            FieldErrorCode::InvalidFormat,
            "No control characters.".into(),
        ),
        text => Ok(text.map(str::to_owned)),
    }
}

fn login_name(text: &str) -> Option<LoginName> {
    if text.contains('@') {
        EmailAddress::parse(text)
            .ok()
            .map(|email| LoginName::Email(email.key()))
    } else {
        Username::parse(text)
            .ok()
            .map(|name| LoginName::Username(name.key()))
    }
}

fn with_password(mut account: Account) -> Option<(Account, Credential)> {
    let at = account
        .credentials
        .iter()
        .position(|credential| credential.kind == PASSWORD)?;
    let credential = account.credentials.swap_remove(at);
    Some((account, credential))
}

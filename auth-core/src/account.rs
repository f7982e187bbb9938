//! A person's account: registered, read, changed and deleted.

use serde_json::{Map, Value};

use crate::access::USER;
use crate::audit::{Event, EventKind};
use crate::auth::{Auth, Client, Freshness};
use crate::change::Change;
use crate::config::Config;
use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::factor::{has_second_factor, recovery_codes_left};
use crate::identifier::{EmailAddress, Username};
use crate::link::Purpose;
use crate::mail::MailKind;
use crate::password;
use crate::platform::Platform;
use crate::profile::Editor;
use crate::quota::SelfService;
use crate::recovery::password_id;
use crate::session::{Carrier, Tokens};
use crate::storage::{Account, ActiveSession, LoginName, User, Users as _};

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
    /// Values of the declared extra fields.
    pub profile: Option<&'a Map<String, Value>>,
    /// What is to carry the first session, where registering signs in.
    pub carrier: Carrier,
}

/// A user was created; or, where addresses have to be verified before anything else, it looks as if.
pub struct Registered {
    /// The user.
    pub user: User,
    /// The first session's tokens, if registering signs in.
    pub tokens: Option<Tokens>,
}

/// What a person changes of his account; what is none stays as it is.
#[derive(Clone, Copy, Default)]
pub struct AccountUpdate<'a> {
    /// Another user name; an empty one takes it away.
    pub username: Option<&'a str>,
    /// Another name to show; an empty one takes it away.
    pub display_name: Option<&'a str>,
    /// Values of the declared extra fields; null takes one away.
    pub profile: Option<&'a Map<String, Value>>,
}

/// What a person may know of the ways to sign in to his account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInMethods {
    /// Whether there is a password.
    pub password: bool,
    /// Whether a second factor is in force.
    pub second_factor: bool,
    /// How many recovery codes are left.
    pub recovery_codes_left: usize,
}

impl SignInMethods {
    /// Those of an account.
    pub fn of(account: &Account) -> Self {
        Self {
            password: password_id(account).is_some(),
            second_factor: has_second_factor(account),
            recovery_codes_left: recovery_codes_left(account),
        }
    }
}

/// Kind of a credential that is a password.
pub(crate) const PASSWORD: &str = "password";
/// Most characters of a display name.
const DISPLAY_NAME_MAX: usize = 100;

impl<P: Platform> Auth<P> {
    /// Creates a user, and signs him in where that is configured and his address need not be verified first.
    ///
    /// Where it has to be, an address that is taken gets the same answer as one that is not, and its owner a mail.
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
        self.refuse_breached(&valid.password, "password").await?;
        let now = self.platform.now();
        let verifies_first = self.config.require_email_verification;
        if verifies_first && let Some(name) = &valid.username {
            // Before the address is looked at, of which the answer must say nothing.
            let name = LoginName::Username(name.key());
            if self.platform.storage().find_account(name).await?.is_some() {
                return Err(Error::UsernameTaken);
            }
        }
        let signs_in = self.config.register_auto_login && !verifies_first;
        if signs_in && registration.carrier == Carrier::Jwt {
            // First: without a key to sign with no user must be left without his tokens.
            self.keys(now, Freshness::Usual).await?;
        }
        let user = User {
            email: Some(valid.email.as_str().to_owned()),
            username: valid.username.map(|name| name.as_str().to_owned()),
            display_name: valid.display_name,
            profile: valid.profile,
            ..self.new_user()
        };
        let secret = self.hash(&valid.password).await?;
        let credential = self.password_credential(&user.id, secret);
        let roles = vec![USER.to_owned()];
        let created = self.create(&user, vec![credential.clone()], roles, None);
        match created.await {
            Err(Error::EmailTaken) if verifies_first => {
                // The same work as for an address that is not taken, now and after the answer: a row in the place of the
                // user's, and an event.
                let nothing = Value::Null;
                let life = self.config.verify_token_life;
                self.make_secret(Purpose::VerifyEmail, None, &nothing, life, false)
                    .await?;
                let refused = Event::new(EventKind::RegistrationRefused).because("email_taken");
                self.record(refused, client);
                let may_mail = self.may_mail_registered(&valid.email, client).await?;
                self.send_verification(None, valid.email.as_str()).await?;
                if may_mail {
                    self.send_account_exists(valid.email.as_str());
                }
                return Ok(Registered { user, tokens: None });
            }
            created => created?,
        }
        self.record(
            Event::of_user(EventKind::AccountRegistered, &user.id),
            client,
        );
        // A stranger could fill the mailbox otherwise.
        let may_mail = self.may_mail_registered(&valid.email, client).await?;
        let told = Some(&user).filter(|_| may_mail);
        self.send_verification(told, valid.email.as_str()).await?;
        if !signs_in {
            return Ok(Registered { user, tokens: None });
        }
        let tokens = self
            .start_session(
                &user.id,
                &credential.id,
                &["pwd"],
                client,
                registration.carrier,
            )
            .await?;
        Ok(Registered {
            user: tokens.active().user.clone(),
            tokens: Some(tokens),
        })
    }

    /// Changes what a person says of himself.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every broken rule, [`Error::UsernameTaken`], [`Error::RateLimited`], or a failure of the
    /// platform.
    pub async fn update_account(
        &self,
        active: &ActiveSession,
        update: AccountUpdate<'_>,
        client: &Client,
    ) -> Result<User> {
        let given = |text: &&str| !text.trim().is_empty();
        let username = update
            .username
            .filter(given)
            .map(Username::parse)
            .transpose();
        let shown = display_name(update.display_name);
        let (username, shown) = match (username, shown) {
            (Ok(username), Ok(shown)) => (username, shown),
            (username, shown) => {
                let broken = [username.err(), shown.err()];
                return Err(Error::Invalid(broken.into_iter().flatten().collect()));
            }
        };
        self.count_self_service(&active.user.id, SelfService::Profile)
            .await?;
        let user = self
            .change(&active.user.id, |account| {
                let mut user = account.user;
                if update.username.is_some() {
                    user.username = username.as_ref().map(|name| name.as_str().to_owned());
                    if user.email.is_none() && user.username.is_none() {
                        let message = "Without an address the user name is needed to sign in.";
                        let rule = FieldError::new("username", FieldErrorCode::Required, message);
                        return Err(Error::Invalid(vec![rule]));
                    }
                }
                if update.display_name.is_some() {
                    user.display_name.clone_from(&shown);
                }
                if let Some(given) = update.profile {
                    let fields = &self.config.profile_fields;
                    user.profile = fields
                        .change(&user.profile, given, Editor::User, false)
                        .map_err(Error::Invalid)?;
                }
                Ok(Change::of(user))
            })
            .await?;
        self.record(Event::own(EventKind::AccountUpdated, active), client);
        Ok(user)
    }

    /// Deletes the account of the person of a session with everything that is his, by his password.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::RateLimited`], [`Error::LastSuperadmin`], or a failure of the platform.
    pub async fn delete_account(
        &self,
        active: &ActiveSession,
        password: &str,
        client: &Client,
    ) -> Result<()> {
        self.check_password(&active.user.id, password, client)
            .await?;
        match self.delete(&active.user.id, |_| Ok(())).await {
            Ok(user) => {
                self.record(Event::own(EventKind::AccountDeleted, active), client);
                self.notify_user(&user, MailKind::AccountDeleted, client);
                Ok(())
            }
            // By another request of his.
            Err(Error::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The ways to sign in to the account of a session.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn sign_in_methods(&self, active: &ActiveSession) -> Result<SignInMethods> {
        let account = self
            .find_by_id(&active.user.id)
            .await?
            .ok_or(Error::AccountGone)?;
        Ok(SignInMethods::of(&account))
    }
}

/// A registration whose every field keeps the rules.
struct ValidRegistration {
    email: EmailAddress,
    password: zeroize::Zeroizing<String>,
    username: Option<Username>,
    display_name: Option<String>,
    profile: String,
}

impl ValidRegistration {
    fn new(
        registration: Registration<'_>,
        config: &Config,
    ) -> core::result::Result<Self, Vec<FieldError>> {
        let password = password::normalize(registration.password);
        let names = [Some(registration.email), registration.username];
        let email = EmailAddress::parse(registration.email);
        let checked = password::check(&password, "password", config, &names);
        let username = registration.username.map(Username::parse).transpose();
        let display_name = display_name(registration.display_name);
        let none = Map::new();
        let given = registration.profile.unwrap_or(&none);
        let profile = config
            .profile_fields
            .change("{}", given, Editor::User, true);
        match (email, checked, username, display_name, profile) {
            (Ok(email), Ok(()), Ok(username), Ok(display_name), Ok(profile)) => Ok(Self {
                email,
                password,
                username,
                display_name,
                profile,
            }),
            (email, checked, username, display_name, profile) => {
                let broken = [
                    email.err(),
                    checked.err(),
                    username.err(),
                    display_name.err(),
                ];
                let broken = broken.into_iter().flatten();
                Err(broken.chain(profile.err().unwrap_or_default()).collect())
            }
        }
    }
}

pub(crate) fn display_name(text: Option<&str>) -> core::result::Result<Option<String>, FieldError> {
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

/// The key of a name by which somebody signs in; none: no account can have it.
pub(crate) fn login_name(text: &str) -> Option<LoginName> {
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

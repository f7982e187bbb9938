//! Forgotten and changed passwords.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::access::VERIFIED;
use crate::account::PASSWORD;
use crate::audit::{Event, EventKind};
use crate::auth::{Auth, Client};
use crate::change::Change;
use crate::error::{Error, FieldError, FieldErrorCode, LinkError, Result};
use crate::factor::{FACTOR, has_second_factor, one_of};
use crate::identifier::{EmailAddress, new_id};
use crate::known_device::DeviceToken;
use crate::limit::RequestedMail;
use crate::link::{LinkMail, Purpose};
use crate::mail::MailKind;
use crate::password::{self, Question};
use crate::platform::{Level, Platform};
use crate::quota::SelfService;
use crate::storage::{Account, ActiveSession, Credential, LoginName, User, Users as _};

/// For how long the link of an invitation works: nobody waits for it.
const INVITATION_LIFE: Duration = Duration::from_secs(7 * 86_400);

/// What a link to a new password goes with; when either changes, it is void.
#[derive(Serialize, Deserialize)]
struct Forgotten {
    /// The address that it was sent to.
    email: String,
    /// The password that was forgotten.
    credential: Option<String>,
}

/// The identifier of an account's password.
pub(crate) fn password_id(account: &Account) -> Option<&str> {
    one_of(account, PASSWORD).map(|credential| credential.id.as_str())
}

impl<P: Platform> Auth<P> {
    /// Sends whoever has this address a link to choose a new password. The answer says nothing of whether there is such
    /// an account.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::RateLimited`], or a failure of the platform.
    pub async fn forgot_password(&self, email: &str, client: &Client) -> Result<()> {
        let address = EmailAddress::parse(email).map_err(|rule| Error::Invalid(vec![rule]))?;
        let mail = RequestedMail::Reset;
        self.count_mail(mail, &address, client).await?;
        let name = LoginName::Email(address.key());
        let found = self.platform.storage().find_account(name).await?;
        let account = found.filter(|account| account.user.disabled_at.is_none());
        let may_mail = self.may_mail(mail, &address, account.is_some()).await?;
        let account = account.filter(|_| may_mail);
        self.send_reset(account.as_ref(), address.as_str(), MailKind::ResetPassword)
            .await?;
        // Nobody has shown yet who asks. An address that nobody has is an event as well: storing one delays what comes next.
        let event = Event::new(EventKind::PasswordResetRequested);
        self.record(
            match &account {
                Some(account) => event.on("user", &account.user.id),
                None => event.because("unknown_account"),
            },
            client,
        );
        Ok(())
    }

    /// Sends a user the link to choose a new password, in a mail of this kind.
    ///
    /// Without one the same work is done for the address, and nothing sent.
    pub(crate) async fn send_reset(
        &self,
        account: Option<&Account>,
        asked: &str,
        kind: MailKind,
    ) -> Result<()> {
        let mail = LinkMail {
            purpose: Purpose::ResetPassword,
            kind,
            page: "/reset-password",
            life: if kind == MailKind::Invitation {
                INVITATION_LIFE
            } else {
                self.config.reset_token_life
            },
            // Anybody can ask; the owner's link has to go on working.
            replaces: false,
        };
        let user = account.map(|account| &account.user);
        let email = user.and_then(|user| user.email.as_deref()).unwrap_or(asked);
        let payload = Forgotten {
            email: email.to_owned(),
            credential: account.and_then(password_id).map(str::to_owned),
        };
        self.send_link(mail, user, email, &payload).await
    }

    /// Sets a new password by the link that was sent. It also proves the address; all sessions end. A second factor stays
    /// in force, unless the address was not proved before: then it is of a stranger, who registered with it.
    ///
    /// What was counted at the account is forgotten, so that its owner gets in however strangers guess; the token is for
    /// their device, to be known by if strangers go on.
    ///
    /// # Errors
    /// [`Error::Link`], [`Error::Invalid`], [`Error::RateLimited`], or a failure of the platform. A password that breaks
    /// the rules leaves the link usable.
    pub async fn reset_password(
        &self,
        token: &str,
        new: &str,
        client: &Client,
    ) -> Result<DeviceToken> {
        let usable = self
            .look_at::<Forgotten>(Purpose::ResetPassword, token)
            .await?;
        self.count_reset(&usable.user_id).await?;
        let account = self
            .find_by_id(&usable.user_id)
            .await?
            .ok_or(Error::Link(LinkError::Invalid))?;
        let new = self
            .checked_password(new, "password", &account.user)
            .await?;
        let secret = self.hash(&new).await?;
        let now = self.platform.now();
        let credential = self.password_credential(&usable.user_id, secret);
        let mut loses_factor = false;
        let user = self
            .change(&usable.user_id, |account| {
                let same_password = password_id(&account) == usable.payload.credential.as_deref();
                loses_factor =
                    has_second_factor(&account) && account.user.email_verified_at.is_none();
                let mut user = account.user;
                if !same_password || user.email.as_deref() != Some(&usable.payload.email) {
                    return Err(Error::Link(LinkError::Invalid));
                }
                let mut deletes = vec![PASSWORD];
                if user.email_verified_at.is_none() {
                    // Of somebody who never proved the address.
                    deletes.extend(FACTOR);
                }
                user.email_verified_at.get_or_insert(now);
                user.locked_until = None;
                let mut change = Change {
                    consumes: Some(usable.digest.clone()),
                    deletes,
                    credentials: vec![credential.clone()],
                    adds_roles: vec![VERIFIED.to_owned()],
                    ..Change::of(user)
                };
                change.end_sessions(None, "password_reset");
                Ok(change)
            })
            .await?;
        // The password is set: that counters stay is no reason to say that it was not.
        if let Err(error) = self.forget_attempts(&user).await {
            let cause = error.to_string();
            self.platform.log(
                Level::Warn,
                "the attempts at an account could not be forgotten after a reset",
                &[("cause", &cause), ("user", &user.id)],
            );
        }
        self.record(Event::of_user(EventKind::PasswordReset, &user.id), client);
        if loses_factor {
            let event = Event::of_user(EventKind::MfaDisabled, &user.id);
            self.record(event.because("password_reset"), client);
        }
        self.notify_user(&user, MailKind::PasswordChanged, client);
        Ok(self.device_token(&credential.id, client))
    }

    /// Changes the password of the person of a session. All his other sessions end. The token is for their device, as
    /// with another password it is no longer known by the one before.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::Invalid`], [`Error::RateLimited`], or a failure of the platform.
    pub async fn change_password(
        &self,
        active: &ActiveSession,
        current: &str,
        new: &str,
        client: &Client,
    ) -> Result<DeviceToken> {
        let stored = self
            .check_password(&active.user.id, current, client)
            .await?;
        let checked = self
            .checked_password(new, "new_password", &active.user)
            .await?;
        let secret = self.hash(&checked).await?;
        let credential = self.password_credential(&active.user.id, secret);
        let user = self
            .change(&active.user.id, |account| {
                // Somebody else has changed it since it was compared.
                if password_id(&account) != Some(&stored.id) {
                    return Err(Error::WrongPassword);
                }
                let mut change = Change {
                    deletes: vec![PASSWORD],
                    credentials: vec![credential.clone()],
                    ..Change::of(account.user)
                };
                change.end_sessions(Some(&active.session.id), "password_changed");
                Ok(change)
            })
            .await?;
        self.record(Event::own(EventKind::PasswordChanged, active), client);
        self.notify_user(&user, MailKind::PasswordChanged, client);
        Ok(self.device_token(&credential.id, client))
    }

    /// Refuses a password that was in a breach, where a service is configured that knows (ASVS V6.2.12).
    ///
    /// # Errors
    /// [`Error::Invalid`]; [`Error::Unavailable`] where the service has to answer and does not.
    pub(crate) async fn refuse_breached(&self, password: &str, field: &'static str) -> Result<()> {
        let Some(service) = &self.config.breach_check_url else {
            return Ok(());
        };
        let question = Question::about(password);
        let url = format!("{service}{}", question.prefix());
        // Answers of one length, so that who listens does not learn the prefix from it.
        let answer = self.platform.fetch(&url, &[("add-padding", "true")]).await;
        match answer {
            Ok(answer) if question.is_answered_yes(&String::from_utf8_lossy(&answer)) => {
                let message = "This password was in a breach, so that attackers know it.";
                let rule = FieldError::new(field, FieldErrorCode::BreachedPassword, message);
                Err(Error::Invalid(vec![rule]))
            }
            Ok(_) => Ok(()),
            Err(cause) if self.config.breach_check_required => {
                Err(Error::Unavailable(format!("BREACH_CHECK_URL: {cause}")))
            }
            Err(cause) => {
                self.platform.log(
                    Level::Warn,
                    "a password could not be looked up among breached ones, and was taken",
                    &[("cause", &cause)],
                );
                let event = Event::new(EventKind::BreachCheckFailed);
                self.record(event, &Client::default());
                Ok(())
            }
        }
    }

    /// The normalised form of a password that a person chooses, if it keeps the rules.
    pub(crate) async fn checked_password(
        &self,
        new: &str,
        field: &'static str,
        user: &User,
    ) -> Result<zeroize::Zeroizing<String>> {
        let new = password::normalize(new);
        let words = [user.email.as_deref(), user.username.as_deref()];
        password::check(&new, field, &self.config, &words)
            .map_err(|rule| Error::Invalid(vec![rule]))?;
        self.refuse_breached(&new, field).await?;
        Ok(new)
    }

    /// A credential that is this password.
    pub(crate) fn password_credential(&self, user_id: &str, secret: String) -> Credential {
        self.credential(user_id, PASSWORD, secret)
    }

    /// A new credential.
    pub(crate) fn credential(&self, user_id: &str, kind: &str, secret: String) -> Credential {
        let now = self.platform.now();
        Credential {
            id: new_id(&self.platform),
            user_id: user_id.to_owned(),
            kind: kind.to_owned(),
            secret,
            counter: None,
            label: None,
            created_at: now,
            updated_at: now,
            last_used_at: None,
        }
    }

    /// Compares a password with an account's, as a login does: counted, and with equal work. Returns the credential.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::RateLimited`], or a failure of the platform.
    pub(crate) async fn check_password(
        &self,
        user_id: &str,
        password: &str,
        client: &Client,
    ) -> Result<Credential> {
        self.count_reauthentication(user_id, client).await?;
        self.count_self_service(user_id, SelfService::Password)
            .await?;
        let account = self.find_by_id(user_id).await?;
        match self.matching_password(account, password).await? {
            Some((_, credential)) => Ok(credential),
            None => {
                self.record_failed_login(Some(user_id), "wrong_password", client);
                Err(Error::WrongPassword)
            }
        }
    }
}

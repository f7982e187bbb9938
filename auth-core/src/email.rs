//! Proving to receive mail at an address: the one of the registration, and a new one.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::access::{USER, VERIFIED};
use crate::account::PASSWORD;
use crate::audit::{Event, EventKind};
use crate::auth::{Auth, Client};
use crate::change::Change;
use crate::error::{Error, LinkError, Result};
use crate::factor::{FACTOR, second_factor_since};
use crate::identifier::{EmailAddress, canonical};
use crate::limit::RequestedMail;
use crate::link::{LinkMail, Purpose};
use crate::mail::{MailContext, MailKind};
use crate::platform::Platform;
use crate::recovery::password_id;
use crate::secret::SecretToken;
use crate::storage::{ActiveSession, LoginName, User, Users as _, VoidedSecrets};
use crate::time::Timestamp;

/// For how long a change of the address can be taken back from the old one.
const UNDO_LIFE: Duration = Duration::from_secs(7 * 86_400);

/// What a link is about: an address, as it was when the link was made.
#[derive(Serialize, Deserialize)]
struct Address {
    email: String,
}

/// What a link to a new address goes with.
#[derive(Serialize, Deserialize)]
struct NewAddress {
    email: String,
    /// The password that was given. Another one, set meanwhile, makes the link void: whoever began the change may be
    /// the one who was thrown out by it.
    credential: String,
}

/// What a link that takes a change back goes with.
#[derive(Serialize, Deserialize)]
struct OldAddress {
    email: String,
    /// When the address was changed, in milliseconds. A second factor that came after that goes as well.
    changed_at: u64,
}

/// How somebody shows that an account is his, beyond receiving its mail.
#[derive(Clone, Copy, Default)]
pub struct Proof<'a> {
    /// A session of the account.
    pub session: Option<&'a ActiveSession>,
    /// The account's password.
    pub password: Option<&'a str>,
}

impl<P: Platform> Auth<P> {
    /// Sends a user the link that verifies his address.
    ///
    /// Without a user the same work is done, and nothing sent.
    pub(crate) async fn send_verification(&self, user: Option<&User>, email: &str) -> Result<()> {
        let mail = LinkMail {
            purpose: Purpose::VerifyEmail,
            kind: MailKind::VerifyEmail,
            page: "/verify",
            life: self.config.verify_token_life,
            replaces: true,
        };
        let address = Address {
            email: email.to_owned(),
        };
        self.send_link(mail, user, email, &address).await
    }

    /// Sends the link anew to whoever has registered with this address and has not proved it. The answer says nothing
    /// of whether there is such an account.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::RateLimited`], or a failure of the platform.
    pub async fn resend_verification(&self, email: &str, client: &Client) -> Result<()> {
        let address = EmailAddress::parse(email).map_err(|rule| Error::Invalid(vec![rule]))?;
        let mail = RequestedMail::Verification;
        self.count_mail(mail, &address, client).await?;
        let name = LoginName::Email(address.key());
        let found = self.platform.storage().find_account(name).await?;
        let user = found
            .map(|account| account.user)
            .filter(|user| user.email_verified_at.is_none() && user.disabled_at.is_none());
        let may_mail = self.may_mail(mail, &address, user.is_some()).await?;
        // Past the quota the link of the last mail goes on working.
        let told = user.as_ref().filter(|_| may_mail);
        let email = told.and_then(|user| user.email.as_deref());
        self.send_verification(told, email.unwrap_or(address.as_str()))
            .await
    }

    /// Verifies an address by the link that was sent there, once.
    ///
    /// The link alone shows who receives the mail, and not that he is who registered: somebody may have registered with
    /// the address of another, and waits for him to click. So it also takes a session or the password of the account,
    /// unless `VERIFY_NEEDS_PASSWORD` is off. Who has neither resets the password, which verifies as well and ends
    /// whatever the other one has.
    ///
    /// # Errors
    /// [`Error::Link`], [`Error::PasswordRequired`], [`Error::WrongPassword`], [`Error::RateLimited`], or a failure of
    /// the platform.
    pub async fn verify_email(
        &self,
        token: &str,
        proof: Proof<'_>,
        client: &Client,
    ) -> Result<User> {
        let usable = self.look_at::<Address>(Purpose::VerifyEmail, token).await?;
        self.prove(&usable.user_id, proof, client).await?;
        let now = self.platform.now();
        let user = self
            .change(&usable.user_id, |account| {
                let mut user = account.user;
                // The address was changed since: the link is about another.
                if user.email.as_deref() != Some(usable.payload.email.as_str()) {
                    return Err(Error::Link(LinkError::Invalid));
                }
                user.email_verified_at.get_or_insert(now);
                Ok(Change {
                    consumes: Some(usable.digest.clone()),
                    adds_roles: vec![VERIFIED.to_owned()],
                    ..Change::of(user)
                })
            })
            .await?;
        self.record(Event::of_user(EventKind::EmailVerified, &user.id), client);
        Ok(user)
    }

    /// Whether somebody who receives an account's mail has shown that the account is his.
    async fn prove(&self, user_id: &str, proof: Proof<'_>, client: &Client) -> Result<()> {
        // Of his own: who acts as him proves nothing.
        let own =
            |active: &ActiveSession| active.user.id == user_id && active.session.actor_id.is_none();
        if self.config.verify_needs_password && !proof.session.is_some_and(own) {
            let password = proof.password.ok_or(Error::PasswordRequired)?;
            self.check_password(user_id, password, client).await?;
        }
        Ok(())
    }

    /// Begins to change the address of the person of a session: a link goes to the new one. The answer says nothing of
    /// whether another account has that address already.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::WrongPassword`], [`Error::RateLimited`], or a failure of the platform.
    pub async fn change_email(
        &self,
        active: &ActiveSession,
        email: &str,
        password: &str,
        client: &Client,
    ) -> Result<()> {
        let address = EmailAddress::parse(email).map_err(|rule| Error::Invalid(vec![rule]))?;
        let credential = self
            .check_password(&active.user.id, password, client)
            .await?;
        let asked = RequestedMail::NewAddress;
        self.count_mail(asked, &address, client).await?;
        let mail = LinkMail {
            purpose: Purpose::ChangeEmail,
            kind: MailKind::ChangeEmail,
            page: "/confirm-email",
            life: self.config.verify_token_life,
            replaces: true,
        };
        let payload = NewAddress {
            email: address.as_str().to_owned(),
            credential: credential.id,
        };
        let taken = self
            .platform
            .storage()
            .find_account(LoginName::Email(address.key()))
            .await?
            .is_some_and(|account| account.user.id != active.user.id);
        let may_mail = self.may_mail(asked, &address, true).await?;
        let told = Some(&active.user).filter(|_| may_mail && !taken);
        self.send_link(mail, told, address.as_str(), &payload)
            .await?;
        if may_mail && taken {
            self.send_account_exists(address.as_str());
        }
        Ok(())
    }

    /// Changes the address by the link that was sent to the new one, with the same proof as
    /// [`verify_email`](Self::verify_email); the old one gets a notice with a link that takes it back.
    ///
    /// # Errors
    /// As [`verify_email`](Self::verify_email), and [`Error::EmailTaken`].
    pub async fn confirm_email(
        &self,
        token: &str,
        proof: Proof<'_>,
        client: &Client,
    ) -> Result<User> {
        let usable = self
            .look_at::<NewAddress>(Purpose::ChangeEmail, token)
            .await?;
        self.prove(&usable.user_id, proof, client).await?;
        let now = self.platform.now();
        let void = Error::Link(LinkError::Invalid);
        let before = self
            .find_by_id(&usable.user_id)
            .await?
            .filter(|account| password_id(account) == Some(&usable.payload.credential))
            .ok_or_else(|| void.clone())?
            .user;
        // An address that was never proved may be a stranger's.
        let old = before
            .email
            .clone()
            .filter(|old| before.email_verified_at.is_some() && *old != usable.payload.email);
        // First: there must be no change without a way back.
        let undo = match &old {
            Some(old) => Some(self.make_undo(&usable.user_id, old).await?),
            None => None,
        };
        let user = self
            .change(&usable.user_id, |account| {
                let same_password = password_id(&account) == Some(&usable.payload.credential);
                let mut user = account.user;
                if !same_password || user.email != before.email {
                    return Err(void.clone());
                }
                user.email = Some(usable.payload.email.clone());
                user.email_verified_at = Some(now);
                Ok(Change {
                    consumes: Some(usable.digest.clone()),
                    adds_roles: vec![VERIFIED.to_owned()],
                    ..Change::of(user)
                })
            })
            .await?;
        self.record(Event::of_user(EventKind::EmailChanged, &user.id), client);
        if let (Some(old), Some(undo)) = (old, undo) {
            let link = self.link("/undo-email", &undo);
            let context = MailContext {
                name: user.display_name.as_deref(),
                email: user.email.as_deref(),
                link: Some(&link),
                expires_in: Some(UNDO_LIFE),
                ..MailContext::default()
            };
            self.send(self.message(MailKind::EmailChanged, &old, &context));
        }
        Ok(user)
    }

    /// Deletes the account that somebody made with this address meanwhile without proving it, as the one who gets it back
    /// has done.
    async fn take_from_stranger(
        &self,
        user_id: &str,
        address: &str,
        client: &Client,
    ) -> Result<()> {
        let storage = self.platform.storage();
        let name = LoginName::Email(canonical(address));
        let holder = storage
            .find_account(name)
            .await?
            .map(|account| account.user);
        let strangers = |user: &User| user.id != user_id && user.email_verified_at.is_none();
        let Some(stranger) = holder.filter(strangers) else {
            return Ok(());
        };
        let deleted = self.delete(&stranger.id, |member| {
            let proven = member.account.user.email_verified_at.is_some();
            // Whom an administrator has given a role nobody deletes by a link.
            if proven || member.roles.iter().any(|role| role != USER) {
                return Err(Error::EmailTaken);
            }
            Ok(())
        });
        match deleted.await {
            Ok(_) => {
                let event = Event::new(EventKind::AccountDeleted).on("user", &stranger.id);
                self.record(event.because("email_change_undone"), client);
                Ok(())
            }
            Err(Error::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn make_undo(&self, user_id: &str, old: &str) -> Result<SecretToken> {
        let payload = OldAddress {
            email: old.to_owned(),
            changed_at: self.platform.now().as_millis(),
        };
        let purpose = Purpose::UndoEmail;
        self.make_secret(purpose, Some(user_id), &payload, UNDO_LIFE, false)
            .await
    }

    /// Takes a change of the address back by the link that was sent to the old one. Whoever made the change may know the
    /// password, so all sessions end and a new one has to be chosen by a link to the old address.
    ///
    /// # Errors
    /// [`Error::Link`], [`Error::EmailTaken`], or a failure of the platform.
    pub async fn undo_email(&self, token: &str, client: &Client) -> Result<User> {
        let usable = self
            .look_at::<OldAddress>(Purpose::UndoEmail, token)
            .await?;
        self.take_from_stranger(&usable.user_id, &usable.payload.email, client)
            .await?;
        let now = self.platform.now();
        let user = self
            .change(&usable.user_id, |account| {
                let changed_at = Timestamp::from_millis(usable.payload.changed_at);
                let mut deletes = vec![PASSWORD];
                if second_factor_since(&account).is_some_and(|since| since >= changed_at) {
                    deletes.extend(FACTOR);
                }
                let mut user = account.user;
                user.email = Some(usable.payload.email.clone());
                user.email_verified_at = Some(now);
                let mut change = Change {
                    consumes: Some(usable.digest.clone()),
                    // Whoever changed the address may have done it twice, and would take this back.
                    voids: Some(VoidedSecrets {
                        purpose: Purpose::UndoEmail.as_str().to_owned(),
                        since: changed_at,
                    }),
                    deletes,
                    ..Change::of(user)
                };
                change.end_sessions(None, "email_change_undone");
                Ok(change)
            })
            .await?;
        let account = self.find_by_id(&user.id).await?;
        self.record(
            Event::of_user(EventKind::EmailChangeUndone, &user.id),
            client,
        );
        self.send_reset(
            account.as_ref(),
            &usable.payload.email,
            MailKind::ResetPassword,
        )
        .await?;
        Ok(user)
    }
}

//! The first administrator, and keys.

use core::time::Duration;

use subtle::ConstantTimeEq as _;

use crate::access::{SUPERADMIN, USER, VERIFIED};
use crate::administration::Actor;
use crate::audit::{Event, EventKind};
use crate::auth::{Auth, Client};
use crate::error::{Error, FieldError, Result};
use crate::identifier::{EmailAddress, Username};
use crate::password;
use crate::platform::Platform;
use crate::secret::{SecretKey, digest};
use crate::storage::{Member, SigningKey, SigningKeys as _, User, UserQuery};

/// What the first administrator signs in with.
#[derive(Clone, Copy)]
pub struct FirstAdministrator<'a> {
    /// E-mail address; it counts as verified.
    pub email: &'a str,
    /// User name.
    pub username: Option<&'a str>,
    /// Password.
    pub password: &'a str,
}

/// For how long after the last access token of a replaced key the key is still served, for clocks that differ.
const KEY_OVERLAP: Duration = Duration::from_secs(300);

impl<P: Platform> Auth<P> {
    /// Whether somebody brings the secret of a setting.
    pub fn is_secret(&self, secret: &SecretKey, presented: &str) -> bool {
        // Of digests, so that not even the length shows.
        let stored = digest(&String::from_utf8_lossy(secret.as_bytes()));
        stored.as_bytes().ct_eq(digest(presented).as_bytes()).into()
    }

    /// Makes the first superadmin by the set-up token, once.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no token is set, [`Error::SetupToken`], [`Error::RateLimited`], and what
    /// [`first_administrator`](Self::first_administrator) says.
    pub async fn set_up(
        &self,
        token: &str,
        first: FirstAdministrator<'_>,
        client: &Client,
    ) -> Result<Member> {
        let expected = self.config.setup_token.as_ref();
        let expected = expected.ok_or(Error::NotFound("set-up"))?;
        self.count_registration(client).await?;
        if !self.is_secret(expected, token) {
            return Err(Error::SetupToken);
        }
        self.first_administrator(first, client).await
    }

    /// Makes the first superadmin. Of concurrent calls one does.
    ///
    /// # Errors
    /// [`Error::AlreadySetUp`], [`Error::Invalid`], [`Error::EmailTaken`], [`Error::UsernameTaken`], or a failure of the
    /// platform.
    pub async fn first_administrator(
        &self,
        first: FirstAdministrator<'_>,
        client: &Client,
    ) -> Result<Member> {
        // Looked at first: nearly every call comes too late, and must not cost a hash.
        let superadmins = self.list_users(UserQuery {
            role: Some(SUPERADMIN.to_owned()),
            limit: 1,
            ..UserQuery::default()
        });
        if !superadmins.await?.members.is_empty() {
            return Err(Error::AlreadySetUp);
        }
        let email = EmailAddress::parse(first.email);
        let username = first.username.map(Username::parse).transpose();
        let password = password::normalize(first.password);
        let words = [Some(first.email), first.username];
        let checked = password::check(&password, "password", &self.config, &words);
        let (email, username) = match (email, username, checked) {
            (Ok(email), Ok(username), Ok(())) => (email, username),
            (email, username, checked) => {
                let broken = [email.err(), username.err(), checked.err()];
                let broken: Vec<FieldError> = broken.into_iter().flatten().collect();
                return Err(Error::Invalid(broken));
            }
        };
        let user = User {
            email: Some(email.as_str().to_owned()),
            email_verified_at: Some(self.platform.now()),
            username: username.map(|name| name.as_str().to_owned()),
            ..self.new_user()
        };
        let secret = self.hash(&password).await?;
        let credentials = vec![self.password_credential(&user.id, secret)];
        let roles = [SUPERADMIN, USER, VERIFIED].map(str::to_owned).to_vec();
        self.create(&user, credentials, roles, Some(SUPERADMIN))
            .await?;
        let event = Event::new(EventKind::SetupCompleted).on("user", &user.id);
        self.record(event, client);
        self.member(&user.id).await
    }

    /// All signing keys, oldest first.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>> {
        Ok(self.platform.storage().list_signing_keys().await?)
    }

    /// Makes a new key that signs from now on. The one before it is accepted for as long as tokens of it may live.
    ///
    /// # Errors
    /// [`Error::NotFound`] where a shared secret signs, or a failure of the platform.
    pub async fn rotate_key(&self, actor: &Actor) -> Result<SigningKey> {
        if self.config.jwt_secret_key().is_some() {
            return Err(Error::NotFound("key pair"));
        }
        let algorithm = self.config.jwt_algorithm;
        let now = self.platform.now();
        let current = self
            .signing_keys()
            .await?
            .into_iter()
            .find(|key| key.algorithm == algorithm.as_str() && key.retired_at.is_none());
        let key = self.make_key(algorithm, now)?;
        let replaces = current.map(|key| key.kid);
        let until = now + self.config.access_token_life + KEY_OVERLAP;
        let storage = self.platform.storage();
        if !storage
            .add_signing_key(key.clone(), replaces, until)
            .await?
        {
            return Err(Error::Unavailable(
                "somebody else is rotating the keys".into(),
            ));
        }
        self.forget_keys();
        let event = actor.event(EventKind::KeyRotated).on("key", &key.kid);
        self.record(event, actor.client());
        Ok(key)
    }
}

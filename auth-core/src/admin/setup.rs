//! The first administrator.

use crate::access::{SUPERADMIN, USER, VERIFIED};
use crate::account::creation::{create_user, new_user};
use crate::account::find::find_user;
use crate::admin::users::list::list_users;
use crate::audit::event::{Event, EventKind};
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::context::service;
use crate::credential::{CredentialKind, new_credential};
use crate::error::{Error, FieldError, Result};
use crate::identifier::{EmailAddress, Username};
use crate::password::admission::hash_password;
use crate::password::policy;
use crate::platform::Platform;
use crate::rate_limits::sign_in::count_registration;
use crate::storage::{User, UserDetails, UserQuery};

/// The sign-in data of the first administrator.
#[derive(Clone, Copy)]
pub struct FirstAdministrator<'a> {
    /// E-mail address; it counts as verified.
    pub email: &'a str,
    /// User name.
    pub username: Option<&'a str>,
    /// Password.
    pub password: &'a str,
}

service! {
    /// Set-up of the service.
    Setup
}

impl<P: Platform> Setup<'_, P> {
    /// Creates the first superadmin by the set-up token. This works once.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no token is set, [`Error::SetupToken`], [`Error::RateLimited`], and those of
    /// [`first_administrator`](Self::first_administrator).
    pub async fn set_up(
        self,
        token: &str,
        first: FirstAdministrator<'_>,
        client: &Client,
    ) -> Result<UserDetails> {
        let context = self.context;
        let expected = context.config.setup_token.as_ref();
        let expected = expected.ok_or(Error::NotFound("set-up"))?;
        count_registration(context, client).await?;
        if !expected.matches(token) {
            return Err(Error::SetupToken);
        }
        Self::new(context).first_administrator(first, client).await
    }

    /// Creates the first superadmin. Of concurrent calls, only one succeeds.
    ///
    /// # Errors
    /// [`Error::AlreadySetUp`], [`Error::Invalid`], [`Error::EmailTaken`], [`Error::UsernameTaken`], or a failure of
    /// the platform.
    pub async fn first_administrator(
        self,
        first: FirstAdministrator<'_>,
        client: &Client,
    ) -> Result<UserDetails> {
        let context = self.context;
        // Checked first, because there is nearly always a superadmin already, and then no password must be hashed.
        let superadmins = list_users(
            context,
            UserQuery {
                role: Some(SUPERADMIN.to_owned()),
                limit: 1,
                ..UserQuery::default()
            },
        );
        if !superadmins.await?.users.is_empty() {
            return Err(Error::AlreadySetUp);
        }
        let email = EmailAddress::parse(first.email);
        let username = first.username.map(Username::parse).transpose();
        let password = policy::normalize(first.password);
        let words = [Some(first.email), first.username];
        let checked = policy::check(&password, "password", &context.config, &words);
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
            email_verified_at: Some(context.now()),
            username: username.map(|name| name.as_str().to_owned()),
            ..new_user(context)
        };
        let secret = hash_password(context, &password).await?;
        let credentials = vec![new_credential(
            context,
            &user.id,
            CredentialKind::Password,
            secret,
        )];
        let roles = [SUPERADMIN, USER, VERIFIED].map(str::to_owned).to_vec();
        let event = Event::new(EventKind::SetupCompleted).on("user", &user.id);
        let event = audit_event(context, event, client);
        create_user(context, &user, credentials, roles, Some(SUPERADMIN), event).await?;
        find_user(context, &user.id).await
    }
}

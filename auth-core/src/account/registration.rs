//! Registration.

use serde_json::{Map, Value};

use crate::access::USER;
use crate::account::Accounts;
use crate::account::creation::{create_user, new_user};
use crate::account::email_verification::send_verification;
use crate::audit::event::{Event, EventKind};
use crate::audit::record::{audit_event, tell};
use crate::client::Client;
use crate::config::Config;
use crate::context::Context;
use crate::credential::{CredentialKind, new_credential};
use crate::error::{Error, FieldError, Result};
use crate::identifier::{EmailAddress, Username};
use crate::mail::outbox::send_account_exists;
use crate::password::admission::hash_password;
use crate::password::breach::refuse_breached;
use crate::password::policy;
use crate::platform::Platform;
use crate::profile::{Editor, display_name};
use crate::rate_limits::mail::may_mail_registered;
use crate::rate_limits::sign_in::count_registration;
use crate::sessions::start::start_session;
use crate::sessions::tokens::Tokens;
use crate::sessions::transport::TokenFormat;
use crate::sign_in::policy::{Admission, admit};
use crate::sign_in::proof::Proof;
use crate::signing_keys::cache::Freshness;
use crate::signing_keys::current::current_keys;
use crate::storage::{Account, Audit as _, LoginName, User, Users as _};

/// The data of a registration.
#[derive(Clone, Copy)]
pub struct Registration<'a> {
    /// E-mail address.
    pub email: &'a str,
    /// Password.
    pub password: &'a str,
    /// User name, to sign in with besides the address.
    pub username: Option<&'a str>,
    /// Display name, at most 100 characters.
    pub display_name: Option<&'a str>,
    /// Values of the declared extra fields.
    pub profile: Option<&'a Map<String, Value>>,
    /// Token format of the first session, if registering signs in.
    pub token_format: TokenFormat,
    /// Tokens of the sessions that it replaces; these sessions end.
    pub replaces: &'a [&'a str],
}

/// The result of a registration. If addresses must be verified first, it looks the same when no user was created.
pub struct Registered {
    /// The user.
    pub user: User,
    /// The first session's tokens, if registering signs in.
    pub tokens: Option<Tokens>,
}

impl<P: Platform> Accounts<'_, P> {
    /// Creates a user, and signs them in if that is configured and the address need not be verified first.
    ///
    /// If it must be verified first, an address that is taken gets the same answer as a free one, and its owner gets a
    /// mail. The user name is claimed only when the address is proved, because a name stored earlier would reveal that
    /// the address was free.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every broken rule, [`Error::EmailTaken`], [`Error::UsernameTaken`] or
    /// [`Error::RateLimited`]; no user was created then. Or a failure of the platform, which can occur after the user
    /// was created; they can then sign in.
    pub async fn register(
        self,
        registration: Registration<'_>,
        client: &Client,
    ) -> Result<Registered> {
        let context = self.context;
        let valid =
            ValidRegistration::new(registration, &context.config).map_err(Error::Invalid)?;
        count_registration(context, client).await?;
        refuse_breached(context, &valid.password, "password").await?;
        let now = context.now();
        let verifies_first = context.config.require_email_verification;
        if verifies_first && let Some(name) = &valid.username {
            // Checked before the address, because the answer must not depend on the address.
            let name = LoginName::Username(name.key());
            if context.storage().find_account(name).await?.is_some() {
                return Err(Error::UsernameTaken);
            }
        }
        let signs_in = context.config.register_auto_login && !verifies_first;
        if signs_in && registration.token_format == TokenFormat::Jwt {
            // Checked first: if there is no key to sign with, no user must be created.
            current_keys(context, now, Freshness::Usual).await?;
        }
        let mut user = User {
            email: Some(valid.email.as_str().to_owned()),
            username: valid.username.map(|name| name.as_str().to_owned()),
            display_name: valid.display_name,
            profile: valid.profile,
            ..new_user(context)
        };
        let secret = hash_password(context, &valid.password).await?;
        let credential = new_credential(context, &user.id, CredentialKind::Password, secret);
        let roles = vec![USER.to_owned()];
        let mut credentials = vec![credential.clone()];
        let pending = user.username.take_if(|_| verifies_first);
        if let Some(name) = pending.clone() {
            let kind = CredentialKind::PendingUsername;
            credentials.push(new_credential(context, &user.id, kind, name));
        }
        let event = Event::of_user(EventKind::AccountRegistered, &user.id);
        let event = audit_event(context, event, client);
        let created = create_user(context, &user, credentials, roles, None, event).await;
        if pending.is_some() {
            user.username = pending;
        }
        match created {
            Err(Error::EmailTaken) if verifies_first => {
                answer_taken(context, &valid.email, client).await?;
                return Ok(Registered { user, tokens: None });
            }
            created => created?,
        }
        send_first_link(context, &user, &valid.email, client).await?;
        if !signs_in {
            return Ok(Registered { user, tokens: None });
        }
        let proof = Proof::by_password(&credential);
        let account = Account {
            user,
            credentials: vec![credential],
        };
        let Admission::Granted(admitted) = admit(context, &account, proof, client)? else {
            let user = account.user;
            return Ok(Registered { user, tokens: None });
        };
        let tokens = start_session(
            context,
            &admitted,
            client,
            registration.token_format,
            registration.replaces,
        )
        .await?;
        Ok(Registered {
            user: tokens.active().user.clone(),
            tokens: Some(tokens),
        })
    }
}

/// Sends a new user the link that verifies their address.
///
/// # Errors
/// A failure of the platform.
pub(crate) async fn send_first_link<P: Platform>(
    context: &Context<P>,
    user: &User,
    email: &EmailAddress,
    client: &Client,
) -> Result<()> {
    // Without this limit, a stranger could fill the mailbox.
    let may_mail = may_mail_registered(context, email, client).await?;
    let told = Some(user).filter(|_| may_mail);
    send_verification(context, told, email.as_str()).await
}

/// Does the same work for a taken address as for a free one, now and after the answer: the event of the refusal is stored
/// at once, instead of the user with the event of the registration, and the owner of the address gets a mail.
///
/// # Errors
/// A failure of the platform.
pub(crate) async fn answer_taken<P: Platform>(
    context: &Context<P>,
    email: &EmailAddress,
    client: &Client,
) -> Result<()> {
    let refused = Event::new(EventKind::RegistrationRefused).because("email_taken");
    let refused = tell(context, refused, client);
    context.storage().append_audit(refused).await?;
    let may_mail = may_mail_registered(context, email, client).await?;
    send_verification(context, None, email.as_str()).await?;
    if may_mail {
        send_account_exists(context, email.as_str());
    }
    Ok(())
}

/// A registration whose fields are all valid.
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
        let password = policy::normalize(registration.password);
        let names = [Some(registration.email), registration.username];
        let email = EmailAddress::parse(registration.email);
        let checked = policy::check(&password, "password", config, &names);
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

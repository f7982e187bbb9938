//! Updates the user's own account.

use serde_json::{Map, Value};

use crate::account::Accounts;
use crate::account::change::{Change, change_own};
use crate::audit::event::{Event, EventKind};
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::identifier::Username;
use crate::mail::kind::MailKind;
use crate::mail::outbox::notify_user;
use crate::platform::Platform;
use crate::profile::{Editor, display_name};
use crate::rate_limits::quota::{SelfService, count_self_service};
use crate::storage::{ActiveSession, User};

/// An update of the user's own account. Fields that are `None` stay unchanged.
#[derive(Clone, Copy, Default)]
pub struct AccountUpdate<'a> {
    /// New user name; an empty text removes it.
    pub username: Option<&'a str>,
    /// New display name; an empty text removes it.
    pub display_name: Option<&'a str>,
    /// Values of the declared extra fields; null removes one.
    pub profile: Option<&'a Map<String, Value>>,
}

impl<P: Platform> Accounts<'_, P> {
    /// Updates the names and the profile of a session's user. A change of the user name is notified by mail.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every broken rule, [`Error::UsernameTaken`], [`Error::RateLimited`], or a failure of the
    /// platform.
    pub async fn update(
        self,
        active: &ActiveSession,
        update: AccountUpdate<'_>,
        client: &Client,
    ) -> Result<User> {
        let context = self.context;
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
        count_self_service(context, &active.user.id, SelfService::Profile, client).await?;
        let mut before = None;
        let event = Event::own(EventKind::AccountUpdated, active);
        let event = audit_event(context, event, client);
        let user = change_own(context, active, |account| {
            let mut user = account.user;
            before.clone_from(&user.username);
            if update.username.is_some() {
                user.username = username.as_ref().map(|name| name.as_str().to_owned());
                if user.email.is_none() && user.username.is_none() {
                    let message = "A user name is required to sign in without an e-mail address.";
                    let rule = FieldError::new("username", FieldErrorCode::Required, message);
                    return Err(Error::Invalid(vec![rule]));
                }
            }
            if update.display_name.is_some() {
                user.display_name.clone_from(&shown);
            }
            if let Some(given) = update.profile {
                let fields = &context.config.profile_fields;
                user.profile = fields
                    .change(&user.profile, given, Editor::User, false)
                    .map_err(Error::Invalid)?;
            }
            Ok(Change {
                events: vec![event.clone()],
                ..Change::of(user)
            })
        })
        .await?;
        if user.username != before {
            notify_user(context, &user, MailKind::UsernameChanged, client);
        }
        Ok(user)
    }
}

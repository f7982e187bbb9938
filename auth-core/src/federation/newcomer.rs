//! Creates the account of a person who signs in by a provider for the first time.

use core::sync::atomic::Ordering;

use serde_json::Map;

use crate::access::VERIFIED;
use crate::account::change::{Change, change_user};
use crate::account::creation::{new_record, new_user, try_create};
use crate::account::registration::{answer_taken, send_first_link};
use crate::audit::event::{Event, EventKind};
use crate::audit::record::{audit_event, record_failed_login};
use crate::config::Config;
use crate::context::Context;
use crate::credential::{CredentialKind, new_credential};
use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::federation::completion_token::{Filled, completion_required};
use crate::federation::exchange::Exchange;
use crate::federation::pending::{delete_pending, may_begin_again};
use crate::federation::person::Person;
use crate::federation::visit::Visit;
use crate::identifier::{EmailAddress, Username, email_key};
use crate::identities::by_address::verified_address;
use crate::identities::identity::new_identity;
use crate::platform::Platform;
use crate::profile::{Editor, display_name};
use crate::rate_limits::sign_in::count_registration;
use crate::sessions::transport::TokenFormat;
use crate::signing_keys::cache::Freshness;
use crate::signing_keys::current::current_keys;
use crate::storage::{Account, AuditEvent, Credential, LoginName, NewUser, User, Users as _};

/// The outcome of a sign-up.
#[allow(
    clippy::large_enum_variant,
    reason = "created once for each sign-up and moved immediately"
)]
pub(super) enum Outcome {
    /// The answer.
    Exchange(Exchange),
    /// The account of the person, who can sign in.
    Account(Account),
    /// Something has changed meanwhile.
    Changed,
    /// The account of an earlier sign-up, which must stay as it is.
    Kept(Account),
}

/// Signs a person up: creates the account and the identity together. `existing` is the account of an earlier sign-up
/// that is pending. With the same address it gets the data of this one. With another it is deleted, and the next round
/// begins without it.
///
/// # Errors
/// [`Error::SignUpDisabled`], [`Error::AccountExists`] if the address is taken, [`Error::Invalid`] and
/// [`Error::UsernameTaken`] for the data of a completion, [`Error::RateLimited`], or a failure of the platform.
pub(super) async fn sign_up<P: Platform>(
    context: &Context<P>,
    visit: &Visit<'_>,
    existing: Option<Account>,
) -> Result<Outcome> {
    let config = &context.config;
    let (person, client) = (visit.person, visit.client);
    if existing.is_none() && !config.federation.values.sign_up {
        record_failed_login(context, None, "sign_up_disabled", client);
        return Err(Error::SignUpDisabled);
    }
    let (draft, missing) = Draft::new(config, person, visit.filled)?;
    if !visit.is_counted.swap(true, Ordering::Relaxed) {
        count_registration(context, client).await?;
    }
    let Some(email) = draft.email.clone().filter(|_| missing.is_empty()) else {
        if visit.filled.is_some() {
            return Err(Error::Invalid(missing.into_iter().map(required).collect()));
        }
        let required = completion_required(context, person, missing).await?;
        return Ok(Outcome::Exchange(Exchange::CompletionRequired(required)));
    };
    let verifies_first = config.require_email_verification && !draft.verified;
    if verifies_first && let Some(name) = &draft.username {
        // Checked before the address, because the answer must not depend on the address.
        let name = LoginName::Username(name.key());
        if context.storage().find_account(name).await?.is_some() {
            return Err(Error::UsernameTaken);
        }
    }
    if !verifies_first && visit.format == TokenFormat::Jwt {
        // Checked first: if there is no key to sign with, no user must be created.
        current_keys(context, context.now(), Freshness::Usual).await?;
    }
    let is_new = existing.is_none();
    let made = match existing {
        Some(account) if !has_address(&account.user, &email) => {
            // Without any trace of it in the new account, which would reveal that its address was free.
            let is_gone = delete_pending(context, &account.user.id, client).await?;
            return Ok(if is_gone {
                Outcome::Changed
            } else {
                Outcome::Kept(account)
            });
        }
        Some(account) => begin_again(context, visit, account, &draft, verifies_first).await,
        None => create(context, visit, &draft, verifies_first).await,
    };
    let account = match made {
        Ok(account) => account,
        Err(Error::EmailTaken) if verifies_first => {
            answer_taken(context, &email, client).await?;
            return Ok(Outcome::Exchange(Exchange::VerificationRequired));
        }
        // Another account has got the address meanwhile.
        Err(Error::EmailTaken) if draft.verified && draft.is_providers && is_new => {
            return Ok(Outcome::Changed);
        }
        Err(Error::EmailTaken) => {
            // By another request of the same person, or by another person.
            let storage = context.storage();
            let (issuer, subject) = (person.issuer.clone(), person.subject.clone());
            let found = storage.find_identity(issuer, subject).await?;
            return match found.filter(|_| is_new) {
                Some(_) => Ok(Outcome::Changed),
                None => Err(Error::AccountExists),
            };
        }
        Err(Error::IdentityTaken | Error::AccountGone) => return Ok(Outcome::Changed),
        Err(error) => return Err(error),
    };
    if !draft.verified {
        send_first_link(context, &account.user, &email, client).await?;
    }
    Ok(if verifies_first {
        Outcome::Exchange(Exchange::VerificationRequired)
    } else {
        Outcome::Account(account)
    })
}

fn has_address(user: &User, email: &EmailAddress) -> bool {
    user.email.as_deref().map(email_key).as_deref() == Some(email.key().as_str())
}

/// Returns the event of a sign-up.
fn registered<P: Platform>(context: &Context<P>, visit: &Visit<'_>, user_id: &str) -> AuditEvent {
    let event = Event::of_user(EventKind::AccountRegistered, user_id);
    let event = event.with("provider", visit.person.provider.as_str());
    audit_event(context, event, visit.client)
}

async fn create<P: Platform>(
    context: &Context<P>,
    visit: &Visit<'_>,
    draft: &Draft,
    verifies_first: bool,
) -> Result<Account> {
    let user = draft.written(context, new_user(context), verifies_first);
    let mut credentials = draft.pending_name(context, &user.id, verifies_first);
    if verifies_first {
        let kind = CredentialKind::PendingSignUp;
        credentials.push(new_credential(context, &user.id, kind, String::new()));
    }
    let mut roles = context.config.federation.values.roles.clone();
    roles.retain(|name| name != VERIFIED);
    if draft.verified {
        roles.push(VERIFIED.to_owned());
    }
    let record = NewUser {
        identities: vec![new_identity(context, visit.person, &user.id, true)],
        events: vec![registered(context, visit, &user.id)],
        ..new_record(user.clone(), credentials.clone(), roles)
    };
    if try_create(context, record).await? {
        Ok(Account { user, credentials })
    } else {
        Err(Error::Internal("storage reported a conflict".into()))
    }
}

/// Writes the data of a new sign-up into the account of an earlier one that is pending.
async fn begin_again<P: Platform>(
    context: &Context<P>,
    visit: &Visit<'_>,
    account: Account,
    draft: &Draft,
    verifies_first: bool,
) -> Result<Account> {
    let pending = draft.pending_name(context, &account.user.id, verifies_first);
    let event = registered(context, visit, &account.user.id);
    let user = change_user(context, &account.user.id, |account| {
        if !may_begin_again(&account) {
            return Err(Error::AccountGone);
        }
        Ok(Change {
            deletes: vec![CredentialKind::PendingUsername],
            credentials: pending.clone(),
            events: vec![event.clone()],
            adds_roles: draft
                .verified
                .then(|| VERIFIED.to_owned())
                .into_iter()
                .collect(),
            ..Change::of(draft.written(context, account.user, verifies_first))
        })
    })
    .await?;
    Ok(Account { user, ..account })
}

/// The data of a new account.
struct Draft {
    email: Option<EmailAddress>,
    /// Whether the address is the provider's.
    is_providers: bool,
    /// Whether the provider has verified the address.
    verified: bool,
    username: Option<Username>,
    display_name: Option<String>,
    profile: String,
}

impl Draft {
    /// Puts the data of the provider and of a completion together. Also returns the names of required fields that are
    /// missing. The data of an earlier sign-up don't count: they were stored only if its address was free.
    fn new(
        config: &Config,
        person: &Person,
        filled: Option<&Filled>,
    ) -> Result<(Self, Vec<String>)> {
        let given = filled.and_then(|filled| filled.email.clone());
        let theirs = person.email.as_deref();
        let theirs = theirs.and_then(|text| EmailAddress::parse(text).ok());
        let email = given.or_else(|| theirs.clone());
        let key = |address: &Option<EmailAddress>| address.as_ref().map(EmailAddress::key);
        let is_providers = email.is_some() && key(&email) == key(&theirs);
        let shown = filled.and_then(|filled| filled.display_name.clone());
        let mut missing = Vec::new();
        if email.is_none() {
            missing.push("email".to_owned());
        }
        let map = &config.federation.values.profile;
        let mapped = map.fill(&config.profile_fields, "{}", person);
        let none = Map::new();
        let given = filled.map_or(&none, |filled| &filled.profile);
        let changed = config
            .profile_fields
            .change(&mapped, given, Editor::User, true);
        let profile = changed.or_else(|broken| {
            let (lacks, wrong): (Vec<_>, Vec<_>) = broken
                .into_iter()
                .partition(|rule| rule.code == FieldErrorCode::Required);
            missing.extend(lacks.into_iter().map(|rule| rule.field.into_owned()));
            if wrong.is_empty() {
                Ok(mapped)
            } else {
                let missing = missing.drain(..).map(required);
                Err(Error::Invalid(wrong.into_iter().chain(missing).collect()))
            }
        })?;
        let draft = Self {
            email,
            is_providers,
            verified: is_providers && verified_address(person).is_some(),
            username: filled.and_then(|filled| filled.username.clone()),
            display_name: shown.or_else(|| display_name(person.name.as_deref()).ok().flatten()),
            profile,
        };
        Ok((draft, missing))
    }

    /// Returns a user with this data. The user name is claimed only when the address is proved, if it must be first.
    fn written<P: Platform>(&self, context: &Context<P>, user: User, verifies_first: bool) -> User {
        let username = self.username.as_ref().filter(|_| !verifies_first);
        User {
            email: self.email.as_ref().map(|email| email.as_str().to_owned()),
            email_verified_at: self.verified.then(|| context.now()),
            username: username
                .map(|name| name.as_str().to_owned())
                .or(user.username),
            display_name: self.display_name.clone().or(user.display_name),
            profile: self.profile.clone(),
            ..user
        }
    }

    /// Returns the user name that is claimed when the address is proved.
    fn pending_name<P: Platform>(
        &self,
        context: &Context<P>,
        user_id: &str,
        verifies_first: bool,
    ) -> Vec<Credential> {
        let name = self.username.as_ref().filter(|_| verifies_first);
        let name = name.map(|name| name.as_str().to_owned());
        name.map(|name| new_credential(context, user_id, CredentialKind::PendingUsername, name))
            .into_iter()
            .collect()
    }
}

fn required(field: String) -> FieldError {
    FieldError::new(field, FieldErrorCode::Required, "This is required.")
}

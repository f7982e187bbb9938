//! Finds the account of a person whom a provider has named, and signs them in.

use core::sync::atomic::AtomicBool;

use crate::access::VERIFIED;
use crate::account::change::{
    Change, TRIES, always_changing, change_user, identity_key, try_change,
};
use crate::audit::event::{Event, EventKind};
use crate::audit::record::{audit_event, record_failed_login};
use crate::client::Client;
use crate::context::Context;
use crate::credential::{CredentialKind, SECOND_FACTOR};
use crate::deferred::task::{Deferred, Task};
use crate::error::{Error, Result};
use crate::federation::Federation;
use crate::federation::code::{Presented, open};
use crate::federation::exchange::{Exchange, Exchanged};
use crate::federation::flow::FlowPurpose;
use crate::federation::newcomer::{Outcome, sign_up};
use crate::federation::pending::may_begin_again;
use crate::federation::person::Person;
use crate::federation::visit::Visit;
use crate::identifier::EmailAddress;
use crate::identities::by_address::{
    has_address_of, link_by_address, linked_event, links_by_address, may_link_by_address,
    notify_linked, verified_address,
};
use crate::identities::identity::{key_of, new_identity, proof_of};
use crate::identities::recent_use::use_later;
use crate::mfa::second_factor::has_second_factor;
use crate::platform::Platform;
use crate::sessions::start::start_session;
use crate::sessions::transport::TokenFormat;
use crate::sign_in::challenge::challenge_person;
use crate::sign_in::policy::{Admission, admit};
use crate::sign_in::verification::awaits_verification;
use crate::storage::{Account, Identity, LoginName, User, Users as _};

impl<P: Platform> Federation<'_, P> {
    /// Signs the person in whom a provider has named, by the code of the flow. The new session replaces the sessions of
    /// the tokens in `replaces`.
    ///
    /// # Errors
    /// [`Error::OauthCodeInvalid`], [`Error::AccountExists`], [`Error::SignUpDisabled`],
    /// [`Error::TooManyIdentities`], [`Error::AccountDisabled`], [`Error::RateLimited`], or a failure of the platform.
    pub async fn exchange(
        self,
        presented: Presented<'_>,
        format: TokenFormat,
        replaces: &[&str],
        client: &Client,
    ) -> Result<Exchanged> {
        let context = self.context;
        let content = open(context, presented, &[FlowPurpose::SignIn]).await?;
        Ok(Exchanged {
            exchange: sign_in(context, content.person, format, replaces, client).await?,
            continuation: content.continuation,
        })
    }
}

/// Signs a person in.
///
/// # Errors
/// Those of [`Federation::exchange`], without the code's.
pub(crate) async fn sign_in<P: Platform>(
    context: &Context<P>,
    person: Person,
    format: TokenFormat,
    replaces: &[&str],
    client: &Client,
) -> Result<Exchange> {
    let visit = Visit {
        person: &person,
        filled: None,
        format,
        replaces,
        client,
        is_counted: AtomicBool::new(false),
    };
    resolve(context, &visit).await
}

/// Finds or creates the account of a person, and signs them in. After a concurrent change, decides again.
///
/// # Errors
/// Those of [`sign_in`], and [`Error::Invalid`] and [`Error::UsernameTaken`] for the data of a completion.
pub(super) async fn resolve<P: Platform>(
    context: &Context<P>,
    visit: &Visit<'_>,
) -> Result<Exchange> {
    for _ in 0..TRIES {
        if let Some(exchange) = try_resolve(context, visit).await? {
            return Ok(exchange);
        }
    }
    Err(always_changing())
}

/// Tries [`resolve`] once. Returns `None` if something has changed meanwhile.
async fn try_resolve<P: Platform>(
    context: &Context<P>,
    visit: &Visit<'_>,
) -> Result<Option<Exchange>> {
    let person = visit.person;
    let storage = context.storage();
    let (issuer, subject) = (person.issuer.clone(), person.subject.clone());
    if let Some(found) = storage.find_identity(issuer, subject).await? {
        return known(context, visit, found.account, &found.identity).await;
    }
    if let Some(address) = verified_address(person) {
        let name = LoginName::Email(address.key());
        if let Some(account) = storage.find_account(name).await? {
            return by_address(context, visit, account).await;
        }
    }
    newcomer(context, visit, None).await
}

/// Signs in the user who has the identity.
async fn known<P: Platform>(
    context: &Context<P>,
    visit: &Visit<'_>,
    account: Account,
    identity: &Identity,
) -> Result<Option<Exchange>> {
    let user = &account.user;
    if awaits_verification(&context.config, &account) && user.disabled_at.is_none() {
        if may_begin_again(&account) {
            return newcomer(context, visit, Some(account)).await;
        }
        if has_address_of(user, visit.person) {
            return prove_address(context, visit, &user.id).await;
        }
        return Ok(Some(verify_first(context, user, visit.client)));
    }
    let entered = enter(context, visit, &account).await?;
    if matches!(entered, Some(Exchange::SignedIn(_))) {
        use_later(context, visit.person, identity);
    }
    Ok(entered)
}

/// Marks the address of a user as verified: a provider says that it belongs to the person, who has an identity of the
/// account. Returns `None`, and the next round signs them in.
async fn prove_address<P: Platform>(
    context: &Context<P>,
    visit: &Visit<'_>,
    user_id: &str,
) -> Result<Option<Exchange>> {
    let (person, now) = (visit.person, context.now());
    let event = Event::of_user(EventKind::EmailVerified, user_id);
    let event = event.with("provider", person.provider.as_str());
    let event = audit_event(context, event, visit.client);
    let proved = try_change(context, user_id, |member| {
        let mut identities = member.identities.iter();
        let is_linked = identities.any(|identity| identity_key(identity) == key_of(person));
        let mut user = member.account.user;
        if !is_linked || user.disabled_at.is_some() || !has_address_of(&user, person) {
            return Err(Error::AccountGone);
        }
        user.email_verified_at.get_or_insert(now);
        Ok(Change {
            adds_roles: vec![VERIFIED.to_owned()],
            events: vec![event],
            ..Change::of(user)
        })
    });
    match proved.await {
        Ok(_) | Err(Error::AccountGone) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Signs a person in to the account that has the address which they have proved, if it can be theirs.
async fn by_address<P: Platform>(
    context: &Context<P>,
    visit: &Visit<'_>,
    account: Account,
) -> Result<Option<Exchange>> {
    let (person, client) = (visit.person, visit.client);
    let user = &account.user;
    let refused = |reason, error| {
        record_failed_login(context, Some(&user.id), reason, client);
        Err(error)
    };
    if !links_by_address(context, person) {
        return refused("account_exists", Error::AccountExists);
    }
    if user.disabled_at.is_some() {
        return refused("disabled", Error::AccountDisabled);
    }
    let linked = if may_link_by_address(context, &account, person) {
        if has_second_factor(&account) {
            let challenge = challenge_person(context, &user.id, person, true).await?;
            return Ok(Some(Exchange::MfaRequired(challenge)));
        }
        link_by_address(context, &user.id, person, false, client).await
    } else if user.email_proved_at.is_none() {
        take_over(context, &user.id, person, client).await
    } else {
        return refused("account_exists", Error::AccountExists);
    };
    match linked {
        // The next round finds the identity.
        Ok(()) | Err(Error::AccountExists | Error::IdentityTaken | Error::AccountGone) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives an account whose address nobody has proved to the person who has proved it, as a password reset does: whatever
/// others could sign in by is removed.
async fn take_over<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    person: &Person,
    client: &Client,
) -> Result<()> {
    let now = context.now();
    let identity = new_identity(context, person, user_id, true);
    let event = linked_event(context, user_id, person, "address_proved", client);
    let user = change_user(context, user_id, |account| {
        let mut user = account.user;
        let is_free = user.email_proved_at.is_none() && user.disabled_at.is_none();
        if !is_free || !has_address_of(&user, person) {
            return Err(Error::AccountExists);
        }
        user.email_verified_at = Some(now);
        user.locked_until = None;
        let mut deletes = vec![CredentialKind::Password];
        deletes.extend(SECOND_FACTOR);
        let mut change = Change {
            deletes,
            unlinks_all: true,
            adds_identities: vec![identity.clone()],
            events: vec![event.clone()],
            adds_roles: vec![VERIFIED.to_owned()],
            ..Change::of(user)
        };
        change.end_sessions(None, "address_proved");
        change.end_email_changes();
        Ok(change)
    })
    .await?;
    // The display name may be from somebody other than the person who has just proved the address.
    let nameless = User {
        display_name: None,
        ..user
    };
    notify_linked(context, &nameless, person, client);
    Ok(())
}

/// Signs a person up, or again if `existing` is the account of a sign-up that is pending.
async fn newcomer<P: Platform>(
    context: &Context<P>,
    visit: &Visit<'_>,
    existing: Option<Account>,
) -> Result<Option<Exchange>> {
    match sign_up(context, visit, existing).await? {
        Outcome::Exchange(exchange) => Ok(Some(exchange)),
        Outcome::Account(account) => enter(context, visit, &account).await,
        Outcome::Changed => Ok(None),
        Outcome::Kept(account) => Ok(Some(verify_first(context, &account.user, visit.client))),
    }
}

/// Starts a session of the user, or a login that waits for the second factor. Returns `None` if the identity was
/// unlinked meanwhile.
async fn enter<P: Platform>(
    context: &Context<P>,
    visit: &Visit<'_>,
    account: &Account,
) -> Result<Option<Exchange>> {
    let (person, client) = (visit.person, visit.client);
    let id = &account.user.id;
    let admitted = match admit(context, account, proof_of(person, id), client)? {
        Admission::Granted(admitted) => admitted,
        Admission::SecondFactorMissing(_) => {
            let challenge = challenge_person(context, id, person, false).await?;
            return Ok(Some(Exchange::MfaRequired(challenge)));
        }
    };
    let started = start_session(context, &admitted, client, visit.format, visit.replaces);
    match started.await {
        Ok(tokens) => Ok(Some(Exchange::SignedIn(tokens))),
        Err(Error::InvalidCredentials | Error::InvalidOrUnverified) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the answer to a sign-in before the address of the account is verified. The link is sent again.
fn verify_first<P: Platform>(context: &Context<P>, user: &User, client: &Client) -> Exchange {
    record_failed_login(context, Some(&user.id), "email_not_verified", client);
    send_link_later(context, user, client);
    Exchange::VerificationRequired
}

/// Sends the verification link again after the answer.
fn send_link_later<P: Platform>(context: &Context<P>, user: &User, client: &Client) {
    let address = user.email.as_deref().map(EmailAddress::parse);
    if let Some(Ok(address)) = address {
        context.platform.defer(Deferred(Task::VerificationLink {
            address,
            user: Some(Box::new(user.clone())),
            client: client.clone(),
        }));
    }
}

//! Links an identity to the account that has the same verified address.

use crate::account::change::{Change, change_user};
use crate::audit::event::{Event, EventKind};
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::federation::person::Person;
use crate::identifier::{EmailAddress, email_key};
use crate::identities::identity::{new_identity, provider_label};
use crate::mail::kind::MailKind;
use crate::mail::outbox::notify_user_of_identity;
use crate::mfa::second_factor::has_second_factor;
use crate::platform::Platform;
use crate::storage::{Account, AuditEvent, User};

/// Returns the address of a person if their provider's word that it is theirs counts.
pub(crate) fn verified_address(person: &Person) -> Option<EmailAddress> {
    let address = person.email.as_deref().filter(|_| person.email_verified)?;
    EmailAddress::parse(address).ok()
}

/// Whether the policy lets addresses of the person's provider link accounts.
pub(crate) fn links_by_address<P>(context: &Context<P>, person: &Person) -> bool {
    let federation = &context.config.federation;
    let registration = federation.registration(&person.provider);
    registration.is_some_and(|known| {
        federation
            .values
            .link_policy
            .allows(&known.provider.dialect)
    })
}

/// Whether an account can be linked by the address: both sides have proved it, and the policy allows it.
pub(crate) fn may_link_by_address<P>(
    context: &Context<P>,
    account: &Account,
    person: &Person,
) -> bool {
    let user = &account.user;
    user.email_verified_at.is_some()
        && user.disabled_at.is_none()
        && has_address_of(user, person)
        && links_by_address(context, person)
}

/// Whether the user's address is the one that the person has proved.
pub(crate) fn has_address_of(user: &User, person: &Person) -> bool {
    let theirs = verified_address(person).map(|address| address.key());
    theirs.is_some() && theirs == user.email.as_deref().map(email_key)
}

/// Links an identity to an account with the same verified address. `factor_proved` is whether the second factor, if one
/// is in force, was proved as well.
///
/// # Errors
/// [`Error::AccountExists`] if the account can't be linked by the address any more, [`Error::IdentityTaken`],
/// [`Error::TooManyIdentities`], [`Error::AccountGone`], or a failure of the platform.
pub(crate) async fn link_by_address<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    person: &Person,
    factor_proved: bool,
    client: &Client,
) -> Result<()> {
    let identity = new_identity(context, person, user_id, true);
    let event = linked_event(context, user_id, person, "verified_email", client);
    let user = change_user(context, user_id, |account| {
        let proved = factor_proved || !has_second_factor(&account);
        if !proved || !may_link_by_address(context, &account, person) {
            return Err(Error::AccountExists);
        }
        Ok(Change {
            adds_identities: vec![identity.clone()],
            events: vec![event.clone()],
            ..Change::of(account.user)
        })
    })
    .await?;
    notify_linked(context, &user, person, client);
    Ok(())
}

/// Returns the event of an identity that is linked without a session.
pub(crate) fn linked_event<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    person: &Person,
    reason: &'static str,
    client: &Client,
) -> AuditEvent {
    let event = Event::of_user(EventKind::IdentityLinked, user_id)
        .because(reason)
        .with("provider", person.provider.as_str());
    audit_event(context, event, client)
}

/// Notifies a user that an identity was linked.
pub(crate) fn notify_linked<P: Platform>(
    context: &Context<P>,
    user: &User,
    person: &Person,
    client: &Client,
) {
    let label = provider_label(context, &person.provider);
    notify_user_of_identity(context, user, MailKind::IdentityLinked, label, client);
}

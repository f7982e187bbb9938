//! Receivers of messages, and the user-written values that a message to them can contain.

use crate::client::Client;
use crate::client::device_name::known_device;
use crate::mail::context::MailContext;
use crate::storage::User;

/// The receiver of a message.
#[derive(Clone, Copy)]
pub(crate) struct Receiver<'a> {
    /// The receiver's address.
    pub(crate) address: &'a str,
    /// The user whose account the message is about, in the state when it had this address. `None` if there is no
    /// account.
    pub(crate) user: Option<&'a User>,
}

impl<'a> Receiver<'a> {
    /// Filters the values, so that a stranger receives no text that someone else may have written. Anyone can register
    /// with another person's address. A message contains a name and other addresses only if ownership of the receiver's
    /// address is proved.
    pub(crate) fn values(self, values: MailContext<'a>) -> MailContext<'a> {
        let proved = self.user.filter(|user| {
            user.email_proved_at.is_some() && user.email.as_deref() == Some(self.address)
        });
        MailContext {
            name: proved.and_then(|user| user.display_name.as_deref()),
            email: values
                .email
                .filter(|email| proved.is_some() || *email == self.address),
            ..values
        }
    }
}

/// Returns the device to name in a message. Strangers can cause messages to others and choose their programs' names, so
/// only known names are used.
pub(crate) fn named_device(client: &Client) -> Option<String> {
    client.user_agent.as_deref().and_then(known_device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn user(proved: bool) -> User {
        User {
            id: "018bcfe5-6800-7000-8000-0000000000aa".to_owned(),
            email: Some("ada@example.com".to_owned()),
            email_verified_at: None,
            email_proved_at: proved.then(Timestamp::default),
            username: None,
            display_name: Some("You won: evil.example".to_owned()),
            profile: "{}".to_owned(),
            disabled_at: None,
            locked_until: None,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            last_login_at: None,
        }
    }

    /// Returns whether a message to this address contains a name, this address, and another address.
    fn said(user: Option<&User>, address: &str) -> (bool, bool, bool) {
        let values = |email| {
            let given = MailContext {
                name: Some("Somebody else"),
                email: Some(email),
                ..MailContext::default()
            };
            Receiver { address, user }.values(given)
        };
        let name = values(address).name;
        assert!(name.is_none() || name == user.unwrap().display_name.as_deref());
        let own = values(address).email.is_some();
        let other = values("evil.example/you-won@example.com").email.is_some();
        (name.is_some(), own, other)
    }

    #[test]
    fn nobody_writes_to_an_address_that_is_not_proved_to_be_theirs() {
        let (proved, unproved) = (user(true), user(false));
        assert_eq!(said(Some(&proved), "ada@example.com"), (true, true, true));
        for (user, address) in [
            (Some(&unproved), "ada@example.com"),
            (Some(&proved), "the-new-one@example.com"),
            (None, "ada@example.com"),
        ] {
            assert_eq!(said(user, address), (false, true, false), "{address}");
        }
    }

    #[test]
    fn a_program_cannot_write_by_its_name() {
        let named = |user_agent: &str| {
            named_device(&Client {
                user_agent: Some(user_agent.to_owned()),
                ..Client::default()
            })
        };
        assert_eq!(named("evil.example, call 555/1.0"), None);
        let mixed = "evil.example Firefox/140.0 Linux";
        assert_eq!(named(mixed).as_deref(), Some("Firefox on Linux"));
    }
}

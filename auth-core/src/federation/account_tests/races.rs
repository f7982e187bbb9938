//! Two requests at once.

use super::*;
use crate::AccountUpdate;

fn shared(settings: &[(&'static str, &'static str)]) -> &'static Service {
    Box::leak(Box::new(service(settings)))
}

#[test]
fn two_first_sign_ins_at_once_make_one_account() {
    for person in [
        google("1", "ada@example.com"),
        unverified("1", "ada@example.com"),
    ] {
        let auth = shared(&[]);
        let other = person.clone();
        auth.platform().meanwhile(move || {
            enter(auth, &other);
        });
        let ada = enter(auth, &person);
        let list = at_once(auth.users().list(crate::storage::UserQuery {
            limit: 10,
            ..crate::storage::UserQuery::default()
        }));
        assert_eq!(list.unwrap().users.len(), 1);
        assert_eq!(member(auth, &ada.user.id).identities.len(), 1);
    }
}

/// Between the decision and the change, the password that was the other way in is gone.
#[test]
fn two_ways_in_do_not_go_at_once() {
    let auth = shared(&[]);
    let ada = enter(auth, &google("1", "ada@example.com"));
    link(auth, &ada, &google("2", "ada@example.com")).unwrap();
    let ids = at_once(auth.identities().list(&ada)).unwrap();
    let (second, session) = (ids[1].id.clone(), ada.clone());
    auth.platform().meanwhile(move || {
        let unlinked = auth.identities().unlink(&session, &second, client());
        assert!(at_once(unlinked).is_ok());
    });
    let unlinked = at_once(auth.identities().unlink(&ada, &ids[0].id, client()));
    assert_eq!(unlinked.err(), Some(Error::LastSignInMethod));
    assert_eq!(member(auth, &ada.user.id).identities.len(), 1);
}

/// The address is no longer verified when the identity would be linked by it.
#[test]
fn a_link_by_address_rests_on_the_address() {
    let auth = shared(&[]);
    let ada = account(auth, "ada@example.com", true);
    let id = ada.clone();
    auth.platform().meanwhile(move || {
        let operator = Actor::operator(Client::default());
        let update = crate::UserUpdate {
            email_verified: Some(false),
            ..crate::UserUpdate::default()
        };
        assert!(at_once(auth.users().update(&operator, &id, update)).is_ok());
    });
    let refused = arrive(auth, &google("1", "ada@example.com"));
    assert_eq!(refusal(refused), Error::AccountExists);
    assert!(member(auth, &ada).identities.is_empty());
}

/// A change of something else is no reason to fail.
#[test]
fn a_link_is_decided_again() {
    let auth = shared(&[]);
    let ada = enter(auth, &google("1", "ada@example.com"));
    let session = ada.clone();
    let code = code(auth, &google("2", "ada@example.com"), FlowPurpose::Link);
    auth.platform().meanwhile(move || {
        let update = AccountUpdate {
            display_name: Some("Ada"),
            ..AccountUpdate::default()
        };
        assert!(at_once(auth.accounts().update(&session, update, client())).is_ok());
    });
    let linked = auth.identities().link(&ada, presented(&code), client());
    assert!(at_once(linked).is_ok());
    let details = member(auth, &ada.user.id);
    assert_eq!(details.identities.len(), 2);
    assert_eq!(details.account.user.display_name.as_deref(), Some("Ada"));
}

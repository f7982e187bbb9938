//! Sign-ups that are pending may be replaced. Accounts that only look like one must stay.

use super::*;
use crate::access::SUPERADMIN;
use crate::account::creation::{new_record, new_user};
use crate::credential::{CredentialKind, credential_of_kind, new_credential};
use crate::federation::pending::may_begin_again;
use crate::identities::identity::new_identity;
use crate::storage::{LoginName, NewUser, User, Users as _};
use crate::{ImportIdentity, ImportOptions, ImportOutcome, ImportUser, UserUpdate};

const VERIFY_FIRST: (&str, &str) = ("REQUIRE_EMAIL_VERIFICATION", "true");

fn operator() -> Actor {
    Actor::operator(Client::default())
}

/// Changes the address of a user as an administrator does.
fn move_address(auth: &Service, user_id: &str, email: &str) {
    let update = UserUpdate {
        email: Some(email),
        ..UserUpdate::default()
    };
    assert!(at_once(auth.users().update(&operator(), user_id, update)).is_ok());
    after_answer(auth);
}

/// The same service with other settings.
fn restarted(auth: Service, settings: &[(&'static str, &'static str)]) -> Service {
    let config = service(settings).config().clone();
    Auth::new(auth.into_platform(), config)
}

fn must_verify(auth: &Service, person: &Person) {
    let exchange = arrive(auth, person);
    assert!(matches!(exchange, Ok(Exchange::VerificationRequired)));
}

fn user_with(auth: &Service, email: &str) -> Option<User> {
    let name = LoginName::Email(email.to_owned());
    let found = at_once(auth.platform().storage().find_account(name));
    found.unwrap().map(|account| account.user)
}

/// Asserts that a sign-in, with this and with another address, and a link to another account leave an account as it is,
/// and that the person gets the link to the address of the account.
fn stays(auth: &Service, user_id: &str, person: &Person) {
    let before = member(auth, user_id);
    let email = before.account.user.email.clone().unwrap();
    let elsewhere = Person {
        email: Some("elsewhere@example.com".to_owned()),
        ..person.clone()
    };
    for person in [person, &elsewhere] {
        auth.platform().mail.lock().unwrap().clear();
        auth.platform()
            .advance(core::time::Duration::from_secs(3600));
        must_verify(auth, person);
        let mail = auth.platform().mail.lock().unwrap();
        let sent: Vec<_> = mail.iter().map(|mail| (&*mail.kind, &*mail.to)).collect();
        assert_eq!(sent, [("verify_email", &*email)]);
    }
    let other = enter(auth, &google("another", "another@example.com"));
    let refused = link(auth, &other, person).err();
    assert_eq!(refused, Some(Error::IdentityTaken));
    assert_eq!(member(auth, user_id), before);
    assert!(user_with(auth, "elsewhere@example.com").is_none());
}

/// An administrator has changed the address of an account that was used for years.
#[test]
fn an_account_with_another_address_stays() {
    let auth = service(&[VERIFY_FIRST]);
    let person = google("1", "old@example.com");
    let ada = enter(&auth, &person).user.id;
    at_once(auth.users().set_role(&operator(), &ada, "moderator", true)).unwrap();
    move_address(&auth, &ada, "new@example.com");
    stays(&auth, &ada, &person);
    // Once the address is verified, the person is in again, here by the word of the provider.
    let again = enter(&auth, &google("1", "New@example.com"));
    assert_eq!(again.user.id, ada);
    for role in ["moderator", "verified"] {
        assert!(again.roles.iter().any(|held| held == role), "{role}");
    }
}

#[test]
fn an_imported_account_stays() {
    let auth = service(&[VERIFY_FIRST]);
    let user = ImportUser {
        email: Some("old@example.com".to_owned()),
        email_verified: Some(false),
        identities: Some(vec![ImportIdentity {
            issuer: "https://accounts.google.com".to_owned(),
            subject: "1".to_owned(),
            provider: "google".to_owned(),
            ..ImportIdentity::default()
        }]),
        ..ImportUser::default()
    };
    let options = ImportOptions::default();
    let outcomes = at_once(auth.users().import(&operator(), vec![user], options)).unwrap();
    let [ImportOutcome::Created(_)] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    let id = user_with(&auth, "old@example.com").unwrap().id;
    stays(&auth, &id, &google("1", "changed@example.com"));
}

/// The operator requires proofs of addresses only later.
#[test]
fn an_account_from_before_the_setting_stays() {
    let auth = service(&[]);
    let person = unverified("1", "ada@example.com");
    let ada = enter(&auth, &person).user.id;
    stays(&restarted(auth, &[VERIFY_FIRST]), &ada, &person);
}

/// A sign-up that was pending is a usual account once somebody has used it or an administrator has changed it.
#[test]
fn a_sign_up_that_was_used_is_none_any_more() {
    let person = unverified("1", "ada@example.com");
    let begun = || {
        let auth = service(&[VERIFY_FIRST]);
        must_verify(&auth, &person);
        let id = user_with(&auth, "ada@example.com").unwrap().id;
        assert!(may_begin_again(&member(&auth, &id).account));
        (auth, id)
    };
    // While no proof is required, a session begins.
    let (auth, id) = begun();
    let auth = restarted(auth, &[]);
    enter(&auth, &person);
    stays(&restarted(auth, &[VERIFY_FIRST]), &id, &person);
    for touch in [
        (|auth, id| move_address(auth, id, "moved@example.com")) as fn(&Service, &str),
        |auth, id| at_once(auth.users().set_role(&operator(), id, "admin", true)).unwrap(),
        |auth, id| {
            at_once(auth.users().disable(&operator(), id)).unwrap();
            at_once(auth.users().enable(&operator(), id)).unwrap();
        },
    ] {
        let (auth, id) = begun();
        touch(&auth, &id);
        stays(&auth, &id, &person);
    }
    // The proof of the address ends it too, whatever becomes of the address later.
    let (auth, id) = begun();
    enter(
        &auth,
        &Person {
            email_verified: true,
            ..person.clone()
        },
    );
    let details = member(&auth, &id);
    let mark = credential_of_kind(&details.account, CredentialKind::PendingSignUp);
    assert!(mark.is_none());
    move_address(&auth, &id, "moved@example.com");
    stays(&auth, &id, &person);
}

/// Attempts of strangers change nothing: otherwise the next sign-in would reveal whether the address was free.
#[test]
fn a_locked_sign_up_is_still_one() {
    let auth = service(&[VERIFY_FIRST, ("LOGIN_ATTEMPTS_PER_ACCOUNT_EVERYWHERE", "2")]);
    must_verify(&auth, &unverified("1", "ada@example.com"));
    for _ in 0..4 {
        assert!(login(&auth, "ada@example.com", "a guess of somebody").is_err());
    }
    let locked = user_with(&auth, "ada@example.com").unwrap();
    assert!(locked.locked_until.is_some());
    must_verify(&auth, &unverified("1", "new@example.com"));
    assert!(user_with(&auth, "ada@example.com").is_none());
    assert!(user_with(&auth, "new@example.com").is_some());
}

/// A sign-up that replaces another one is decided in two rounds, and would use up the quota faster than one whose first
/// address was taken.
#[test]
fn a_sign_up_is_counted_once() {
    let auth = service(&[VERIFY_FIRST, ("LOGIN_ATTEMPTS_PER_IP", "2")]);
    must_verify(&auth, &unverified("1", "ada@example.com"));
    must_verify(&auth, &unverified("1", "new@example.com"));
    let third = arrive(&auth, &unverified("1", "newer@example.com"));
    assert!(matches!(refusal(third), Error::RateLimited { .. }));
}

/// The last superadmin is never deleted, and the person gets an answer instead of an endless repetition.
#[test]
fn a_sign_up_that_must_stay_is_answered() {
    let auth = service(&[VERIFY_FIRST]);
    let context = auth.federation().context;
    let person = unverified("1", "ada@example.com");
    let user = User {
        email: person.email.clone(),
        ..new_user(context)
    };
    let kind = CredentialKind::PendingSignUp;
    let mark = new_credential(context, &user.id, kind, String::new());
    let record = NewUser {
        identities: vec![new_identity(context, &person, &user.id, false)],
        ..new_record(user.clone(), vec![mark], vec![SUPERADMIN.to_owned()])
    };
    at_once(auth.platform().storage().create_user(record)).unwrap();
    assert!(may_begin_again(&member(&auth, &user.id).account));
    stays(&auth, &user.id, &unverified("1", "new@example.com"));
}

/// Nobody verifies the address of an account to which their identity no longer leads.
#[test]
fn a_providers_word_verifies_only_the_account_of_the_person() {
    for (disables, expected) in [
        (true, Error::InvalidOrUnverified),
        (false, Error::AccountExists),
    ] {
        let settings = [VERIFY_FIRST, ("LINK_BY_VERIFIED_EMAIL", "off")];
        let auth: &'static Service = Box::leak(Box::new(service(&settings)));
        let ada = enter(auth, &google("1", "old@example.com"));
        let identity = at_once(auth.identities().list(&ada)).unwrap()[0].id.clone();
        let id = ada.user.id.clone();
        move_address(auth, &id, "new@example.com");
        auth.platform().meanwhile(move || {
            let users = auth.users();
            if disables {
                at_once(users.disable(&operator(), &id)).unwrap();
            } else {
                at_once(users.unlink_identity(&operator(), &id, &identity)).unwrap();
            }
        });
        let arrived = arrive(auth, &google("1", "new@example.com"));
        assert_eq!(refusal(arrived), expected);
        let user = member(auth, &ada.user.id).account.user;
        assert!(user.email_verified_at.is_none());
    }
}

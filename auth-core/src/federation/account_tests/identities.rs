//! Linking and unlinking.

use super::*;
use crate::account::change::MAX_IDENTITIES;
use crate::{ImportIdentity, ImportOptions, ImportOutcome, ImportUser};

fn unlink(auth: &Service, active: &ActiveSession, id: &str) -> Result<()> {
    let unlinked = at_once(auth.identities().unlink(active, id, client()));
    after_answer(auth);
    unlinked
}

#[test]
fn an_identity_belongs_to_one_account() {
    let auth = service(&[]);
    let ada = enter(&auth, &google("1", "ada@example.com"));
    let eve = enter(&auth, &google("2", "eve@example.com"));
    let ours = google("1", "ada@example.com");
    assert_eq!(link(&auth, &eve, &ours).err(), Some(Error::IdentityTaken));
    assert_eq!(link(&auth, &ada, &ours).err(), Some(Error::IdentityTaken));
    // The identity of another person is not theirs to unlink.
    let id = first_id(&auth, &ada);
    assert_eq!(
        unlink(&auth, &eve, &id).err(),
        Some(Error::NotFound("identity"))
    );
    assert_eq!(enter(&auth, &ours).user.id, ada.user.id);
}

#[test]
fn an_account_has_a_limited_number_of_identities() {
    let auth = service(&[
        ("CHANGES_PER_USER", "1000"),
        ("LOGIN_ATTEMPTS_PER_IP", "1000"),
    ]);
    let ada = enter(&auth, &google("0", "ada@example.com"));
    for number in 1..MAX_IDENTITIES {
        link(&auth, &ada, &google(&number.to_string(), "ada@example.com")).unwrap();
    }
    let one_more = google("one more", "ada@example.com");
    assert_eq!(
        link(&auth, &ada, &one_more).err(),
        Some(Error::TooManyIdentities)
    );
    assert_eq!(refusal(arrive(&auth, &one_more)), Error::TooManyIdentities);
    unlink(&auth, &ada, &first_id(&auth, &ada)).unwrap();
    assert!(link(&auth, &ada, &one_more).is_ok());
}

#[test]
fn the_last_way_in_stays() {
    let auth = service(&[]);
    let ada = enter(&auth, &google("1", "ada@example.com"));
    let id = first_id(&auth, &ada);
    let last = Some(Error::LastSignInMethod);
    assert_eq!(unlink(&auth, &ada, &id).err(), last);
    // Nobody can sign in by a provider that is no longer set up.
    let gone = Person {
        provider: "gitlab".to_owned(),
        issuer: "https://gitlab.com".to_owned(),
        ..google("1", "ada@example.com")
    };
    link(&auth, &ada, &gone).unwrap();
    // Nor by the issuer that a provider had before.
    let moved = Person {
        issuer: "https://old.example.com".to_owned(),
        ..google("1", "ada@example.com")
    };
    link(&auth, &ada, &moved).unwrap();
    assert_eq!(unlink(&auth, &ada, &id).err(), last);
    link(&auth, &ada, &unverified("1", "ada@example.com")).unwrap();
    assert!(unlink(&auth, &ada, &id).is_ok());
    let mail = auth.platform().mail.lock().unwrap();
    assert_eq!(mail.last().unwrap().kind, "identity_unlinked");
}

/// An identity belongs to the issuer: the name of the provider can change.
#[test]
fn a_provider_with_another_name_is_a_way_in() {
    let auth = service(&[]);
    let ada = enter(&auth, &google("1", "ada@example.com"));
    let renamed = Person {
        provider: "before".to_owned(),
        ..unverified("1", "ada@example.com")
    };
    link(&auth, &ada, &renamed).unwrap();
    assert!(unlink(&auth, &ada, &first_id(&auth, &ada)).is_ok());
}

#[test]
fn unlinking_ends_the_other_sessions() {
    let auth = service(&[]);
    account(&auth, "ada@example.com", true);
    let ada = login(&auth, "ada@example.com", PASSWORD).unwrap();
    link(&auth, &ada, &google("666", "eve@example.com")).unwrap();
    let eve = enter(&auth, &google("666", "eve@example.com"));
    assert_eq!(eve.user.id, ada.user.id);
    // They begin to take the address.
    let evidence = Evidence::password(PASSWORD);
    let asked = auth
        .accounts()
        .change_email(&eve, "eve@example.com", evidence, client());
    assert!(at_once(asked).is_ok());
    after_answer(&auth);
    let token = mailed_token(&auth);
    unlink(&auth, &ada, &first_id(&auth, &ada)).unwrap();
    assert!(!lives(&auth, &eve) && lives(&auth, &ada));
    let confirmed = auth.accounts().confirm_email(&token, evidence, client());
    assert!(at_once(confirmed).is_err());
}

#[test]
fn administrators_unlink_identities_of_others() {
    let auth = service(&[]);
    let person = google("1", "ada@example.com");
    let ada = enter(&auth, &person);
    let id = first_id(&auth, &ada);
    let own = Actor::of(&ada, None, Client::default());
    let refused = at_once(auth.users().unlink_identity(&own, &ada.user.id, &id));
    assert_eq!(refused.err(), Some(Error::InsufficientRank));
    let operator = Actor::operator(Client::default());
    let unlinked = auth.users().unlink_identity(&operator, &ada.user.id, &id);
    assert!(at_once(unlinked).is_ok());
    assert!(!lives(&auth, &ada));
    let again = auth.users().unlink_identity(&operator, &ada.user.id, &id);
    assert_eq!(at_once(again).err(), Some(Error::NotFound("identity")));
}

fn imported(auth: &Service, users: Vec<ImportUser>, trial: bool) -> Vec<ImportOutcome> {
    let operator = Actor::operator(Client::default());
    let options = ImportOptions {
        trial,
        ..ImportOptions::default()
    };
    at_once(auth.users().import(&operator, users, options)).unwrap()
}

#[test]
fn an_import_brings_identities() {
    let auth = service(&[]);
    let user = |email: &str, subjects: &[&str]| ImportUser {
        email: Some(email.to_owned()),
        email_verified: Some(true),
        identities: Some(
            subjects
                .iter()
                .map(|subject| ImportIdentity {
                    issuer: "https://accounts.google.com".to_owned(),
                    subject: (*subject).to_owned(),
                    provider: "google".to_owned(),
                    ..ImportIdentity::default()
                })
                .collect(),
        ),
        ..ImportUser::default()
    };
    let many: Vec<String> = (0..=MAX_IDENTITIES).map(|n| format!("n{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let users = || {
        vec![
            user("ada@example.com", &["1", "2"]),
            user("eve@example.com", &["1"]),
            user("bob@example.com", &["3", "3"]),
            user("max@example.com", &many),
            user("nul@example.com", &["a\0b"]),
            user("non@example.com", &[""]),
        ]
    };
    for trial in [true, false] {
        let outcomes = imported(&auth, users(), trial);
        assert!(
            matches!(outcomes[0], ImportOutcome::Created(_)),
            "{outcomes:?}"
        );
        for outcome in &outcomes[1..] {
            let ImportOutcome::Refused(rules) = outcome else {
                panic!("{outcomes:?}")
            };
            assert_eq!(rules[0].field, "identities");
        }
    }
    let ada = enter(&auth, &google("2", "elsewhere@example.com"));
    assert_eq!(ada.user.email.as_deref(), Some("ada@example.com"));
    let operator = Actor::operator(Client::default());
    let exported = at_once(auth.users().export(&operator, None, 10, false));
    let (exported, _) = exported.unwrap();
    assert_eq!(exported[0].identities.as_ref().unwrap().len(), 2);
    let elsewhere = service(&[]);
    let outcomes = imported(&elsewhere, exported, false);
    assert!(
        matches!(outcomes[0], ImportOutcome::Created(_)),
        "{outcomes:?}"
    );
    assert_eq!(enter(&elsewhere, &google("1", "")).user.id, ada.user.id);
}

//! The account that a person signs in to.

use core::time::Duration;

use super::*;
use crate::credential::{CredentialKind, credential_of_kind};

#[test]
fn an_identity_is_no_address() {
    let auth = service(&[]);
    let first = enter(&auth, &google("1", "ada@example.com"));
    assert_eq!(first.session.amr, ["fed"]);
    assert!(first.user.email_verified_at.is_some());
    assert_eq!(first.user.username, None, "a name is only suggested");
    assert!(first.roles.iter().any(|role| role == "verified"));
    // The address has changed upstream, and another person has the old one.
    let again = enter(&auth, &google("1", "ada@example.org"));
    assert_eq!(again.user.id, first.user.id);
    assert_eq!(again.user.email, first.user.email);
    let details = member(&auth, &first.user.id);
    assert_eq!(
        details.identities[0].email.as_deref(),
        Some("ada@example.org")
    );
    let silent = Person {
        email: None,
        ..google("1", "")
    };
    enter(&auth, &silent);
    let kept = member(&auth, &first.user.id);
    assert_eq!(kept.identities[0].email, details.identities[0].email);
    // The same subject of another issuer is another person.
    let other = Person {
        issuer: "https://gitlab.com".to_owned(),
        ..google("1", "eve@example.com")
    };
    assert_ne!(enter(&auth, &other).user.id, first.user.id);
}

/// The stranger has no password, so that nothing else makes the link invalid.
#[test]
fn a_stranger_cannot_move_the_account_that_the_owner_has_got() {
    let auth = service(&[("VERIFY_NEEDS_PASSWORD", "false")]);
    let eve = enter(&auth, &unverified("2", "ada@example.com"));
    let accounts = auth.accounts();
    let asked = accounts.change_email(&eve, "eve@example.com", Evidence::default(), client());
    assert!(at_once(asked).is_ok());
    after_answer(&auth);
    let token = mailed_token(&auth);
    let ada = enter(&auth, &google("1", "ada@example.com"));
    assert_eq!(ada.user.id, eve.user.id);
    let accounts = auth.accounts();
    let moved = at_once(accounts.confirm_email(&token, Evidence::default(), client()));
    assert!(matches!(moved, Err(Error::Link(_))));
    let user = member(&auth, &ada.user.id).account.user;
    assert_eq!(user.email.as_deref(), Some("ada@example.com"));
}

/// Two first sign-ins at once make one account.
#[test]
fn one_person_gets_one_account() {
    let auth = service(&[]);
    let person = google("1", "ada@example.com");
    let first = enter(&auth, &person);
    assert_eq!(enter(&auth, &person).user.id, first.user.id);
    assert_eq!(member(&auth, &first.user.id).identities.len(), 1);
}

#[test]
fn an_address_that_both_sides_have_proved_links() {
    let auth = service(&[]);
    let ada = account(&auth, "ada@example.com", true);
    let session = enter(&auth, &google("1", "Ada@EXAMPLE.com"));
    assert_eq!(session.user.id, ada);
    assert!(login(&auth, "ada@example.com", PASSWORD).is_ok());
    let mail = auth.platform().mail.lock().unwrap();
    let told = mail.last().unwrap();
    assert_eq!(
        (&*told.kind, told.to.as_str()),
        ("identity_linked", "ada@example.com")
    );
    assert!(told.text.contains("Google"), "{}", told.text);
}

#[test]
fn the_policy_decides_whether_an_address_links() {
    for (policy, by_google, by_spotify) in [
        ("off", false, false),
        ("trusted", true, false),
        ("all", true, true),
    ] {
        let auth = service(&[("LINK_BY_VERIFIED_EMAIL", policy)]);
        account(&auth, "ada@example.com", true);
        account(&auth, "bob@example.com", true);
        let others = Person {
            email_verified: true,
            ..unverified("1", "ada@example.com")
        };
        for (person, links) in [
            (google("1", "bob@example.com"), by_google),
            (others, by_spotify),
        ] {
            match arrive(&auth, &person) {
                Ok(Exchange::SignedIn(_)) => assert!(links, "{policy} {}", person.provider),
                refused => {
                    assert!(!links, "{policy} {}", person.provider);
                    assert_eq!(refusal(refused), Error::AccountExists);
                }
            }
        }
    }
}

#[test]
fn an_address_that_the_provider_has_not_verified_links_nothing() {
    for proved in [true, false] {
        let auth = service(&[("LINK_BY_VERIFIED_EMAIL", "all")]);
        let ada = account(&auth, "ada@example.com", proved);
        let refused = arrive(&auth, &unverified("1", "ada@example.com"));
        assert_eq!(refusal(refused), Error::AccountExists);
        assert!(member(&auth, &ada).identities.is_empty());
    }
}

/// A stranger registers with the address of a person, and waits for them.
#[test]
fn an_account_that_nobody_has_proved_yields_to_the_owner_of_the_address() {
    let auth = service(&[]);
    let stolen = account(&auth, "ada@example.com", false);
    let stranger = login(&auth, "ada@example.com", PASSWORD).unwrap();
    link(&auth, &stranger, &unverified("666", "eve@example.com")).unwrap();
    let ada = enter(&auth, &google("1", "ada@example.com"));
    assert_eq!(ada.user.id, stolen);
    assert!(ada.user.email_verified_at.is_some());
    assert!(!lives(&auth, &stranger));
    assert!(login(&auth, "ada@example.com", PASSWORD).is_err());
    let details = member(&auth, &stolen);
    assert_eq!(details.identities.len(), 1);
    assert_eq!(details.identities[0].subject, "1");
    let password = credential_of_kind(&details.account, CredentialKind::Password);
    assert!(password.is_none());
    // The identity of the stranger leads to an account of their own now.
    assert_ne!(
        enter(&auth, &unverified("666", "eve@example.com")).user.id,
        stolen
    );
}

/// With `off`, no provider's word leads into an account that was there before. Its creator and its roles don't matter. The
/// owner of the address gets it by a reset of the password.
#[test]
fn an_account_that_nobody_has_proved_yields_to_no_provider_if_addresses_link_nothing() {
    let auth = service(&[("LINK_BY_VERIFIED_EMAIL", "off")]);
    let unproved = account(&auth, "ada@example.com", false);
    let refused = arrive(&auth, &google("1", "ada@example.com"));
    assert_eq!(refusal(refused), Error::AccountExists);
    let details = member(&auth, &unproved);
    assert!(details.identities.is_empty());
    assert!(details.account.user.email_verified_at.is_none());
    assert!(login(&auth, "ada@example.com", PASSWORD).is_ok());
}

/// Where links need no password.
const LINK_ALONE: (&str, &str) = ("VERIFY_NEEDS_PASSWORD", "false");

/// Asks for a change of the address in an account without a password, and returns the token of the link.
fn ask_for_change(auth: &Service, active: &ActiveSession) -> String {
    let none = Evidence::default();
    let asked = auth
        .accounts()
        .change_email(active, "eve@example.com", none, client());
    assert!(at_once(asked).is_ok());
    after_answer(auth);
    mailed_token(auth)
}

fn confirm_change(auth: &Service, token: &str) -> Result<()> {
    let none = Evidence::default();
    let confirmed = auth.accounts().confirm_email(token, none, client());
    at_once(confirmed).map(|_| ())
}

/// A stranger who signs up with the address of a person asks for a change of the address.
#[test]
fn an_account_that_yields_keeps_its_address() {
    let auth = service(&[LINK_ALONE]);
    let stranger = enter(&auth, &unverified("666", "ada@example.com"));
    let token = ask_for_change(&auth, &stranger);
    let ada = enter(&auth, &google("1", "ada@example.com"));
    assert_eq!(ada.user.id, stranger.user.id);
    let refused = confirm_change(&auth, &token);
    assert!(matches!(refused, Err(Error::Link(_))), "{refused:?}");
}

#[test]
fn an_undone_second_factor_ends_a_change_of_address() {
    let auth = service(&[LINK_ALONE]);
    let intruder = enter(&auth, &google("1", "ada@example.com"));
    let change = ask_for_change(&auth, &intruder);
    enable_factor(&auth, &intruder);
    let undo = mailed_token(&auth);
    assert!(at_once(auth.mfa().undo_second_factor(&undo, client())).is_ok());
    let refused = confirm_change(&auth, &change);
    assert!(matches!(refused, Err(Error::Link(_))), "{refused:?}");
}

/// An address that was proved once and is marked as unverified belongs to the person who proved it.
#[test]
fn an_account_that_was_proved_once_yields_to_nobody() {
    let auth = service(&[]);
    let ada = account(&auth, "ada@example.com", true);
    let operator = Actor::operator(Client::default());
    let update = crate::UserUpdate {
        email_verified: Some(false),
        ..crate::UserUpdate::default()
    };
    assert!(at_once(auth.users().update(&operator, &ada, update)).is_ok());
    let refused = arrive(&auth, &google("1", "ada@example.com"));
    assert_eq!(refusal(refused), Error::AccountExists);
    assert!(login(&auth, "ada@example.com", PASSWORD).is_ok());
}

#[test]
fn a_disabled_account_is_neither_linked_nor_entered() {
    let auth = service(&[]);
    let ada = account(&auth, "ada@example.com", true);
    let operator = Actor::operator(Client::default());
    at_once(auth.users().disable(&operator, &ada)).unwrap();
    let refused = arrive(&auth, &google("1", "ada@example.com"));
    assert_eq!(refusal(refused), Error::AccountDisabled);
    assert!(member(&auth, &ada).identities.is_empty());
    let bob = enter(&auth, &google("2", "bob@example.com")).user.id;
    at_once(auth.users().disable(&operator, &bob)).unwrap();
    let refused = arrive(&auth, &google("2", "bob@example.com"));
    assert_eq!(refusal(refused), Error::AccountDisabled);
}

#[test]
fn a_factor_is_asked_for_before_an_address_links() {
    let auth = service(&[]);
    let ada = account(&auth, "ada@example.com", true);
    let session = login(&auth, "ada@example.com", PASSWORD).unwrap();
    let (key, _) = enable_factor(&auth, &session);
    let person = google("1", "ada@example.com");
    let challenge = challenge_of(arrive(&auth, &person));
    assert!(
        member(&auth, &ada).identities.is_empty(),
        "not before the code"
    );
    let prove = |challenge: &MfaChallenge, code: &str| {
        let token = challenge.token.expose();
        let format = TokenFormat::Opaque;
        let signed_in = auth
            .sign_in()
            .login_by_second_factor(token, code, format, &[], client());
        active_of(at_once(signed_in))
    };
    auth.platform().advance(Duration::from_secs(30));
    assert_eq!(prove(&challenge, "000000").err(), Some(Error::InvalidCode));
    let session = prove(&challenge, &current_code(&auth, &key)).unwrap();
    assert_eq!(session.session.amr, ["fed", "otp", "mfa"]);
    assert_eq!(member(&auth, &ada).identities.len(), 1);
    // A known identity is asked as well.
    let challenge = challenge_of(arrive(&auth, &person));
    auth.platform().advance(Duration::from_secs(30));
    assert!(prove(&challenge, &current_code(&auth, &key)).is_ok());
    // Once the identity is unlinked, the challenge is invalid.
    let challenge = challenge_of(arrive(&auth, &person));
    let id = at_once(auth.identities().list(&session)).unwrap()[0]
        .id
        .clone();
    at_once(auth.identities().unlink(&session, &id, client())).unwrap();
    let operator = Actor::operator(Client::default());
    let update = crate::UserUpdate {
        email: Some("ada@example.org"),
        email_verified: Some(true),
        ..crate::UserUpdate::default()
    };
    assert!(at_once(auth.users().update(&operator, &ada, update)).is_ok());
    auth.platform().advance(Duration::from_secs(30));
    let refused = prove(&challenge, &current_code(&auth, &key));
    assert_eq!(refused.err(), Some(Error::Link(crate::LinkError::Invalid)));
    assert!(member(&auth, &ada).identities.is_empty());
}

#[test]
fn sign_up_can_be_closed() {
    let auth = service(&[("OAUTH_SIGN_UP", "false")]);
    let refused = arrive(&auth, &google("1", "ada@example.com"));
    assert_eq!(refusal(refused), Error::SignUpDisabled);
    let ada = account(&auth, "ada@example.com", true);
    assert_eq!(enter(&auth, &google("1", "ada@example.com")).user.id, ada);
}

#[test]
fn a_new_account_has_the_roles_and_fields_of_the_settings() {
    let auth = service(&[
        ("OAUTH_ROLES", "user,admin"),
        (
            "PROFILE_FIELDS",
            r#"[{"name": "language", "required": true}]"#,
        ),
        ("OAUTH_PROFILE", r#"{"language": "locale"}"#),
    ]);
    let ada = enter(&auth, &google("1", "ada@example.com"));
    assert_eq!(ada.roles, ["admin", "user", "verified"]);
    assert_eq!(ada.user.profile, r#"{"language":"en"}"#);
    assert_eq!(ada.user.display_name.as_deref(), Some("Ada Lovelace"));
    let bob = enter(&auth, &unverified("2", "bob@example.com"));
    assert_eq!(bob.roles, ["admin", "user"]);
}

/// The first proof of an address by its mailbox alone ends what others could sign in by. A later one does not.
#[test]
fn the_first_reset_unlinks_what_a_stranger_linked() {
    let auth = service(&[]);
    let reset = |new: &str| {
        let asked = auth.accounts().forgot_password("ada@example.com", client());
        at_once(asked).unwrap();
        after_answer(&auth);
        let token = mailed_token(&auth);
        let done = auth.accounts().reset_password(&token, new, client());
        assert!(at_once(done).is_ok());
        after_answer(&auth);
    };
    // A stranger signs up by an identity whose address is another person's.
    let stranger = enter(&auth, &unverified("666", "ada@example.com"));
    reset("a first password of Ada");
    assert!(!lives(&auth, &stranger));
    assert!(member(&auth, &stranger.user.id).identities.is_empty());
    let refused = arrive(&auth, &unverified("666", "ada@example.com"));
    assert_eq!(refusal(refused), Error::AccountExists);
    let ada = login(&auth, "ada@example.com", "a first password of Ada").unwrap();
    link(&auth, &ada, &google("1", "ada@example.com")).unwrap();
    reset("a second password of Ada");
    assert_eq!(member(&auth, &ada.user.id).identities.len(), 1);
}

/// The person who changed the address could have linked an identity before.
#[test]
fn an_undone_change_of_address_unlinks_identities() {
    let auth = service(&[]);
    let ada = account(&auth, "ada@example.com", true);
    let intruder = login(&auth, "ada@example.com", PASSWORD).unwrap();
    link(&auth, &intruder, &google("666", "eve@example.com")).unwrap();
    let evidence = Evidence::password(PASSWORD);
    let changed = auth
        .accounts()
        .change_email(&intruder, "eve@example.com", evidence, client());
    assert!(at_once(changed).is_ok());
    after_answer(&auth);
    let token = mailed_token(&auth);
    let confirmed = auth.accounts().confirm_email(&token, evidence, client());
    assert!(at_once(confirmed).is_ok());
    after_answer(&auth);
    let token = mailed_token(&auth);
    assert!(at_once(auth.accounts().undo_email(&token, client())).is_ok());
    assert!(member(&auth, &ada).identities.is_empty());
}

#[test]
fn an_undone_second_factor_unlinks_identities() {
    let auth = service(&[]);
    let ada = account(&auth, "ada@example.com", true);
    let intruder = login(&auth, "ada@example.com", PASSWORD).unwrap();
    link(&auth, &intruder, &google("666", "eve@example.com")).unwrap();
    enable_factor(&auth, &intruder);
    let token = mailed_token(&auth);
    assert!(at_once(auth.mfa().undo_second_factor(&token, client())).is_ok());
    assert!(member(&auth, &ada).identities.is_empty());
}

//! Accounts without a password, and identities in its place.

use core::time::Duration;

use super::*;

const NEW: &str = "a new and better password";

fn reauthenticate(
    auth: &Service,
    active: &ActiveSession,
    person: &Person,
) -> Result<ActiveSession> {
    let code = code(auth, person, FlowPurpose::Reauthenticate);
    let evidence = Evidence {
        identity: Some(presented(&code)),
        ..Evidence::default()
    };
    let renewed = auth.sign_in().reauthenticate(active, evidence, client());
    active_of(at_once(renewed))
}

fn change_password(
    auth: &Service,
    active: &ActiveSession,
    evidence: Evidence<'_>,
) -> Result<ActiveSession> {
    let changed = auth
        .accounts()
        .change_password(active, evidence, NEW, client());
    active_of(at_once(changed))
}

#[test]
fn a_recent_sign_in_sets_the_first_password() {
    let auth = service(&[]);
    let ada = enter(&auth, &google("1", "ada@example.com"));
    let other = enter(&auth, &google("1", "ada@example.com"));
    let ada = change_password(&auth, &ada, Evidence::default()).unwrap();
    assert!(!lives(&auth, &other));
    assert!(login(&auth, "ada@example.com", NEW).is_ok());
    // From now on the password is required.
    let refused = change_password(&auth, &ada, Evidence::default());
    assert!(matches!(refused.err(), Some(Error::Invalid(_))));
    let deleted = at_once(auth.accounts().delete(&ada, Evidence::default(), client()));
    assert!(matches!(deleted.err(), Some(Error::Invalid(_))));
}

#[test]
fn an_old_sign_in_does_nothing() {
    let auth = service(&[]);
    let person = google("1", "ada@example.com");
    let ada = enter(&auth, &person);
    auth.platform().advance(Duration::from_secs(600));
    let required = Some(Error::ReauthenticationRequired);
    let refused = change_password(&auth, &ada, Evidence::default());
    assert_eq!(refused.err(), required);
    let deleted = at_once(auth.accounts().delete(&ada, Evidence::default(), client()));
    assert_eq!(deleted.err(), required);
    assert_eq!(
        link(&auth, &ada, &google("2", "x@example.com")).err(),
        required
    );
    // The session does not renew itself.
    let renewed = auth
        .sign_in()
        .reauthenticate(&ada, Evidence::default(), client());
    assert!(matches!(
        active_of(at_once(renewed)),
        Err(Error::Invalid(_))
    ));
    let ada = reauthenticate(&auth, &ada, &person).unwrap();
    assert_eq!(ada.session.authenticated_at, auth.platform().now());
    assert!(at_once(auth.accounts().delete(&ada, Evidence::default(), client())).is_ok());
}

/// A provider that has not asked for anything for a week proves nobody's presence.
#[test]
fn a_sign_in_at_the_provider_is_as_old_as_it_says() {
    let auth = service(&[]);
    let now = auth.platform().now().as_millis() / 1000;
    let at = |ago: u64| Person {
        auth_time: Some(now - ago),
        ..google("1", "ada@example.com")
    };
    let ada = enter(&auth, &at(700));
    let required = Some(Error::ReauthenticationRequired);
    assert_eq!(
        change_password(&auth, &ada, Evidence::default()).err(),
        required
    );
    assert_eq!(reauthenticate(&auth, &ada, &at(600)).err(), required);
    let renewed = reauthenticate(&auth, &ada, &at(30)).unwrap();
    assert_eq!(
        renewed.session.authenticated_at.as_millis() / 1000,
        now - 30
    );
}

#[test]
fn an_identity_of_another_account_proves_nothing() {
    let auth = service(&[]);
    let ada = enter(&auth, &google("1", "ada@example.com"));
    let eve = google("666", "eve@example.com");
    let refused = Some(Error::OauthCodeInvalid);
    assert_eq!(reauthenticate(&auth, &ada, &eve).err(), refused);
    enter(&auth, &eve);
    assert_eq!(reauthenticate(&auth, &ada, &eve).err(), refused);
    // Nor does a code that was made for something else.
    for purpose in [FlowPurpose::SignIn, FlowPurpose::Link, FlowPurpose::Verify] {
        let code = code(&auth, &google("1", "ada@example.com"), purpose);
        let evidence = Evidence {
            identity: Some(presented(&code)),
            ..Evidence::default()
        };
        let renewed = auth.sign_in().reauthenticate(&ada, evidence, client());
        assert_eq!(active_of(at_once(renewed)).err(), refused);
    }
}

/// An administrator who acts as a user has proved nothing of the user's.
#[test]
fn an_impersonation_is_no_recent_sign_in() {
    let auth = service(&[]);
    let mut ada = enter(&auth, &google("1", "ada@example.com"));
    ada.session.actor_id = Some("018bcfe5-6800-7000-8000-000000000001".to_owned());
    let refused = change_password(&auth, &ada, Evidence::default());
    assert_eq!(refused.err(), Some(Error::ReauthenticationRequired));
}

#[test]
fn a_factor_is_asked_for_without_a_password_as_well() {
    let auth = service(&[]);
    let person = google("1", "ada@example.com");
    let before = enter(&auth, &person);
    let (key, proved) = enable_factor(&auth, &before);
    // The session has proved one factor only.
    let one = ActiveSession {
        session: crate::storage::Session {
            amr: vec!["fed".to_owned()],
            ..proved.session.clone()
        },
        ..proved.clone()
    };
    let required = Some(Error::ReauthenticationRequired);
    assert_eq!(
        change_password(&auth, &one, Evidence::default()).err(),
        required
    );
    let disable = |active: &ActiveSession, code: Option<&str>| {
        let evidence = Evidence {
            code,
            ..Evidence::default()
        };
        active_of(at_once(auth.mfa().disable_totp(active, evidence, client())))
    };
    assert_eq!(disable(&proved, None).err(), Some(Error::InvalidCode));
    auth.platform().advance(Duration::from_secs(30));
    let code = current_code(&auth, &key);
    assert!(disable(&proved, Some(&code)).is_ok());
}

/// A session of an identity ends with it, also one that is just about to start.
#[test]
fn an_unlinked_identity_renews_nothing() {
    let auth = service(&[]);
    let person = google("1", "ada@example.com");
    let ada = enter(&auth, &person);
    let ada = change_password(&auth, &ada, Evidence::default()).unwrap();
    let other = enter(&auth, &person);
    let id = at_once(auth.identities().list(&ada)).unwrap()[0].id.clone();
    at_once(auth.identities().unlink(&ada, &id, client())).unwrap();
    let refused = reauthenticate(&auth, &other, &person).err();
    assert_eq!(refused, Some(Error::OauthCodeInvalid));
    assert!(!lives(&auth, &other));
}

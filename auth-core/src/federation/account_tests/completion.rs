//! First sign-ins that lack data, and addresses that must be verified first.

use core::time::Duration;

use serde_json::json;

use super::*;
use crate::federation::completion::Completion;
use crate::storage::{LoginName, Users as _};
use crate::{FieldErrorCode, LinkError};

fn nameless(subject: &str) -> Person {
    Person {
        email: None,
        email_verified: false,
        ..google(subject, "")
    }
}

fn given<'a>(token: &'a str, email: Option<&'a str>) -> Completion<'a> {
    Completion {
        token,
        email,
        username: None,
        display_name: None,
        profile: None,
        token_format: TokenFormat::Opaque,
        replaces: &[],
    }
}

fn complete(auth: &Service, given: Completion<'_>) -> Result<Exchange> {
    let exchange = at_once(auth.federation().complete(given, client()));
    after_answer(auth);
    exchange
}

#[test]
fn a_missing_address_is_asked_for_once() {
    let auth = service(&[]);
    let required = completion_of(arrive(&auth, &nameless("1")));
    assert_eq!(required.missing, ["email"]);
    assert_eq!(required.username.as_deref(), Some("ada"));
    let token = required.token.expose();
    let refused = refusal(complete(&auth, given(token, None)));
    let Error::Invalid(rules) = refused else {
        panic!("{refused}")
    };
    assert_eq!(
        (rules[0].field.as_ref(), rules[0].code),
        ("email", FieldErrorCode::Required)
    );
    let named = Completion {
        username: Some("ada"),
        ..given(token, Some("ada@example.com"))
    };
    let ada = session_of(complete(&auth, named));
    assert_eq!(ada.user.username.as_deref(), Some("ada"));
    assert!(ada.user.email_verified_at.is_none(), "nobody has proved it");
    let used = refusal(complete(&auth, given(token, Some("ada@example.org"))));
    assert_eq!(used, Error::Link(LinkError::Used));
    assert_eq!(enter(&auth, &nameless("1")).user.id, ada.user.id);
}

/// A second sign-in asks for the same, whether or not the first one stored something. Otherwise it would reveal whether the
/// address was taken.
#[test]
fn a_second_sign_in_does_not_reveal_whether_an_address_is_taken() {
    let auth = service(&[
        ("REQUIRE_EMAIL_VERIFICATION", "true"),
        ("PROFILE_FIELDS", r#"[{"name": "city", "required": true}]"#),
    ]);
    account(&auth, "taken@example.com", true);
    let profile = json!({"city": "Oslo"}).as_object().cloned();
    let asked = ["taken@example.com", "free@example.com"].map(|email| {
        let required = completion_of(arrive(&auth, &nameless(email)));
        let filled = Completion {
            profile: profile.as_ref(),
            ..given(required.token.expose(), Some(email))
        };
        let answer = complete(&auth, filled);
        assert!(matches!(answer, Ok(Exchange::VerificationRequired)));
        completion_of(arrive(&auth, &nameless(email))).missing
    });
    assert_eq!(
        asked,
        [["email", "profile.city"], ["email", "profile.city"]]
    );
}

#[test]
fn two_completions_make_one_account() {
    let auth = service(&[]);
    let tokens = [(), ()].map(|()| completion_of(arrive(&auth, &nameless("1"))).token);
    let [first, second] = tokens.map(|token| {
        let email = Some("ada@example.com");
        session_of(complete(&auth, given(token.expose(), email)))
            .user
            .id
    });
    assert_eq!(first, second);
}

/// People prove nothing by typing the address of another person.
#[test]
fn a_typed_address_links_nothing() {
    let auth = service(&[("LINK_BY_VERIFIED_EMAIL", "all")]);
    let ada = account(&auth, "ada@example.com", true);
    let required = completion_of(arrive(&auth, &nameless("666")));
    let token = required.token.expose();
    let refused = complete(&auth, given(token, Some("ada@example.com")));
    assert_eq!(refusal(refused), Error::AccountExists);
    assert!(member(&auth, &ada).identities.is_empty());
    // Nor does it count as verified instead of the address that the provider has verified.
    let auth = service(&[("PROFILE_FIELDS", r#"[{"name": "city", "required": true}]"#)]);
    let ada = account(&auth, "ada@example.com", false);
    let required = completion_of(arrive(&auth, &google("666", "eve@example.com")));
    assert_eq!(required.missing, ["profile.city"]);
    let profile = json!({"city": "Oslo"}).as_object().cloned();
    let typed = Completion {
        profile: profile.as_ref(),
        ..given(required.token.expose(), Some("ada@example.com"))
    };
    assert_eq!(refusal(complete(&auth, typed)), Error::AccountExists);
    let other = Completion {
        profile: profile.as_ref(),
        ..given(required.token.expose(), Some("bob@example.com"))
    };
    assert!(
        session_of(complete(&auth, other))
            .user
            .email_verified_at
            .is_none()
    );
    assert!(login(&auth, "ada@example.com", PASSWORD).is_ok());
    assert!(member(&auth, &ada).identities.is_empty());
}

#[test]
fn a_verified_address_stays_verified_through_a_completion() {
    let auth = service(&[("PROFILE_FIELDS", r#"[{"name": "city", "required": true}]"#)]);
    let required = completion_of(arrive(&auth, &google("1", "ada@example.com")));
    let profile = json!({"city": "Oslo"}).as_object().cloned();
    let filled = Completion {
        profile: profile.as_ref(),
        ..given(required.token.expose(), None)
    };
    let ada = session_of(complete(&auth, filled));
    assert!(ada.user.email_verified_at.is_some());
    assert_eq!(ada.user.profile, r#"{"city":"Oslo"}"#);
}

const VERIFY_FIRST: (&str, &str) = ("REQUIRE_EMAIL_VERIFICATION", "true");

/// Where addresses are verified first, nothing reveals whether one is taken: neither a sign-in nor the next one.
#[test]
fn a_taken_address_looks_like_a_free_one() {
    let auth = service(&[VERIFY_FIRST]);
    account(&auth, "taken@example.com", true);
    for address in ["taken@example.com", "free@example.com"] {
        for _ in 0..2 {
            let exchange = arrive(&auth, &unverified(address, address));
            assert!(
                matches!(exchange, Ok(Exchange::VerificationRequired)),
                "{address}"
            );
        }
        // The address was wrong: the next one gets the link.
        let exchange = arrive(&auth, &unverified(address, &format!("new-{address}")));
        assert!(matches!(exchange, Ok(Exchange::VerificationRequired)));
        let mail = auth.platform().mail.lock().unwrap();
        let last = mail.last().unwrap();
        assert_eq!(
            (&*last.kind, last.to.as_str()),
            ("verify_email", &*format!("new-{address}"))
        );
    }
}

/// The link alone does not make a stranger's account the person's.
#[test]
fn a_link_needs_the_identity_that_signed_up() {
    let auth = service(&[VERIFY_FIRST]);
    let person = unverified("1", "ada@example.com");
    assert!(matches!(
        arrive(&auth, &person),
        Ok(Exchange::VerificationRequired)
    ));
    let token = mailed_token(&auth);
    let verify = |identity: Option<&str>| {
        let evidence = Evidence {
            identity: identity.map(presented),
            ..Evidence::default()
        };
        at_once(auth.accounts().verify_email(&token, evidence, client()))
    };
    assert_eq!(verify(None).err(), Some(Error::PasswordRequired));
    let refused = Some(Error::OauthCodeInvalid);
    let others = code(&auth, &google("2", "eve@example.com"), FlowPurpose::Verify);
    assert_eq!(verify(Some(&others)).err(), refused);
    for purpose in [FlowPurpose::SignIn, FlowPurpose::Link] {
        let other = code(&auth, &person, purpose);
        assert_eq!(verify(Some(&other)).err(), refused);
    }
    // How long ago the person signed in at the provider doesn't matter.
    let before = Person {
        auth_time: Some(1),
        ..person.clone()
    };
    let own = code(&auth, &before, FlowPurpose::Verify);
    assert!(verify(Some(&own)).is_ok());
    assert!(enter(&auth, &person).user.email_verified_at.is_some());
}

#[test]
fn a_provider_that_verifies_later_is_enough() {
    let auth = service(&[VERIFY_FIRST]);
    let person = Person {
        email_verified: false,
        ..google("1", "ada@example.com")
    };
    assert!(matches!(
        arrive(&auth, &person),
        Ok(Exchange::VerificationRequired)
    ));
    let ada = enter(&auth, &google("1", "ada@example.com"));
    assert!(ada.user.email_verified_at.is_some());
    assert!(ada.roles.iter().any(|role| role == "verified"));
}

/// Otherwise a stranger who first signs up with another person's address learns from what they do next whether the address
/// was free.
#[test]
fn a_pending_sign_up_leaves_no_trace() {
    let auth = service(&[VERIFY_FIRST]);
    account(&auth, "taken@example.com", true);
    let own = enter(&auth, &google("own", "own@example.com"));
    for address in ["taken@example.com", "free@example.com"] {
        // The identity can be linked to an account.
        let stranger = unverified(address, address);
        let exchange = arrive(&auth, &stranger);
        assert!(matches!(exchange, Ok(Exchange::VerificationRequired)));
        let linked = link(&auth, &own, &stranger);
        assert!(linked.is_ok(), "{address}: {linked:?}");
        // A sign-in with another address makes an account that knows nothing of the first one.
        let subject = format!("second of {address}");
        let exchange = arrive(&auth, &unverified(&subject, address));
        assert!(matches!(exchange, Ok(Exchange::VerificationRequired)));
        auth.platform().advance(Duration::from_secs(60));
        let again = Person {
            name: None,
            ..unverified(&subject, &format!("second-{address}"))
        };
        let exchange = arrive(&auth, &again);
        assert!(matches!(exchange, Ok(Exchange::VerificationRequired)));
        let name = LoginName::Email(format!("second-{address}"));
        let found = at_once(auth.platform().storage().find_account(name));
        let user = found.unwrap().unwrap().user;
        assert_eq!(user.created_at, auth.platform().now(), "{address}");
        assert_eq!(user.display_name, None, "{address}");
    }
}

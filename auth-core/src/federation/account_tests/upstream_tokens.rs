//! The tokens of providers: who gets them, and who refreshes them.

use core::future::Future as _;
use core::pin::pin;
use core::task::{Context as TaskContext, Waker};
use core::time::Duration;

use super::*;
use crate::account::change::identity_key;
use crate::federation::person::UpstreamTokens;
use crate::identities::identity::seal_tokens;
use crate::storage::Identities as _;

const STORED: (&str, &str) = ("OAUTH_STORE_TOKENS", "true");

fn with_tokens(auth: &Service, access: &str, refresh: Option<&str>) -> Person {
    let expires_at = auth.platform().now().as_millis() / 1000 + 3600;
    Person {
        tokens: Some(UpstreamTokens {
            access_token: access.to_owned(),
            refresh_token: refresh.map(str::to_owned),
            expires_at: Some(expires_at),
            scope: None,
            claimed_until: None,
        }),
        ..unverified("1", "ada@example.com")
    }
}

fn token(auth: &Service, active: &ActiveSession) -> Result<String> {
    let id = first_id(auth, active);
    let token = at_once(auth.identities().token(active, &id, client()));
    token.map(|token| token.access_token.expose().to_owned())
}

/// The token endpoint of the provider whose tokens are stored.
const TOKEN: &str = "https://accounts.spotify.com/api/token";

fn requests(auth: &Service) -> usize {
    auth.platform().fetched(TOKEN)
}

#[test]
fn tokens_are_for_the_person_and_encrypted() {
    let auth = service(&[STORED]);
    let ada = enter(&auth, &with_tokens(&auth, "first", Some("refresh")));
    let storage = auth.platform().storage();
    let stored = at_once(storage.list_identities(ada.user.id.clone())).unwrap();
    let sealed = stored[0].tokens.clone().unwrap();
    assert!(!sealed.contains("first") && !sealed.contains("refresh"));
    assert_eq!(token(&auth, &ada).unwrap(), "first");
    let mut acting = ada;
    acting.session.actor_id = Some("018bcfe5-6800-7000-8000-000000000001".to_owned());
    assert_eq!(token(&auth, &acting).err(), Some(Error::TokensNotStored));
    // In the row of another identity they can't be read.
    let eve = Person {
        subject: "2".to_owned(),
        email: Some("eve@example.com".to_owned()),
        ..with_tokens(&auth, "eve's", None)
    };
    let eve = enter(&auth, &eve);
    let theirs = at_once(storage.list_identities(eve.user.id.clone())).unwrap();
    let issuer = theirs[0].issuer.clone();
    let swapped = storage.replace_identity_tokens(
        issuer,
        "2".to_owned(),
        theirs[0].tokens.clone(),
        Some(sealed),
    );
    assert!(at_once(swapped).unwrap());
    assert_eq!(token(&auth, &eve).err(), Some(Error::TokensNotStored));
}

/// Tokens of an earlier setting stay until the next sign-in.
#[test]
fn tokens_are_not_handed_out_once_they_are_not_stored() {
    let auth = service(&[]);
    let ada = enter(&auth, &with_tokens(&auth, "first", None));
    let storage = auth.platform().storage();
    let stored = at_once(storage.list_identities(ada.user.id.clone())).unwrap();
    assert!(stored[0].tokens.is_some());
    assert_eq!(token(&auth, &ada).err(), Some(Error::TokensNotStored));
}

#[test]
fn expired_tokens_are_refreshed_once() {
    let auth = service(&[STORED]);
    let ada = enter(&auth, &with_tokens(&auth, "first", Some("refresh")));
    auth.platform().advance(Duration::from_secs(3541));
    let answer = r#"{"access_token": "second", "token_type": "Bearer", "expires_in": 3600}"#;
    auth.platform().serve(TOKEN, 200, answer);
    assert_eq!(token(&auth, &ada).unwrap(), "second");
    assert_eq!(token(&auth, &ada).unwrap(), "second");
    assert_eq!(requests(&auth), 1);
    // The refresh token is still there.
    auth.platform().advance(Duration::from_secs(3600));
    auth.platform()
        .serve(TOKEN, 200, &answer.replace("second", "third"));
    assert_eq!(token(&auth, &ada).unwrap(), "third");
    auth.platform().break_down(TOKEN);
    auth.platform().advance(Duration::from_secs(3600));
    assert_eq!(token(&auth, &ada).err(), Some(Error::ProviderUnavailable));
}

/// The name of a provider can become that of another one.
#[test]
fn a_refresh_token_goes_only_to_its_issuer() {
    let auth = service(&[STORED]);
    let elsewhere = Person {
        issuer: "https://accounts.example.com".to_owned(),
        ..with_tokens(&auth, "first", Some("refresh"))
    };
    let ada = enter(&auth, &elsewhere);
    auth.platform().advance(Duration::from_secs(3541));
    assert_eq!(token(&auth, &ada).err(), Some(Error::TokensNotStored));
    assert_eq!(requests(&auth), 0);
}

/// The provider has got another name, and its former one is another provider's.
#[test]
fn a_refresh_token_goes_to_its_issuer_under_any_name() {
    for name in ["before", "google"] {
        let auth = service(&[STORED]);
        let renamed = Person {
            provider: name.to_owned(),
            ..with_tokens(&auth, "first", Some("refresh"))
        };
        let ada = enter(&auth, &renamed);
        auth.platform().advance(Duration::from_secs(3541));
        let answer = r#"{"access_token": "second", "token_type": "Bearer"}"#;
        auth.platform().serve(TOKEN, 200, answer);
        assert_eq!(token(&auth, &ada).unwrap(), "second", "{name}");
    }
}

/// An answer without a scope means the one that was granted (RFC 6749 section 6).
#[test]
fn a_refresh_keeps_the_scope() {
    let auth = service(&[STORED]);
    let person = with_tokens(&auth, "first", Some("refresh"));
    let mut tokens = person.tokens.clone().unwrap();
    tokens.scope = Some("user-read-email".to_owned());
    let ada = enter(
        &auth,
        &Person {
            tokens: Some(tokens),
            ..person
        },
    );
    let id = first_id(&auth, &ada);
    for (answer, expected) in [
        (r#"{"access_token": "a"}"#, "user-read-email"),
        (r#"{"access_token": "b"}"#, "user-read-email"),
        (r#"{"access_token": "c", "scope": "less"}"#, "less"),
    ] {
        auth.platform().advance(Duration::from_secs(3600));
        let answer = answer.replace('}', r#", "token_type": "Bearer", "expires_in": 3600}"#);
        auth.platform().serve(TOKEN, 200, &answer);
        let token = at_once(auth.identities().token(&ada, &id, client())).unwrap();
        assert_eq!(token.scope.as_deref(), Some(expected), "{answer}");
    }
}

/// A sign-in stores its tokens after the answer, when a refresh may have stored newer ones.
#[test]
fn a_sign_in_does_not_overwrite_refreshed_tokens() {
    let auth = service(&[STORED]);
    let ada = enter(&auth, &with_tokens(&auth, "first", Some("refresh")));
    let again = with_tokens(&auth, "second", None);
    let context = auth.federation().context;
    let signed_in = sign_in(context, again, TokenFormat::Opaque, &[], client());
    assert!(matches!(at_once(signed_in), Ok(Exchange::SignedIn(_))));
    auth.platform().advance(Duration::from_secs(3600));
    let answer = r#"{"access_token": "refreshed", "token_type": "Bearer", "expires_in": 3600}"#;
    auth.platform().serve(TOKEN, 200, answer);
    assert_eq!(token(&auth, &ada).unwrap(), "refreshed");
    after_answer(&auth);
    assert_eq!(token(&auth, &ada).unwrap(), "refreshed");
}

/// Stores the claim of another request on the refresh of these tokens.
fn claimed_by_another(auth: &Service, active: &ActiveSession, tokens: &UpstreamTokens) {
    let mut claimed = tokens.clone();
    claimed.claimed_until = Some(auth.platform().now().as_secs() + 10);
    replace_tokens(auth, active, &claimed);
}

/// A request that ended without a result keeps the others from the refresh only for a while.
#[test]
fn a_refresh_token_is_not_sent_while_another_request_sends_it() {
    let auth = service(&[STORED]);
    let person = with_tokens(&auth, "first", Some("refresh"));
    let ada = enter(&auth, &person);
    auth.platform().advance(Duration::from_secs(3600));
    let answer = r#"{"access_token": "second", "token_type": "Bearer", "expires_in": 3600}"#;
    auth.platform().serve(TOKEN, 200, answer);
    claimed_by_another(&auth, &ada, person.tokens.as_ref().unwrap());
    assert_eq!(token(&auth, &ada).err(), Some(Error::ProviderUnavailable));
    assert_eq!(requests(&auth), 0);
    auth.platform().advance(Duration::from_secs(10));
    assert_eq!(token(&auth, &ada).unwrap(), "second");
    assert_eq!(requests(&auth), 1);
}

/// The refresh token of a sign-in can be the only one that is good, whatever a request does with the one before.
#[test]
fn a_claim_does_not_keep_a_sign_in_from_storing_its_tokens() {
    let auth = service(&[STORED]);
    let person = with_tokens(&auth, "first", Some("refresh"));
    let ada = enter(&auth, &person);
    auth.platform().advance(Duration::from_secs(3600));
    let again = with_tokens(&auth, "second", Some("next"));
    let context = auth.federation().context;
    let signed_in = sign_in(context, again, TokenFormat::Opaque, &[], client());
    assert!(matches!(at_once(signed_in), Ok(Exchange::SignedIn(_))));
    claimed_by_another(&auth, &ada, person.tokens.as_ref().unwrap());
    after_answer(&auth);
    assert_eq!(token(&auth, &ada).unwrap(), "second");
    assert_eq!(requests(&auth), 0);
}

/// Replaces the stored tokens.
fn replace_tokens(auth: &Service, active: &ActiveSession, tokens: &UpstreamTokens) {
    let context = auth.federation().context;
    let storage = auth.platform().storage();
    let stored = at_once(storage.list_identities(active.user.id.clone())).unwrap();
    let key = identity_key(&stored[0]);
    let sealed = seal_tokens(context, &key, tokens);
    let before = stored[0].tokens.clone();
    let replaced = storage.replace_identity_tokens(key.issuer, key.subject, before, Some(sealed));
    assert!(at_once(replaced).unwrap());
}

/// Requests the token, and lets a sign-in store tokens while the provider answers.
fn token_beside_a_sign_in(
    auth: &Service,
    active: &ActiveSession,
    tokens: &UpstreamTokens,
) -> Result<String> {
    auth.platform().slow_down(TOKEN);
    let id = first_id(auth, active);
    let context = &mut TaskContext::from_waker(Waker::noop());
    let mut refreshing = pin!(auth.identities().token(active, &id, client()));
    assert!(refreshing.as_mut().poll(context).is_pending());
    replace_tokens(auth, active, tokens);
    at_once(refreshing).map(|token| token.access_token.expose().to_owned())
}

/// The request that the provider refuses has no tokens, but the sign-in has.
#[test]
fn the_tokens_of_a_sign_in_are_handed_out_if_the_refresh_fails() {
    for (status, answer) in [(400, r#"{"error": "invalid_grant"}"#), (500, "")] {
        let auth = service(&[STORED]);
        let ada = enter(&auth, &with_tokens(&auth, "first", Some("refresh")));
        auth.platform().advance(Duration::from_secs(3600));
        auth.platform().serve(TOKEN, status, answer);
        let next = with_tokens(&auth, "second", Some("next")).tokens.unwrap();
        let found = token_beside_a_sign_in(&auth, &ada, &next);
        assert_eq!(found.unwrap(), "second", "{status}");
        assert_eq!(token(&auth, &ada).unwrap(), "second", "{status}");
    }
}

/// The tokens of a sign-in without a refresh token have the one before, which the refresh has used up.
#[test]
fn a_refresh_leaves_the_refresh_token_that_is_good() {
    for (signed_in, expected) in [("refresh", "refreshed"), ("next", "second")] {
        let auth = service(&[STORED]);
        let ada = enter(&auth, &with_tokens(&auth, "first", Some("refresh")));
        auth.platform().advance(Duration::from_secs(3600));
        let answer = r#"{"access_token": "refreshed", "token_type": "Bearer",
            "expires_in": 3600, "refresh_token": "another"}"#;
        auth.platform().serve(TOKEN, 200, answer);
        let tokens = with_tokens(&auth, "second", Some(signed_in))
            .tokens
            .unwrap();
        let found = token_beside_a_sign_in(&auth, &ada, &tokens);
        assert_eq!(found.unwrap(), "refreshed");
        assert_eq!(token(&auth, &ada).unwrap(), expected);
    }
}

/// A provider whose tokens live shorter than the margin is asked once as well.
#[test]
fn tokens_of_a_short_life_are_handed_to_those_who_wait() {
    let auth = service(&[STORED]);
    let person = with_tokens(&auth, "first", Some("refresh"));
    let ada = enter(&auth, &person);
    auth.platform().advance(Duration::from_secs(3600));
    claimed_by_another(&auth, &ada, person.tokens.as_ref().unwrap());
    let mut short = with_tokens(&auth, "second", Some("next")).tokens.unwrap();
    short.expires_at = Some(auth.platform().now().as_secs() + 30);
    auth.platform().wait_in_pause();
    let id = first_id(&auth, &ada);
    let context = &mut TaskContext::from_waker(Waker::noop());
    let mut waiting = pin!(auth.identities().token(&ada, &id, client()));
    assert!(waiting.as_mut().poll(context).is_pending());
    replace_tokens(&auth, &ada, &short);
    assert_eq!(at_once(waiting).unwrap().access_token.expose(), "second");
    assert_eq!(requests(&auth), 0);
}

/// The next request sends the refresh token again as soon as the provider is back.
#[test]
fn a_refresh_that_failed_keeps_nobody_waiting() {
    let auth = service(&[STORED]);
    let ada = enter(&auth, &with_tokens(&auth, "first", Some("refresh")));
    auth.platform().advance(Duration::from_secs(3600));
    auth.platform().break_down(TOKEN);
    assert_eq!(token(&auth, &ada).err(), Some(Error::ProviderUnavailable));
    let answer = r#"{"access_token": "second", "token_type": "Bearer", "expires_in": 3600}"#;
    auth.platform().serve(TOKEN, 200, answer);
    assert_eq!(token(&auth, &ada).unwrap(), "second");
}

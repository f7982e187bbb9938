//! The documents of providers, in the instance and in storage.

use core::pin::pin;
use core::task::{Context, Poll, Waker};

use serde_json::json;

use super::world::{
    KEYS, METADATA, SIGN_IN, TOKEN, World, code, error, key, key_set, metadata, token_response,
};
use crate::client::Client;
use crate::error::Error;
use crate::federation::arrival::{CallbackRequest, Failed, Returned};

const HOUR: u64 = 3600;

#[test]
fn documents_are_fetched_once_for_all_instances() {
    let world = World::new(&[]);
    world.person(&json!({}));
    world.person(&json!({}));
    assert_eq!((world.fetched(METADATA), world.fetched(KEYS)), (1, 1));
    world.run_deferred();
    let world = world.restarted(&[]);
    world.person(&json!({}));
    assert_eq!((world.fetched(METADATA), world.fetched(KEYS)), (1, 1));
    // An instance that could not store them stops nobody.
    let world = World::new(&[]);
    world.person(&json!({}));
    let world = world.restarted(&[]);
    world.person(&json!({}));
    assert_eq!(world.fetched(METADATA), 2);
}

/// Metadata and keys are read at once.
#[test]
fn an_instance_that_starts_asks_storage_once() {
    let world = World::new(&[]);
    let calls = |world: World, expected: usize| {
        let begun = world.begin(SIGN_IN);
        world.run_deferred();
        world.serve_token(&begun, &json!({}));
        let world = world.restarted(&[]);
        let query = format!("code=c&state={}", begun.state());
        let (calls, returned) = world.storage_calls(|| world.arrive("acme", &query));
        code(returned);
        assert_eq!(calls, expected);
        world.run_deferred();
        world
    };
    // Storage has the metadata, but not the keys; then both.
    let world = calls(world, 4);
    let world = calls(world, 4);
    assert_eq!((world.fetched(METADATA), world.fetched(KEYS)), (1, 1));
}

/// Stored keys are not those of an address that the issuer no longer names.
#[test]
fn stored_keys_are_from_the_address_that_the_metadata_name() {
    let world = World::new(&[]);
    world.person(&json!({}));
    world.run_deferred();
    let moved = "https://op.example/moved";
    let mut metadata = metadata();
    metadata["jwks_uri"] = json!(moved);
    world.serve_json(METADATA, &metadata);
    world.serve(moved, 200, &key_set(&key(9)));
    world.advance(HOUR);
    world.begin(SIGN_IN);
    world.run_deferred();
    let world = world.restarted(&[]);
    assert_eq!(error(world.visit(SIGN_IN, &json!({}))), Error::OauthFailed);
    assert_eq!((world.fetched(KEYS), world.fetched(METADATA)), (1, 2));
}

#[test]
fn old_documents_are_refreshed_after_the_answer() {
    let world = World::new(&[]);
    world.begin(SIGN_IN);
    world.run_deferred();
    world.advance(HOUR - 1);
    world.begin(SIGN_IN);
    world.run_deferred();
    assert_eq!(world.fetched(METADATA), 1);
    world.advance(1);
    let mut moved = metadata();
    moved["authorization_endpoint"] = json!("https://new.op.example/authorize");
    world.serve_json(METADATA, &moved);
    let page = |world: &World| {
        let url = world.start(SIGN_IN).unwrap().authorization_url;
        url.split('?').next().unwrap().to_owned()
    };
    assert_eq!(page(&world), "https://login.op.example/authorize");
    assert_eq!(page(&world), "https://login.op.example/authorize");
    assert_eq!(world.fetched(METADATA), 1);
    world.run_deferred();
    assert_eq!(world.fetched(METADATA), 2);
    assert_eq!(page(&world), "https://new.op.example/authorize");
    // Storage has it as well.
    let world = world.restarted(&[]);
    assert_eq!(page(&world), "https://new.op.example/authorize");
    assert_eq!(world.fetched(METADATA), 2);
}

/// A provider that is down stops nobody for a day.
#[test]
fn old_documents_are_used_while_the_provider_fails() {
    let world = World::new(&[]);
    world.begin(SIGN_IN);
    world.run_deferred();
    for (status, body) in [(503, "{}"), (200, "<html>"), (200, "{}"), (302, "")] {
        world.serve(METADATA, status, body);
        world.advance(2 * HOUR);
        world.begin(SIGN_IN);
        world.run_deferred();
        world.begin(SIGN_IN);
    }
    world.break_down(METADATA);
    world.advance(15 * HOUR + HOUR - 1);
    world.begin(SIGN_IN);
    world.run_deferred();
    world.advance(10);
    assert_eq!(world.start(SIGN_IN).err(), Some(Error::ProviderUnavailable));
    let world = world.restarted(&[]);
    assert_eq!(world.start(SIGN_IN).err(), Some(Error::ProviderUnavailable));
}

#[test]
fn a_failure_is_remembered_for_a_while() {
    let world = World::new(&[]);
    world.break_down(METADATA);
    for _ in 0..3 {
        assert_eq!(world.start(SIGN_IN).err(), Some(Error::ProviderUnavailable));
    }
    assert_eq!(world.fetched(METADATA), 1);
    world.serve_json(METADATA, &metadata());
    world.advance(9);
    assert!(world.start(SIGN_IN).is_err());
    world.advance(1);
    assert!(world.start(SIGN_IN).is_ok());
}

/// A stored document is checked like one that a provider sends.
#[test]
fn stored_documents_are_those_of_the_settings() {
    let other = [("OIDC_ACME_HOSTS", "api.example")];
    let world = World::new(&other);
    let mut foreign = metadata();
    foreign["token_endpoint"] = json!("https://api.example/token");
    world.serve_json(METADATA, &foreign);
    world.begin(SIGN_IN);
    world.run_deferred();
    // The setting is gone, and with it the host.
    let world = world.restarted(&[]);
    assert_eq!(world.start(SIGN_IN).err(), Some(Error::OauthFailed));
}

/// The new key of a provider.
const NEW: u8 = 8;

/// The provider has another key from now on. Nothing has been stored yet.
fn rotated() -> World {
    let world = World::new(&[]);
    world.person(&json!({}));
    world.serve(KEYS, 200, &key_set(&key(NEW)));
    world.advance(1);
    world
}

/// Comes back with a token by the new key. The callback waits for the keys.
async fn arrive(world: &World) -> Result<Returned, Failed> {
    let begun = world.begin(SIGN_IN);
    let token = key(NEW).sign("JWT", &world.claims(&begun, &json!({})));
    world.serve_json(TOKEN, &token_response(&token));
    let query = format!("code=c&state={}", begun.state());
    let request = CallbackRequest {
        provider: "acme",
        parameters: &query,
        flow: &|_| vec![begun.cookie.value.clone()],
        compatible: false,
        replaces: &[],
    };
    let client = Client::default();
    world.federation().callback(request, &client).await
}

#[test]
fn everybody_with_a_new_key_gets_the_new_keys() {
    let world = rotated();
    world.auth.platform().slow_down(KEYS);
    let context = &mut Context::from_waker(Waker::noop());
    let (mut first, mut second) = (pin!(arrive(&world)), pin!(arrive(&world)));
    assert!(first.as_mut().poll(context).is_pending());
    assert!(second.as_mut().poll(context).is_pending());
    for arrived in [first.poll(context), second.poll(context)] {
        match arrived {
            Poll::Ready(returned) => drop(code(returned)),
            Poll::Pending => panic!("nothing is left to wait for"),
        }
    }
    // Then an unknown key is nothing new for a minute.
    world.serve(KEYS, 200, &key_set(&key(9)));
    assert_eq!(error(world.visit(SIGN_IN, &json!({}))), Error::OauthFailed);
    assert_eq!(world.fetched(KEYS), 3);
}

#[test]
fn keys_that_could_not_be_fetched_are_fetched_again_soon() {
    let world = rotated();
    world.break_down(KEYS);
    let arrived = |world: &World| crate::stand_in::at_once(arrive(world));
    assert_eq!(error(arrived(&world)), Error::ProviderUnavailable);
    world.serve(KEYS, 200, &key_set(&key(NEW)));
    world.advance(9);
    assert_eq!(error(arrived(&world)), Error::ProviderUnavailable);
    assert_eq!(world.fetched(KEYS), 2);
    world.advance(1);
    code(arrived(&world));
    assert_eq!(world.fetched(KEYS), 3);
}

//! Signing keys that are replaced while instances continue with cached keys.

use std::collections::BTreeMap;

use auth_core::storage::{Role, Roles as _, SigningKeys as _, Storage};
use auth_core::{
    AccessTokenError, Actor, Auth, Error, MAX_ACCESS_TOKEN, Platform as _, Timestamp, TokenPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::executor::block_on;
use gatewright::Sqlite;
use gatewright_storage_sqlite::SqliteStorage;
use gatewright_tests::{SimulatedPlatform, config, simulation};
use serde_json::Value;

use super::client;

type Instance = Auth<SimulatedPlatform<SqliteStorage<Sqlite>>>;

/// Creates instances on one database, each with these settings.
fn instances<const N: usize>(settings: [&[(&str, &str)]; N]) -> ([Instance; N], tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let database = Sqlite::open(&folder.path().join("keys.db")).unwrap();
    let migrated = gatewright_storage_sqlite::migrate(&database, Timestamp::from_millis(0));
    block_on(migrated).unwrap();
    let mut seed = 0;
    let instances = settings.map(|settings| {
        seed += 1;
        let storage = SqliteStorage::new(database.clone());
        Auth::new(
            SimulatedPlatform::with_storage(seed, storage),
            config(settings),
        )
    });
    (instances, folder)
}

fn register<S: Storage>(auth: &Auth<SimulatedPlatform<S>>, email: &str) -> TokenPair {
    simulation::register(auth, simulation::registration(email), &client())
}

fn refused<S: Storage>(auth: &Auth<SimulatedPlatform<S>>, token: &str) -> Option<Error> {
    block_on(auth.sessions().authenticate(token)).err()
}

const UNKNOWN: Option<Error> = Some(Error::AccessToken(AccessTokenError::KeyUnknown));

/// V11.2.2: tokens signed before an emergency rotation are refused immediately, also by an instance that has just read
/// the keys, for every use of a token; and no instance signs with an old key. Sessions continue with their refresh
/// tokens.
#[test]
fn an_emergency_ends_what_was_signed_before_on_every_instance() {
    let ([one, other], _folder) = instances([&[], &[]]);
    let ada = register(&other, "ada@example.com");
    let bob = register(&other, "bob@example.com");
    assert_eq!(refused(&one, &ada.access_token), None);
    let operator = Actor::operator(client());
    block_on(one.signing_keys().rotate(&operator, false)).unwrap();
    assert_eq!(refused(&one, &ada.access_token), None);
    assert_eq!(refused(&other, &ada.access_token), None);

    block_on(one.signing_keys().rotate(&operator, true)).unwrap();
    for instance in [&one, &other] {
        assert_eq!(refused(instance, &ada.access_token), UNKNOWN);
        let logout = block_on(instance.sessions().logout(&bob.access_token, &client()));
        assert_eq!(logout.err(), UNKNOWN);
    }
    let refresh = |tokens: &TokenPair| {
        let token = tokens.refresh_token.expose();
        block_on(other.sessions().refresh(token, &client()))
            .ok()
            .unwrap()
    };
    let renewed = refresh(&ada);
    for instance in [&one, &other] {
        assert_eq!(refused(instance, &renewed.access_token), None);
        assert_eq!(refused(instance, &refresh(&bob).access_token), None);
        let jwks: Value =
            serde_json::from_str(&block_on(instance.signing_keys().jwks()).unwrap()).unwrap();
        assert_eq!(jwks["keys"].as_array().unwrap().len(), 1);
    }
}

/// An instance with cached keys doesn't sign with a key from before the emergency.
#[test]
fn nothing_is_signed_with_a_key_of_before_an_emergency() {
    let ([one, other], _folder) = instances([&[], &[]]);
    let before = register(&other, "ada@example.com");
    block_on(one.signing_keys().rotate(&Actor::operator(client()), true)).unwrap();
    // Its cached keys are as fresh as possible.
    let after = register(&other, "bob@example.com");
    assert_ne!(header(&after)["kid"], header(&before)["kid"]);
    assert_eq!(refused(&one, &after.access_token), None);
}

/// V11.2.2: the key of a former algorithm retires, and its tokens are accepted until they expire.
#[test]
fn a_key_of_a_former_algorithm_retires() {
    let ([former, now], _folder) = instances([&[], &[("JWT_ALGORITHM", "ES256")]]);
    let ada = register(&former, "ada@example.com");
    let bob = register(&now, "bob@example.com");
    assert_eq!(header(&bob)["alg"], "ES256");
    assert_eq!(refused(&now, &ada.access_token), None);
    let keys = block_on(now.platform().storage().list_signing_keys()).unwrap();
    let signing = keys.iter().filter(|key| key.retired_at.is_none());
    let signing: Vec<_> = signing.map(|key| key.algorithm.as_str()).collect();
    assert_eq!(signing, ["ES256"]);
    now.platform()
        .advance(std::time::Duration::from_secs(900 + 300));
    let keys = block_on(now.signing_keys().jwks()).unwrap();
    let keys: Value = serde_json::from_str(&keys).unwrap();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
}

/// No token is longer than a cookie or a verifier allows: permissions are omitted first, then roles.
#[test]
fn a_token_leaves_out_what_it_has_no_room_for() {
    let ([auth], _folder) = instances([&[]]);
    let storage = auth.platform().storage();
    let long = |kind: &str, number: u64| format!("{kind}{number:0>60}");
    let operator = Actor::operator(client());
    let mut names = Vec::new();
    for number in 0..40 {
        let name = format!("{}:{}", long("r", number), long("a", number));
        block_on(auth.permissions().create(&operator, &name, "")).unwrap();
        names.push(name);
    }
    let user = block_on(storage.list_roles())
        .unwrap()
        .into_iter()
        .find(|role| role.name == "user");
    let user = user.unwrap();
    let ada = register(&auth, "ada@example.com");
    for (held, said) in [(0, true), (5, true), (25, false), (40, false)] {
        let role = Role {
            permissions: names[..held].to_vec(),
            ..user.clone()
        };
        let seen = block_on(storage.list_roles())
            .unwrap()
            .into_iter()
            .find(|role| role.name == "user");
        let seen = seen.map(|role| role.updated_at);
        block_on(storage.store_role(role, seen, None, vec![])).unwrap();
        let tokens = simulation::login(
            &auth,
            "ada@example.com",
            gatewright_tests::host::PASSWORD,
            &client(),
        );
        let tokens = tokens.ok().unwrap();
        assert!(tokens.access_token.len() <= MAX_ACCESS_TOKEN);
        let claims = claims(&tokens);
        assert_eq!(claims.contains_key("permissions"), said, "{held}");
        assert_eq!(claims["roles"], serde_json::json!(["user"]));
        // The service knows them nevertheless.
        let active = block_on(auth.sessions().authenticate(&tokens.access_token)).unwrap();
        assert_eq!(active.permissions.len(), held);
    }
    for number in 0..60 {
        let name = long("r", number);
        block_on(auth.roles().create(&operator, &name, "", None, &[])).unwrap();
        block_on(
            auth.users()
                .set_role(&operator, &ada.active.user.id, &name, true),
        )
        .unwrap();
    }
    let tokens = simulation::login(
        &auth,
        "ada@example.com",
        gatewright_tests::host::PASSWORD,
        &client(),
    );
    let tokens = tokens.ok().unwrap();
    assert!(tokens.access_token.len() <= MAX_ACCESS_TOKEN);
    let claims = claims(&tokens);
    assert_eq!(
        (claims.get("permissions"), claims.get("roles")),
        (None, None)
    );
    assert_eq!(refused(&auth, &tokens.access_token), None);
}

/// Returns a part of a token: 0 is its header, 1 its claims.
fn part(tokens: &TokenPair, index: usize) -> BTreeMap<String, Value> {
    let part = tokens.access_token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn header(tokens: &TokenPair) -> BTreeMap<String, Value> {
    part(tokens, 0)
}

fn claims(tokens: &TokenPair) -> BTreeMap<String, Value> {
    part(tokens, 1)
}

/// An instance accepts a token of a key that it has not read yet, also if it has just read the others.
#[test]
fn a_new_key_is_known_at_once() {
    let ([one, other], _folder) = instances([&[], &[]]);
    let ada = register(&one, "ada@example.com");
    assert_eq!(refused(&other, &ada.access_token), None);
    block_on(one.signing_keys().rotate(&Actor::operator(client()), false)).unwrap();
    let bob = register(&one, "bob@example.com");
    assert_eq!(refused(&other, &bob.access_token), None);
}

/// A command with other settings than the service's rotates nothing: the service would go on with its own key.
#[test]
fn keys_are_rotated_for_the_algorithm_in_force() {
    let secret = ("JWT_SECRET", gatewright_tests::host::JWT_SECRET);
    let hs256 = [("JWT_ALGORITHM", "HS256"), secret];
    let lost = [("SECRET_KEY", "another key of thirty-two bytes and more")];
    let es256 = [("JWT_ALGORITHM", "ES256")];
    let ([service, other, shared, lost], _folder) = instances([&[], &es256, &hs256, &lost]);
    let ada = register(&service, "ada@example.com");
    let operator = Actor::operator(client());
    for instance in [&other, &shared, &lost] {
        for emergency in [false, true] {
            let rotated = instance.signing_keys().rotate(&operator, emergency);
            assert_eq!(block_on(rotated).err(), Some(Error::NoSigningKey));
        }
    }
    assert_eq!(refused(&service, &ada.access_token), None);
}

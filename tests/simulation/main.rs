//! The core alone, on a platform with controlled time and randomness.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests")]

mod audited_changes;
mod events;
mod histories;
mod interleaving;
mod keys;
mod limits;
mod lockout;
mod own_changes;
mod rehash;
mod reproducible;
mod tokens;
mod two_people;

use auth_core::storage::Storage;
use auth_core::{Auth, Client, Error, FirstAdministrator, TokenPair};
use futures::executor::block_on;
use gatewright_tests::host::PASSWORD;
use gatewright_tests::{SimulatedPlatform, config, simulation};

fn auth(seed: u64, settings: &[(&str, &str)]) -> Auth<SimulatedPlatform> {
    Auth::new(SimulatedPlatform::new(seed), config(settings))
}

fn client() -> Client {
    Client {
        ip: Some("192.0.2.1".parse().unwrap()),
        user_agent: Some("a-test/1.0".into()),
        ..Client::default()
    }
}

fn register<S: Storage>(auth: &Auth<SimulatedPlatform<S>>, email: &str) -> TokenPair {
    let tokens = simulation::register(auth, simulation::registration(email), &client());
    // The mail that verifies the address is irrelevant here.
    auth.platform().take_deferred();
    tokens
}

/// Creates the first administrator, whose address counts as verified.
fn administrator(auth: &Auth<SimulatedPlatform>, email: &str) {
    let first = FirstAdministrator {
        email,
        username: None,
        password: PASSWORD,
    };
    assert!(block_on(auth.setup().first_administrator(first, &client())).is_ok());
}

fn login<S: Storage>(
    auth: &Auth<SimulatedPlatform<S>>,
    name: &str,
    password: &str,
) -> Result<TokenPair, Error> {
    simulation::login(auth, name, password, &client())
}

fn refresh<S: Storage>(
    auth: &Auth<SimulatedPlatform<S>>,
    tokens: &TokenPair,
) -> Result<TokenPair, Error> {
    block_on(
        auth.sessions()
            .refresh(tokens.refresh_token.expose(), &client()),
    )
}

//! Actions of users in simulations.

use auth_core::storage::Storage;
use auth_core::{
    Auth, Client, Error, Login, LoginRequest, Registration, TokenFormat, TokenPair, Tokens,
};
use futures::executor::block_on;

use super::platform::SimulatedPlatform;
use crate::host::PASSWORD;

/// Returns a registration with only an address.
pub fn registration(email: &str) -> Registration<'_> {
    Registration {
        email,
        password: PASSWORD,
        username: None,
        display_name: None,
        profile: None,
        token_format: TokenFormat::Jwt,
        replaces: &[],
    }
}

/// Registers a user and signs them in.
pub fn register<S: Storage>(
    auth: &Auth<SimulatedPlatform<S>>,
    registration: Registration<'_>,
    client: &Client,
) -> TokenPair {
    let registered = block_on(auth.accounts().register(registration, client));
    let registered = registered.map_err(|error| error.to_string()).unwrap();
    pair(registered.tokens.unwrap())
}

/// Signs a user in.
pub fn login<S: Storage>(
    auth: &Auth<SimulatedPlatform<S>>,
    name: &str,
    password: &str,
    client: &Client,
) -> Result<TokenPair, Error> {
    let request = LoginRequest {
        name,
        password,
        code: None,
        token_format: TokenFormat::Jwt,
        replaces: &[],
    };
    match block_on(auth.sign_in().login(request, client))? {
        Login::SignedIn(tokens) => Ok(pair(tokens)),
        Login::MfaRequired(_) => panic!("a second factor"),
    }
}

/// Runs deferred work, as a host does after a response.
pub fn after_answer<S: Storage>(auth: &Auth<SimulatedPlatform<S>>) {
    loop {
        let deferred = auth.platform().take_deferred();
        if deferred.is_empty() {
            return;
        }
        for work in deferred {
            block_on(auth.run(work));
        }
    }
}

/// Returns the tokens of a session as JWTs.
pub fn pair(tokens: Tokens) -> TokenPair {
    match tokens {
        Tokens::Jwt(pair) => pair,
        Tokens::Opaque(_) => panic!("an opaque token"),
    }
}

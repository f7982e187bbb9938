//! The core as a component: its results with a fixed time and fixed randomness, and the examples that call it.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests")]

mod access;
mod examples;
mod passwords;
mod tokens;
mod totp;

use std::sync::LazyLock;

use auth_core::access::Question;
use auth_core::jose::{Algorithm, Audience, Claims, KeySet, SigningKey};
use gatewright_tests::host::component;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

/// Bindings generated from `wit/`.
#[allow(missing_docs, clippy::all, reason = "generated; documented in wit/")]
mod generated {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "core",
        additional_derives: [PartialEq],
    });
}

use generated::exports::gatewright::auth::tokens::{Expectations, Refusal};
use generated::wasi::clocks::system_clock::Instant;

const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "https://api.example.com";
/// 2026-11-21T12:00:00Z.
const NOW: i64 = 1_795_262_400;
/// The constant result of `get-random-u64`.
const RANDOM: u64 = u64::from_le_bytes(*b"somesalt");

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::default);
static COMPONENT: LazyLock<Component> =
    LazyLock::new(|| Component::from_file(&ENGINE, component("auth-core")).unwrap());

/// An instance with a fixed clock, in seconds since the Unix epoch.
struct Core {
    store: Store<i64>,
    instance: generated::Core,
}

/// Calls an exported function.
macro_rules! call {
    ($core:expr, $interface:ident.$function:ident($($argument:expr),*)) => {{
        let core = &mut $core;
        core.instance.$interface().$function(&mut core.store $(, $argument)*).unwrap()
    }};
}
use call;

impl Core {
    fn at(seconds: i64) -> Self {
        let mut linker = Linker::new(&ENGINE);
        linker
            .instance("wasi:clocks/system-clock@0.3.0")
            .unwrap()
            .func_wrap("now", |store: wasmtime::StoreContextMut<'_, i64>, ()| {
                let now = Instant {
                    seconds: *store.data(),
                    nanoseconds: 999_999_999,
                };
                Ok((now,))
            })
            .unwrap();
        linker
            .instance("wasi:random/random@0.3.0")
            .unwrap()
            .func_wrap("get-random-u64", |_, ()| Ok((RANDOM,)))
            .unwrap();
        let mut store = Store::new(&ENGINE, seconds);
        let instance = generated::Core::instantiate(&mut store, &COMPONENT, &linker).unwrap();
        Self { store, instance }
    }

    fn verify(&mut self, token: &str, keys: &str) -> Result<String, Refusal> {
        self.expect(token, keys, &expected())
    }

    fn expect(
        &mut self,
        token: &str,
        keys: &str,
        expected: &Expectations,
    ) -> Result<String, Refusal> {
        call!(
            *self,
            gatewright_auth_tokens.call_verify(token, keys, expected)
        )
    }

    fn verify_code(&mut self, secret: &str, code: &str, last_step: Option<u64>) -> Option<u64> {
        call!(
            *self,
            gatewright_auth_totp.call_verify(secret, code, last_step)
        )
    }

    /// Returns the function's answer to a question.
    fn decide(&mut self, claims: &str, question: &Question) -> bool {
        match question {
            Question::Permission(wanted) => {
                call!(*self, gatewright_auth_access.call_can(claims, wanted))
            }
            Question::Role(wanted) => {
                let wanted = [wanted.clone()];
                call!(
                    *self,
                    gatewright_auth_access.call_has_any_role(claims, &wanted)
                )
            }
            Question::AnyRole(wanted) => {
                call!(
                    *self,
                    gatewright_auth_access.call_has_any_role(claims, wanted)
                )
            }
            Question::AllRoles(wanted) => {
                call!(
                    *self,
                    gatewright_auth_access.call_has_all_roles(claims, wanted)
                )
            }
        }
    }
}

fn expected() -> Expectations {
    Expectations {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        clock_tolerance: 5,
    }
}

/// Returns claims that are valid from ten minutes before [`NOW`] until five minutes after it.
fn claims() -> Claims {
    let issued = NOW as u64 - 600;
    Claims {
        iss: ISSUER.to_owned(),
        sub: "ada".to_owned(),
        aud: Audience::Many(vec![
            "https://other.example.com".to_owned(),
            AUDIENCE.to_owned(),
        ]),
        exp: issued + 900,
        nbf: None,
        iat: issued,
        jti: "1".to_owned(),
        client_id: "app".to_owned(),
        sid: "2".to_owned(),
        auth_time: issued,
        amr: vec!["pwd".to_owned()],
        roles: Some(vec!["editor".to_owned()]),
        permissions: Some(vec!["posts:*".to_owned()]),
        act: None,
    }
}

fn key_set(algorithm: Algorithm, seed: u8) -> KeySet {
    KeySet::new(
        SigningKey::from_private(algorithm, &[seed; 32]).unwrap(),
        Vec::new(),
    )
}

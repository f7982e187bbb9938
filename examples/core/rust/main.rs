//! Calls the core of Gatewright from Rust: core-example auth-core.wasm jwks.json TOKEN

#![allow(clippy::disallowed_methods, reason = "there is no strict JSON parser")]
#![allow(clippy::print_stdout, reason = "the example prints its results")]

use std::time::{SystemTime, UNIX_EPOCH};

use rustix::rand::{GetRandomFlags, getrandom};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Result, Store, ensure, format_err};

/// Bindings generated from `wit/`; the path is from the package's folder.
#[allow(clippy::all, reason = "generated; documented in wit/")]
mod generated {
    wasmtime::component::bindgen!({ path: "../wit", world: "core" });
}

use generated::Core;
use generated::exports::gatewright::auth::tokens::Expectations;
use generated::wasi::clocks::system_clock::Instant;

fn now() -> Result<Instant> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Instant {
        seconds: since.as_secs().try_into()?,
        nanoseconds: since.subsec_nanos(),
    })
}

fn random() -> Result<u64> {
    let mut bytes = [0; 8];
    getrandom(&mut bytes, GetRandomFlags::empty())?;
    Ok(u64::from_le_bytes(bytes))
}

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [component, jwks, token] = &arguments[..] else {
        return Err(format_err!(
            "usage: core-example auth-core.wasm jwks.json TOKEN"
        ));
    };

    // The component imports a clock and randomness.
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    linker
        .instance("wasi:clocks/system-clock@0.3.0")?
        .func_wrap("now", |_, ()| Ok((now()?,)))?;
    linker
        .instance("wasi:random/random@0.3.0")?
        .func_wrap("get-random-u64", |_, ()| Ok((random()?,)))?;
    let mut store = Store::new(&engine, ());
    let component = Component::from_file(&engine, component)?;
    let core = Core::instantiate(&mut store, &component, &linker)?;

    // The outer result of a call reports a trap of the component, the inner one is the result of the function.
    let passwords = core.gatewright_auth_passwords();
    let stored = passwords.call_hash(&mut store, "correct horse battery staple", None)??;
    ensure!(passwords.call_verify(&mut store, "correct horse battery staple", &stored)??);
    ensure!(!passwords.call_verify(&mut store, "another", &stored)??);
    let (parameters, _) = stored.split_at(stored.find("=1$").map_or(0, |at| at + 2));
    println!("stored hash: {parameters}");

    let totp = core.gatewright_auth_totp();
    let secret = totp.call_generate_secret(&mut store)?;
    let uri = totp.call_uri(&mut store, &secret, "Acme", "ada@example.com")?;
    println!(
        "TOTP URI: {}",
        uri.unwrap_or_default().replace(&secret, "…")
    );
    ensure!(
        totp.call_verify(&mut store, &secret, "12345", None)?
            .is_none()
    );

    let expected = Expectations {
        issuer: "https://auth.example.com".to_owned(),
        audience: "https://api.example.com".to_owned(),
        clock_tolerance: 5,
    };
    let keys = std::fs::read_to_string(jwks)?;
    let tokens = core.gatewright_auth_tokens();
    match tokens.call_verify(&mut store, token, &keys, &expected)? {
        Ok(claims) => {
            let subject = serde_json::from_str::<serde_json::Value>(&claims)?["sub"].take();
            println!("token subject: {}", subject.as_str().unwrap_or_default());
            let access = core.gatewright_auth_access();
            let allowed = access.call_can(&mut store, &claims, "posts:write")?;
            println!("can write posts: {allowed}");
        }
        Err(refusal) => println!("token refused: {}", refusal.name()),
    }
    Ok(())
}

//! Lockout after failed attempts, with networks that this machine doesn't have.

use std::net::IpAddr;
use std::time::Duration;

use auth_core::storage::ActiveSession;
use auth_core::{
    Auth, Client, DeviceToken, Error, Evidence, Login, LoginRequest, Registration, TokenFormat,
    Tokens,
};
use futures::executor::block_on;
use gatewright_tests::SimulatedPlatform;
use gatewright_tests::host::PASSWORD;
use gatewright_tests::simulation::{after_answer, registration};

use super::auth;

const NAME: &str = "ada@example.com";
const NEW: &str = "a new and better password";
/// The network in which Ada signed in.
const HOME: &str = "203.0.113.7";
/// A network without any login of Ada.
const AWAY: &str = "198.51.100.1";
/// A third network, in which Ada's device signs in later.
const TRAVELLING: &str = "198.51.100.2";

type Simulated = Auth<SimulatedPlatform>;

fn at(ip: &str) -> Client {
    Client {
        ip: Some(ip.parse().unwrap()),
        ..Client::default()
    }
}

fn with(device: &DeviceToken, ip: &str) -> Client {
    Client {
        device: Some(device.clone()),
        ..at(ip)
    }
}

/// Registers Ada at home, and returns the session and the device token.
fn ada(auth: &Simulated) -> (ActiveSession, DeviceToken) {
    let registration = Registration {
        username: Some("ada"),
        ..registration(NAME)
    };
    let registered = block_on(auth.accounts().register(registration, &at(HOME)));
    let tokens = registered.ok().unwrap().tokens.unwrap();
    after_answer(auth);
    (tokens.active().clone(), tokens.device().unwrap().clone())
}

fn attempt(auth: &Simulated, name: &str, password: &str, client: &Client) -> Result<Tokens, Error> {
    let request = LoginRequest {
        name,
        password,
        code: None,
        token_format: TokenFormat::Opaque,
        replaces: &[],
    };
    match block_on(auth.sign_in().login(request, client))? {
        Login::SignedIn(tokens) => Ok(tokens),
        Login::MfaRequired(_) => panic!("a second factor"),
    }
}

fn is_limited(result: &Result<Tokens, Error>) -> bool {
    matches!(result, Err(Error::RateLimited { .. }))
}

/// Guesses at a name from many networks until unknown clients are refused everywhere.
fn lock(auth: &Simulated, name: &str) {
    for network in 0..=10 {
        let client = at(&format!("192.0.2.{network}"));
        for _ in 0..20 {
            let _ = attempt(auth, name, "a guess", &client);
        }
    }
    after_answer(auth);
    assert!(is_limited(&attempt(auth, name, PASSWORD, &at(AWAY))));
}

/// V6.3.1: an IPv6 /48 contains 65,536 networks, and still can't lock out users elsewhere.
#[test]
fn one_ipv6_network_of_any_size_locks_nobody_out_elsewhere() {
    for bits in [48, 56, 64] {
        let auth = auth(1, &[]);
        ada(&auth);
        let admitted = (0..400u128)
            .filter(|number| {
                // A separate subnet for each, in the network of that size.
                let shift = if bits == 64 { 0 } else { 64 };
                let subnet = if bits == 56 { number & 0xff } else { *number };
                let first = u128::from("2001:db8:1::".parse::<std::net::Ipv6Addr>().unwrap());
                let client = Client {
                    ip: Some(IpAddr::V6((first | subnet << shift).into())),
                    ..Client::default()
                };
                attempt(&auth, NAME, "a guess", &client).err() == Some(Error::InvalidCredentials)
            })
            .count();
        let max = [(64, 20), (56, 40), (48, 80)];
        let max = max.iter().find(|(of, _)| *of == bits).unwrap().1;
        assert_eq!(admitted, max, "/{bits}");
        assert!(attempt(&auth, NAME, PASSWORD, &at(AWAY)).is_ok(), "/{bits}");
    }
}

/// The same for one network's attempts at all names.
#[test]
fn one_ipv6_network_of_any_size_tries_few_names() {
    let auth = auth(1, &[("LOGIN_ATTEMPTS_PER_IP", "10")]);
    let admitted = (0..100)
        .filter(|number| {
            let client = at(&format!("2001:db8:1:{number:x}::1"));
            let name = format!("somebody{number}@example.com");
            attempt(&auth, &name, "a guess", &client).err() == Some(Error::InvalidCredentials)
        })
        .count();
    // The first ones use up a /56, which is the only one of the /48 here.
    assert_eq!(admitted, 20);
    let elsewhere = attempt(
        &auth,
        "another@example.com",
        "a guess",
        &at("2001:db8:2::1"),
    );
    assert_eq!(elsewhere.err(), Some(Error::InvalidCredentials));
}

/// V6.3.1: attempts from many networks lock out unknown clients, but not the devices and networks that signed in
/// before.
#[test]
fn strangers_from_many_networks_do_not_lock_the_owner_out() {
    let auth = auth(1, &[]);
    let (_, device) = ada(&auth);
    for name in [NAME, "ada"] {
        lock(&auth, name);
        let travelling = with(&device, TRAVELLING);
        assert!(attempt(&auth, name, PASSWORD, &travelling).is_ok());
        assert!(attempt(&auth, name, PASSWORD, &at(HOME)).is_ok());
        assert!(is_limited(&attempt(&auth, name, PASSWORD, &at(AWAY))));
    }
    let mail = auth.platform().mail();
    let locked = mail.iter().filter(|mail| mail.kind == "account_locked");
    assert_eq!(locked.count(), 2);
}

/// A network is known while a session that began there lasts; in IPv6 this is the whole /64.
#[test]
fn a_network_is_known_as_long_as_a_session_of_it() {
    let auth = auth(1, &[]);
    let (session, device) = ada(&auth);
    let v6 = attempt(&auth, NAME, PASSWORD, &at("2001:db8:5:6::1"));
    assert!(v6.is_ok());
    lock(&auth, NAME);
    // Another address of the same /64.
    let neighbour = at("2001:db8:5:6:7::8");
    assert!(attempt(&auth, NAME, PASSWORD, &neighbour).is_ok());
    let other = at("2001:db8:5:7::1");
    assert!(is_limited(&attempt(&auth, NAME, PASSWORD, &other)));
    let nowhere = Client::default();
    assert!(is_limited(&attempt(&auth, NAME, PASSWORD, &nowhere)));
    assert!(block_on(auth.sessions().logout_all(&session, &at(HOME))).is_ok());
    assert!(is_limited(&attempt(&auth, NAME, PASSWORD, &neighbour)));
    assert!(is_limited(&attempt(&auth, NAME, PASSWORD, &at(HOME))));
    assert!(attempt(&auth, NAME, PASSWORD, &with(&device, HOME)).is_ok());
}

/// V6.3.1: a device is counted separately, so that it can neither guess without limit nor use up the attempts of
/// others.
#[test]
fn a_known_device_has_a_counter_of_its_own() {
    let auth = auth(1, &[]);
    let (_, device) = ada(&auth);
    for number in 0..40 {
        let client = with(&device, &format!("192.0.2.{number}"));
        let expected = number < 20;
        let guess = attempt(&auth, NAME, "a guess", &client).err();
        assert_eq!(
            guess == Some(Error::InvalidCredentials),
            expected,
            "{number}"
        );
    }
    assert!(is_limited(&attempt(
        &auth,
        "ada",
        PASSWORD,
        &with(&device, HOME)
    )));
    // The others still have all their attempts.
    let other = attempt(&auth, NAME, PASSWORD, &at(AWAY)).ok().unwrap();
    for _ in 0..19 {
        let guess = attempt(&auth, NAME, "a guess", &at(AWAY)).err();
        assert_eq!(guess, Some(Error::InvalidCredentials));
    }
    let other = other.device().unwrap();
    assert!(other != &device);
    assert!(attempt(&auth, NAME, PASSWORD, &with(other, AWAY)).is_ok());
    // A known device keeps its identity.
    auth.platform().advance(Duration::from_secs(900));
    let again = attempt(&auth, NAME, PASSWORD, &with(other, AWAY))
        .ok()
        .unwrap();
    assert!(again.device() == Some(other));
}

/// A device token of another account, or a modified one, is unknown; so is an old one after a change of the password.
#[test]
fn a_device_is_known_by_one_account_and_password() {
    let auth = auth(1, &[]);
    let (session, device) = ada(&auth);
    let registration = Registration {
        email: "eve@example.com",
        password: PASSWORD,
        username: None,
        display_name: None,
        profile: None,
        token_format: TokenFormat::Opaque,
        replaces: &[],
    };
    let eve = block_on(auth.accounts().register(registration, &at("192.0.2.200")));
    let eve = eve.ok().unwrap().tokens.unwrap();
    lock(&auth, NAME);
    let mut changed = device.expose().to_owned();
    let first = if changed.starts_with('A') { "B" } else { "A" };
    changed.replace_range(0..1, first);
    for stranger in [
        eve.device().unwrap().clone(),
        DeviceToken::parse(&changed).unwrap(),
        DeviceToken::parse(&"A".repeat(75)).unwrap(),
    ] {
        let answer = attempt(&auth, NAME, PASSWORD, &with(&stranger, AWAY));
        assert!(is_limited(&answer));
    }
    assert!(DeviceToken::parse("short").is_none());
    // By somebody who knew the previous password.
    let here = at(HOME);
    let fresh = block_on(auth.accounts().change_password(
        &session,
        Evidence::password(PASSWORD),
        NEW,
        &here,
    ));
    let fresh = fresh.ok().unwrap();
    assert!(is_limited(&attempt(&auth, NAME, NEW, &with(&device, AWAY))));
    assert!(attempt(&auth, NAME, NEW, &with(fresh.device().unwrap(), AWAY)).is_ok());
}

/// V6.4.3: a reset clears the attempts at the address, the name and the account, and its device can sign in while
/// attacks continue.
#[test]
fn a_reset_lets_the_owner_in() {
    let auth = auth(1, &[]);
    let (session, _) = ada(&auth);
    let away = at(AWAY);
    for name in [NAME, "ada"] {
        lock(&auth, name);
    }
    for _ in 0..21 {
        let wrong =
            auth.accounts()
                .change_password(&session, Evidence::password("a guess"), NEW, &away);
        let _ = block_on(wrong);
    }
    let current =
        auth.accounts()
            .change_password(&session, Evidence::password(PASSWORD), NEW, &away);
    assert!(matches!(block_on(current), Err(Error::RateLimited { .. })));
    assert!(block_on(auth.accounts().forgot_password(NAME, &at(AWAY))).is_ok());
    after_answer(&auth);
    let mail = auth.platform().mail();
    let token = mail.last().unwrap().text.split("?token=").nth(1).unwrap();
    let token = token.split_whitespace().next().unwrap();
    let reset =
        |password: &str| block_on(auth.accounts().reset_password(token, password, &at(AWAY)));
    // A password that breaks the rules resets nothing.
    assert!(matches!(reset("short"), Err(Error::Invalid(_))));
    assert!(is_limited(&attempt(&auth, NAME, PASSWORD, &at(AWAY))));
    let device = reset(NEW).ok().unwrap();
    let tokens = attempt(&auth, NAME, NEW, &at(TRAVELLING)).ok().unwrap();
    let active = tokens.active();
    assert_eq!(active.user.locked_until, None);
    assert!(attempt(&auth, "ada", NEW, &at(TRAVELLING)).is_ok());
    let wrong =
        auth.accounts()
            .change_password(active, Evidence::password("a guess"), PASSWORD, &away);
    assert_eq!(block_on(wrong).err(), Some(Error::WrongPassword));
    // The attack continues.
    lock(&auth, NAME);
    assert!(attempt(&auth, NAME, NEW, &with(&device, AWAY)).is_ok());
}

/// V6.3.1: a user's ID, which many can know, is not a name: typing it doesn't use up the attempts of the signed-in
/// user.
#[test]
fn a_stranger_who_types_an_identifier_blocks_nothing() {
    let auth = auth(1, &[]);
    let (session, _) = ada(&auth);
    for network in 0..=10 {
        let client = at(&format!("192.0.2.{network}"));
        for _ in 0..20 {
            let _ = attempt(&auth, &session.user.id, "a guess", &client);
        }
    }
    // From the attacker's network as well.
    let there = at("192.0.2.1");
    let change =
        auth.accounts()
            .change_password(&session, Evidence::password(PASSWORD), NEW, &there);
    assert!(block_on(change).is_ok());
}

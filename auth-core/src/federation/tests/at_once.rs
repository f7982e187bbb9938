//! Sessions that begin in the callback itself.

use serde_json::json;

use super::world::{Begun, SIGN_IN, USERINFO, World, code, pairs};
use crate::client::Client;
use crate::federation::arrival::{CallbackRequest, Returned};
use crate::federation::code::{Continuation, FlowCookies, Presented};
use crate::federation::exchange::{Exchange, Exchanged};
use crate::federation::start::StartRequest;
use crate::sessions::tokens::Tokens;
use crate::sessions::transport::{SessionTransport, TokenFormat};
use crate::stand_in::at_once;

const AT_ONCE: StartRequest<'_> = StartRequest {
    redirect_to: Some("/cart"),
    at_once: Some(SessionTransport::Cookie),
    ..SIGN_IN
};

#[test]
fn a_session_begins_at_once() {
    let world = World::new(&[("LINK_BY_VERIFIED_EMAIL", "all")]);
    let begun = world.begin(AT_ONCE);
    world.serve_token(&begun, &json!({}));
    let returned = world.arrive("acme", &format!("code=c&state={}", begun.state()));
    match returned {
        Ok(Returned::SignedIn {
            redirect_to,
            tokens,
            transport,
            flow_id,
        }) => {
            assert_eq!(redirect_to, "http://localhost:8080/cart");
            assert_eq!(transport, SessionTransport::Cookie);
            assert_eq!(flow_id, begun.cookie.id);
            assert_eq!(tokens.active().session.amr, ["fed"]);
        }
        Ok(_) => panic!("no session"),
        Err(failed) => panic!("{}", failed.error),
    }
}

/// The service's own page asks for what is missing, with a code that is bound to the browser.
#[test]
fn a_further_step_is_left_to_the_own_page() {
    let world = World::new(&[]);
    world.serve_json(USERINFO, &json!({"sub": "ada"}));
    let begun = world.begin(AT_ONCE);
    world.serve_token(&begun, &json!({"email": null, "email_verified": null}));
    let returned = world.arrive("acme", &format!("code=c&state={}", begun.state()));
    let Ok(Returned::Code { redirect_to }) = returned else {
        panic!("no code");
    };
    let (page, query) = redirect_to.split_once('?').unwrap();
    assert_eq!(page, "http://localhost:8080/login");
    let exchanged = exchange(&world, &begun, &pairs(query)["code"]);
    assert!(matches!(
        exchanged.exchange,
        Exchange::CompletionRequired(_)
    ));
    let rest = Continuation {
        redirect_to: "http://localhost:8080/cart".to_owned(),
        transport: SessionTransport::Cookie,
    };
    assert_eq!(exchanged.continuation, Some(rest));

    // Another page has asked for the code itself, and knows how it goes on.
    let begun = world.begin(SIGN_IN);
    world.serve_token(&begun, &json!({"email": null, "email_verified": null}));
    let code = code(world.arrive("acme", &format!("code=c&state={}", begun.state())));
    assert_eq!(exchange(&world, &begun, &code).continuation, None);
}

/// Nobody is signed in then, so that the page for the account could not show the error.
#[test]
fn a_refusal_leads_to_the_sign_in_page() {
    let world = World::new(&[]);
    for (redirect_to, page) in [(None, "/login"), (Some("/cart"), "/cart")] {
        let begun = world.begin(StartRequest {
            redirect_to,
            ..AT_ONCE
        });
        let denied = format!("error=access_denied&state={}", begun.state());
        let failed = world.arrive("acme", &denied).err().unwrap();
        let address = failed.redirect_to("oauth_denied").unwrap();
        assert_eq!(
            address,
            format!("http://localhost:8080{page}?error=oauth_denied")
        );
    }
}

/// A person who is known: a count, the state, the identity, and the session. With a code, it is stored in place of these
/// two, and the exchange uses it up before them.
#[test]
fn a_sign_in_costs_few_calls_of_storage() {
    let world = World::new(&[("LINK_BY_VERIFIED_EMAIL", "all")]);
    let arrive = |begin, replaces: &[&str]| {
        let begun = world.begin(begin);
        world.serve_token(&begun, &json!({}));
        let query = format!("code=c&state={}", begun.state());
        let request = CallbackRequest {
            provider: "acme",
            parameters: &query,
            flow: &|_| vec![begun.cookie.value.clone()],
            compatible: false,
            replaces,
        };
        let client = Client::default();
        let (calls, returned) =
            world.storage_calls(|| at_once(world.federation().callback(request, &client)));
        world.run_deferred();
        (calls, returned, begun)
    };
    // The account is created.
    let (_, returned, _) = arrive(AT_ONCE, &[]);
    let Ok(Returned::SignedIn {
        tokens: Tokens::Opaque(before),
        ..
    }) = returned
    else {
        panic!("no session");
    };
    assert_eq!(arrive(AT_ONCE, &[]).0, 4);
    // The session that ends has to be found by its token.
    assert_eq!(arrive(AT_ONCE, &[before.token.as_str()]).0, 5);
    let by_code = |format| {
        let (arriving, returned, begun) = arrive(SIGN_IN, &[]);
        let code = code(returned);
        let (exchanging, exchanged) =
            world.storage_calls(|| exchange_for(&world, &begun, &code, format));
        assert!(matches!(exchanged.exchange, Exchange::SignedIn(_)));
        (arriving, exchanging)
    };
    // The first token that is signed creates the key.
    by_code(TokenFormat::Jwt);
    assert_eq!(by_code(TokenFormat::Jwt), (3, 3));
    assert_eq!(by_code(TokenFormat::Opaque), (3, 3));
}

fn exchange(world: &World, begun: &Begun, code: &str) -> Exchanged {
    exchange_for(world, begun, code, TokenFormat::Opaque)
}

fn exchange_for(world: &World, begun: &Begun, code: &str, format: TokenFormat) -> Exchanged {
    let flows = FlowCookies::new(vec![(&begun.cookie.id, &begun.cookie.value)]);
    let presented = Presented {
        code,
        verifier: None,
        flows: &flows,
    };
    let client = Client::default();
    let exchanged = world.federation().exchange(presented, format, &[], &client);
    match at_once(exchanged) {
        Ok(exchanged) => exchanged,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn the_path_of_another_system_gets_the_result() {
    let world = World::new(&[("LINK_BY_VERIFIED_EMAIL", "all")]);
    let begun = world.begin(StartRequest {
        compatible: true,
        ..SIGN_IN
    });
    world.serve_token(&begun, &json!({}));
    let cookies = [(begun.cookie.id.clone(), begun.cookie.value.clone())].into();
    let query = format!("code=c&state={}", begun.state());
    let returned = world.arrive_with("acme", &query, &cookies, true);
    match returned {
        Ok(Returned::Exchanged {
            exchange: Exchange::SignedIn(_),
            flow_id,
        }) => assert_eq!(flow_id, begun.cookie.id),
        Ok(_) => panic!("no session"),
        Err(failed) => panic!("{}", failed.error),
    }
}

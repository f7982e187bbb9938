//! Sessions that begin in the callback itself.

use serde_json::json;

use super::world::{Begun, SIGN_IN, USERINFO, World, code, pairs};
use crate::client::Client;
use crate::federation::arrival::Returned;
use crate::federation::code::{Continuation, FlowCookies, Presented};
use crate::federation::exchange::{Exchange, Exchanged};
use crate::federation::start::StartRequest;
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

fn exchange(world: &World, begun: &Begun, code: &str) -> Exchanged {
    let flows = FlowCookies::new(vec![(&begun.cookie.id, &begun.cookie.value)]);
    let presented = Presented {
        code,
        verifier: None,
        flows: &flows,
    };
    let (format, client) = (TokenFormat::Opaque, Client::default());
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

//! The one-time code of a flow.

use serde_json::json;

use super::world::{CHALLENGE, SIGN_IN, VERIFIER, World, code};
use crate::error::Error;
use crate::federation::code::{FlowCookies, Presented, present};
use crate::federation::flow::FlowPurpose;
use crate::federation::start::StartRequest;
use crate::stand_in::at_once;

const INVALID: Option<Error> = Some(Error::OauthCodeInvalid);

#[test]
fn a_code_works_once() {
    let world = World::new(&[]);
    let code = code(world.visit(SIGN_IN, &json!({})));
    assert!(world.present(&code, FlowPurpose::SignIn).is_ok());
    assert_eq!(world.present(&code, FlowPurpose::SignIn).err(), INVALID);
    for other in ["", "x", &"A".repeat(43)] {
        assert_eq!(world.present(other, FlowPurpose::SignIn).err(), INVALID);
    }
}

#[test]
fn a_code_is_valid_for_a_minute() {
    for (seconds, valid) in [(59, true), (60, false)] {
        let world = World::new(&[]);
        let code = code(world.visit(SIGN_IN, &json!({})));
        world.advance(seconds);
        let presented = world.present(&code, FlowPurpose::SignIn);
        assert_eq!(presented.is_ok(), valid, "{seconds}");
    }
}

/// Code injection: a code that was seen elsewhere is worth nothing, and is used up by the attempt.
#[test]
fn a_code_is_bound_to_the_browser() {
    let world = World::new(&[]);
    let stolen = code(world.visit(SIGN_IN, &json!({})));
    let other = world.begin(SIGN_IN).cookie.value;
    let verifier = Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let purpose = FlowPurpose::SignIn;
    let elsewhere = world.present_with(&stolen, verifier, &["", "x", &other], purpose);
    assert_eq!(elsewhere.err(), INVALID);
    assert_eq!(world.present(&stolen, purpose).err(), INVALID);
}

/// Of the flows in two tabs, a code ends its own, also if it is for another purpose.
#[test]
fn a_code_ends_its_flow() {
    let world = World::new(&[]);
    let (first, second) = (world.begin(SIGN_IN), world.begin(SIGN_IN));
    let both = [&first, &second].map(|begun| (&*begun.cookie.id, &*begun.cookie.value));
    for (begun, purpose) in [(&second, FlowPurpose::SignIn), (&first, FlowPurpose::Link)] {
        world.serve_token(begun, &json!({}));
        let query = format!("code=c&state={}", begun.state());
        let code = code(world.arrive("acme", &query));
        let flows = FlowCookies::new(both.to_vec());
        assert_eq!(flows.ended(), None);
        for code in ["x", &code] {
            let presented = Presented {
                code,
                verifier: None,
                flows: &flows,
            };
            let result = at_once(present(world.federation().context, presented, &[purpose]));
            assert_eq!(
                result.is_ok(),
                flows.ended().is_some() && purpose == FlowPurpose::SignIn
            );
        }
        assert_eq!(flows.ended(), Some(&*begun.cookie.id));
    }
}

#[test]
fn a_code_is_bound_to_the_challenge() {
    let request = StartRequest {
        code_challenge: Some(CHALLENGE),
        ..SIGN_IN
    };
    let purpose = FlowPurpose::SignIn;
    let world = World::new(&[]);
    let bound = code(world.visit(request, &json!({})));
    let presented = world.present_with(&bound, Some(VERIFIER), &[], purpose);
    assert!(presented.is_ok());
    // The cookie does not replace the verifier.
    let bound = code(world.visit(request, &json!({})));
    assert_eq!(world.present(&bound, purpose).err(), INVALID);
    let bound = code(world.visit(request, &json!({})));
    let wrong = VERIFIER.replace('d', "e");
    let presented = world.present_with(&bound, Some(&wrong), &[], purpose);
    assert_eq!(presented.err(), INVALID);
}

/// Otherwise a flow to link could sign in, and one to sign in could take the place of a password.
#[test]
fn a_code_is_for_one_purpose() {
    let purposes = [
        FlowPurpose::SignIn,
        FlowPurpose::Link,
        FlowPurpose::Reauthenticate,
        FlowPurpose::Verify,
    ];
    for begun in purposes {
        for asked in purposes {
            let world = World::new(&[]);
            let request = StartRequest {
                purpose: begun,
                code_challenge: Some(CHALLENGE),
                ..SIGN_IN
            };
            let claims = json!({"auth_time": world.seconds()});
            let code = code(world.visit(request, &claims));
            let presented = world.present_with(&code, Some(VERIFIER), &[], asked);
            assert_eq!(presented.is_ok(), begun == asked, "{begun:?} {asked:?}");
        }
    }
}

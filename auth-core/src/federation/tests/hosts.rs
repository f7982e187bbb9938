//! The hosts that requests go to.

use serde_json::json;

use super::world::{METADATA, SIGN_IN, World, metadata};
use crate::error::Error;
use crate::federation::fetch::fetch;
use crate::outbound::OutboundRequest;
use crate::stand_in::at_once;

/// Not every host of the service checks this, and a document of a provider could name any address.
#[test]
fn a_request_goes_to_an_origin_of_its_provider() {
    let world = World::new(&[("OIDC_ACME_HOSTS", "api.op.example:8443")]);
    let context = world.federation().context;
    let registration = context.config.federation.registration("acme").unwrap();
    for (url, allowed) in [
        (METADATA, true),
        ("https://OP.example:443/x?y=1", true),
        ("https://api.op.example:8443/token", true),
        ("https://api.op.example/token", false),
        ("http://op.example/token", false),
        ("https://op.example:444/token", false),
        ("https://op.example.evil.example/", false),
        ("https://op.example@evil.example/", false),
        ("http://169.254.169.254/latest/meta-data", false),
        ("http://localhost/", false),
        ("/token", false),
    ] {
        world.serve(url.split('?').next().unwrap(), 200, "{}");
        let request = OutboundRequest::get(url.to_owned());
        let error = at_once(fetch(context, registration, request)).err();
        assert_eq!(error, (!allowed).then_some(Error::OauthFailed), "{url}");
        let sent = world.fetched(url.split('?').next().unwrap());
        assert_eq!(sent, usize::from(allowed), "{url}");
    }
    // Nor do the metadata lead elsewhere.
    let mut elsewhere = metadata();
    elsewhere["jwks_uri"] = json!("https://evil.example/keys");
    let world = World::new(&[]);
    world.serve_json(METADATA, &elsewhere);
    assert_eq!(world.start(SIGN_IN).err(), Some(Error::OauthFailed));
}

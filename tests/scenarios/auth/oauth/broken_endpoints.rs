//! Providers that are down, slow, or answer with nonsense.

use std::pin::pin;

use futures::future::{Either, select};
use futures::{StreamExt as _, stream};
use gatewright_tests::identity::{IdentityService, Reply};

use super::{OWN, error_of, signed_in, verified};

const NAMES: [&str; 29] = [
    "a0", "a1", "a2", "a3", "a4", "a5", "a6", "b0", "b1", "b2", "b3", "b4", "b5", "b6", "c0", "c1",
    "c2", "c3", "c4", "c5", "c6", "d0", "d1", "d2", "d3", "d4", "d5", "d6", "acme",
];

/// A provider that fails in any way gets a code of ours, takes nothing else down, and can't send the service elsewhere. The
/// silent and the dripping one never end by themselves.
#[tokio::test]
async fn a_broken_provider_harms_itself_alone() {
    let service = IdentityService::start(&NAMES, &[]);
    let elsewhere = IdentityService::start(&[], &[]);
    let host = service.host(&[OWN[0], ("LOGIN_ATTEMPTS_PER_IP", "1000")]);
    let origin = elsewhere.issuer("");
    let origin = origin.trim_end_matches('/');
    let html = "<!doctype html><title>Sign in</title>".to_owned();
    let replies = [
        (Reply::Silence, true),
        (Reply::Drip, true),
        (Reply::End, true),
        (Reply::Huge, true),
        (Reply::Of(500, "text/plain", "oops".to_owned()), true),
        (Reply::Of(200, "text/html", html), true),
        (Reply::Redirect(origin.to_owned()), false),
    ];
    let endpoints = ["openid-configuration", "keys", "token", "userinfo"];
    let cases: Vec<_> = endpoints
        .iter()
        .flat_map(|endpoint| replies.iter().map(move |reply| (*endpoint, reply)))
        .zip(NAMES)
        .collect();
    for ((endpoint, (reply, _)), name) in &cases {
        service.person(name, verified(name, &format!("{name}@example.com")));
        service.script(name, |script| {
            script.replies.insert(endpoint, reply.clone());
            // So that the service asks for them.
            script.id_token = std::sync::Arc::new(|claims| {
                claims.as_object_mut().unwrap().remove("email");
            });
        });
    }
    service.person("acme", verified("1", "ada@example.com"));
    let (service, host) = (&service, &host);
    let broken = cases
        .iter()
        .map(|((endpoint, (reply, unavailable)), name)| async move {
            let told = format!("{endpoint} {reply:?}")
                .chars()
                .take(99)
                .collect::<String>();
            let code = if *endpoint == "openid-configuration" {
                let answer = host.get(&format!("/auth/oauth/{name}")).await;
                assert!(
                    matches!(answer.status.as_u16(), 502 | 503),
                    "{told} {answer:?}"
                );
                answer.body["error"]["code"].as_str().unwrap().to_owned()
            } else {
                error_of(host, service, name).await
            };
            let expected = if *unavailable {
                &["provider_unavailable"][..]
            } else {
                &["provider_unavailable", "oauth_failed"]
            };
            assert!(expected.contains(&code.as_str()), "{told}: {code}");
        });
    let sound = async {
        let mut unanswered = service.unanswered();
        loop {
            let open = unanswered.wait_for(|open| !open.is_empty()).await;
            let open = open.unwrap().clone();
            signed_in(host, service, "acme").await;
            host.get("/healthz").await.assert_ok();
            if !unanswered.borrow().is_disjoint(&open) {
                return;
            }
        }
    };
    let broken = stream::iter(broken).buffer_unordered(3).collect::<Vec<_>>();
    // The sign-in has begun and ended while a request to another provider was open.
    match select(pin!(broken), pin!(sound)).await {
        Either::Left(_) => panic!("every sign-in waited for the silent providers"),
        Either::Right(((), broken)) => drop(broken.await),
    }
    for endpoint in endpoints {
        for name in NAMES {
            assert_eq!(elsewhere.requests(name, endpoint).len(), 0, "{name}");
        }
    }
}

/// Metadata and keys that are stored serve while the provider is down.
#[tokio::test]
async fn metadata_outlast_an_hour_without_the_provider() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], ("LOG_LEVEL", "debug")]);
    service.person("acme", verified("1", "ada@example.com"));
    signed_in(&host, &service, "acme").await;
    for document in ["metadata", "keys"] {
        host.wait_for_line(&["sign-in provider was stored", document]);
    }
    for endpoint in ["openid-configuration", "keys"] {
        assert_eq!(service.requests("acme", endpoint).len(), 1, "{endpoint}");
        service.script("acme", |script| {
            script.replies.insert(endpoint, Reply::End);
        });
    }
    // Within the hour the stored documents serve another instance.
    let host = host.restart_later(60);
    signed_in(&host, &service, "acme").await;
    assert_eq!(service.requests("acme", "openid-configuration").len(), 1);
    // After it they serve too, and the service asks for new ones after its answer.
    let later = 2 * 60 * 60;
    service.set_ahead(later);
    let host = host.restart_later(later);
    signed_in(&host, &service, "acme").await;
    for endpoint in ["openid-configuration", "keys"] {
        service.wait_for_requests("acme", endpoint, 2).await;
    }
    // After a day they are too old.
    let later = 25 * 60 * 60;
    service.set_ahead(later);
    let host = host.restart_later(later);
    host.get("/auth/oauth/acme")
        .await
        .assert_error(503, "provider_unavailable");
}

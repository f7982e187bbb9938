//! Sign-in providers that don't answer.

use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::{Either, join, select};
use futures::stream::FuturesUnordered;
use gatewright_tests::host::Host;
use gatewright_tests::identity::IdentityService;

/// Requests that wait for a provider occupy few instances, and none that another provider needs.
#[tokio::test]
async fn a_provider_that_does_not_answer_stops_nobody_else() {
    let provider = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", provider.local_addr().unwrap());
    let (asked, asks) = mpsc::channel();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in provider.incoming().map_while(Result::ok) {
            held.push(stream);
            let _ = asked.send(());
        }
    });
    let fine = IdentityService::start(&[], &[]);
    // One thread with four instances for providers, of which each provider has one of its own, and one is for all.
    let host = Host::start(&[
        ("THREADS", "1"),
        ("MAX_REQUESTS", "4"),
        ("OIDC_PROVIDERS", "slow,fine"),
        ("OIDC_SLOW_ISSUER", &issuer),
        ("OIDC_SLOW_CLIENT_ID", "gatewright"),
        ("OIDC_SLOW_CLIENT_SECRET", "geheim"),
        ("OIDC_FINE_ISSUER", &fine.issuer("fine")),
        ("OIDC_FINE_CLIENT_ID", "gatewright"),
        ("OIDC_FINE_CLIENT_SECRET", "geheim"),
    ]);
    let session = host.register("ada@example.com").await;
    let starts = (0..12).map(|_| host.get("/auth/oauth/slow"));
    let mut starts: FuturesUnordered<_> = starts.collect();
    // Two ask the provider, two wait for it, and the others are refused at once.
    for _ in 4..12 {
        let refused = starts.next().await.unwrap();
        refused.assert_error(503, "unavailable");
        assert_eq!(refused.header("retry-after"), "1");
    }
    for _ in 0..2 {
        asks.recv_timeout(Duration::from_secs(10)).unwrap();
    }
    let me = host.get_as("/auth/me", &session.access_token);
    let start = host.get("/auth/oauth/fine");
    match select(Box::pin(join(me, start)), starts.next()).await {
        Either::Left(((me, start), waiting)) => {
            me.assert_ok();
            assert_eq!(start.status, 303, "{start:?}");
            let late = waiting.await.unwrap();
            late.assert_error(503, "provider_unavailable");
            while let Some(late) = starts.next().await {
                late.assert_error(503, "provider_unavailable");
            }
        }
        Either::Right(_) => panic!("the provider answered first"),
    }
}

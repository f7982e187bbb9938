//! Sign-in providers that don't answer.

use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::{Either, select};
use futures::stream::FuturesUnordered;
use gatewright_tests::host::Host;

/// Requests that wait for a provider occupy few instances.
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
    // One thread with four instances, of which providers can occupy one.
    let host = Host::start(&[
        ("THREADS", "1"),
        ("MAX_REQUESTS", "4"),
        ("OIDC_PROVIDERS", "slow"),
        ("OIDC_SLOW_ISSUER", &issuer),
        ("OIDC_SLOW_CLIENT_ID", "gatewright"),
        ("OIDC_SLOW_CLIENT_SECRET", "geheim"),
    ]);
    let session = host.register("ada@example.com").await;
    let starts = (0..12).map(|_| host.get("/auth/oauth/slow"));
    let mut starts: FuturesUnordered<_> = starts.collect();
    // One asks the provider, three wait for it, and the others are refused at once.
    for _ in 4..12 {
        let refused = starts.next().await.unwrap();
        refused.assert_error(503, "unavailable");
        assert_eq!(refused.header("retry-after"), "1");
    }
    asks.recv_timeout(Duration::from_secs(10)).unwrap();
    let me = host.get_as("/auth/me", &session.access_token);
    match select(Box::pin(me), starts.next()).await {
        Either::Left((answer, waiting)) => {
            answer.assert_ok();
            let late = waiting.await.unwrap();
            late.assert_error(503, "provider_unavailable");
            // The failure is remembered, so the others need not find out for themselves.
            while let Some(late) = starts.next().await {
                late.assert_error(503, "provider_unavailable");
            }
        }
        Either::Right(_) => panic!("the provider answered first"),
    }
    assert!(asks.try_recv().is_err());
}

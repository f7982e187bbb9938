use std::collections::BTreeSet;

use gatewright_tests::host::{Host, Tokens};

/// Twenty concurrent refreshes with one token: one successor, and nobody is signed out.
#[tokio::test]
async fn twenty_concurrent_refreshes_of_one_token_get_one_successor() {
    let host = Host::start(&[("REFRESH_TOKEN_GRACE_SECONDS", "300")]);
    let first = host.register("ada@example.com").await;
    let answers =
        futures::future::join_all((0..20).map(|_| host.refresh(&first.refresh_token))).await;
    let successors: BTreeSet<_> = answers
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, 200, "{answer:?}");
            Tokens::of(&answer.body).refresh_token
        })
        .collect();
    assert_eq!(successors.len(), 1);
    assert_eq!(host.refresh(successors.first().unwrap()).await.status, 200);
}

/// Without a grace window exactly one of them succeeds, and the others end the family.
#[tokio::test]
async fn without_a_grace_window_one_is_served_and_the_family_ends() {
    let host = Host::start(&[("REFRESH_TOKEN_GRACE_SECONDS", "0")]);
    let first = host.register("ada@example.com").await;
    let answers =
        futures::future::join_all((0..20).map(|_| host.refresh(&first.refresh_token))).await;
    let served: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .collect();
    assert_eq!(served.len(), 1);
    let successor = Tokens::of(&served[0].body);
    host.refresh(&successor.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
}

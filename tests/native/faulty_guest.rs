//! A component that misbehaves on request.

use gatewright_tests::host::{Host, component};

/// Starts a host that serves the misbehaving component.
fn start() -> Host {
    let path = component("faulty");
    Host::start_with(
        &["--component", path.to_str().unwrap()],
        &[("REQUEST_TIMEOUT_SECONDS", "3")],
    )
}

/// Calls a bad path and good ones concurrently and repeatedly: the good ones must not be affected.
async fn costs_its_own_request_alone(path: &str, status: u16, code: &str) {
    let host = start();
    for _ in 0..2 {
        let good = futures::future::join_all((0..20).map(|_| host.get("/fine")));
        let (bad, good) = futures::join!(host.get(path), good);
        bad.assert_error(status, code);
        assert_eq!(bad.header("x-content-type-options"), "nosniff");
        assert_ne!(bad.header("x-request-id"), "");
        assert!(
            !bad.text.contains("wasm") && !bad.text.contains("asked to"),
            "{}",
            bad.text
        );
        for answer in good {
            assert_eq!(
                (answer.status.as_u16(), answer.text.as_str()),
                (200, "fine")
            );
        }
    }
}

#[tokio::test]
async fn a_trap_costs_its_own_request_alone() {
    costs_its_own_request_alone("/trap", 500, "internal_error").await;
}

#[tokio::test]
async fn an_endless_loop_costs_its_own_request_alone() {
    costs_its_own_request_alone("/loop", 504, "timeout").await;
}

#[tokio::test]
async fn a_memory_hog_costs_its_own_request_alone() {
    costs_its_own_request_alone("/hog", 500, "internal_error").await;
}

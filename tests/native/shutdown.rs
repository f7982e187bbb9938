//! Signals, and slow clients.

use std::io::{Read as _, Write as _};

use gatewright_tests::host::Host;
use rustix::process::{Pid, Signal, kill_process};

use super::half_a_request;

#[tokio::test]
async fn a_signal_lets_requests_in_flight_finish_and_checkpoints_the_database() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut host = Host::start(&[]);
        // The service is in use now, so that the next request is in flight and doesn't wait for the first instance.
        assert_eq!(host.get("/readyz").await.status, 200);
        let (mut stream, rest) = half_a_request(&host, "ada@example.com");
        // A later connection is served, so the host has accepted the earlier one.
        assert_eq!(host.get("/healthz").await.status, 200);
        kill_process(
            Pid::from_raw(host.process_id().try_into().unwrap()).unwrap(),
            signal,
        )
        .unwrap();
        host.wait_for_log("stopping");
        stream.write_all(rest.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        assert!(host.wait().success());
        // Idle instances have not failed.
        let said = host.log();
        assert!(!said.contains("an instance failed"), "{said}");
        let log = host.folder().join("data/gatewright.db-wal");
        assert!(
            log.metadata().map_or(0, |file| file.len()) == 0,
            "the write-ahead log still holds something"
        );
        let host = host.restart(&[]);
        host.login("ada@example.com").await;
    }
}

#[test]
fn a_slow_body_is_ended_and_holds_nobody_up() {
    let host = Host::start(&[("REQUEST_TIMEOUT_SECONDS", "5")]);
    let mut slow: Vec<_> = (0..300)
        .map(|_| half_a_request(&host, "ada@example.com").0)
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { host.register("bob@example.com").await });
    let mut answer = String::new();
    slow[0].read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains("\"request_timeout\""),
        "{answer}"
    );
}

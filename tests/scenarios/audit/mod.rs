//! The audit log.

mod list;
mod recorded;

use gatewright_tests::host::{Answer, Host};
use serde_json::Value;

/// Returns the events of a query, newest first.
async fn events(host: &Host, token: &str, query: &str) -> Vec<Value> {
    let answer = host.get_as(&format!("/audit?{query}"), token).await;
    answer.assert_ok();
    answer.body["events"].as_array().unwrap().clone()
}

/// Returns the number of events in a response.
pub(crate) fn count(answer: &Answer) -> usize {
    answer.body["events"].as_array().map_or(0, Vec::len)
}

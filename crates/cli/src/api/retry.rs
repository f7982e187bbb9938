//! Retries while the service is busy.

use std::time::Duration;

use anyhow::Result;
use http::StatusCode;

use super::refusal::Refusal;
use crate::console::Console;

/// Total number of attempts.
const ATTEMPTS: u32 = 8;
/// Longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Repeats a request while the service answers that it is busy and names a time to retry, up to a limit.
pub(crate) fn with_retry<T>(
    console: &mut dyn Console,
    mut ask: impl FnMut() -> Result<T>,
) -> Result<T> {
    let mut attempt = 1;
    loop {
        let error = match ask() {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let wait = error.downcast_ref().and_then(|refusal: &Refusal| {
            let busy = [
                StatusCode::TOO_MANY_REQUESTS,
                StatusCode::SERVICE_UNAVAILABLE,
            ];
            refusal
                .retry_after
                .filter(|wait| busy.contains(&refusal.status) && *wait <= LONGEST_WAIT)
        });
        match wait {
            Some(wait) if attempt < ATTEMPTS => console.wait(wait.max(Duration::from_secs(1))),
            _ => return Err(error),
        }
        attempt += 1;
    }
}

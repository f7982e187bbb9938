//! The result of importing a record.

use anyhow::{Result, ensure};
use http::StatusCode;
use serde::Deserialize;

use crate::api::{Detail, Refusal, read};

/// The result of one record.
#[derive(Deserialize)]
pub(super) struct Outcome {
    pub(super) status: String,
    #[serde(default)]
    pub(super) password_cost_ms: u32,
    #[serde(default)]
    pub(super) errors: Vec<Detail>,
    /// The fields that were left out of the created user, with the reasons.
    #[serde(default)]
    pub(super) left_out: Vec<Detail>,
}

impl Outcome {
    /// Returns a status without details.
    pub(super) fn of(status: &str) -> Self {
        Self {
            status: status.to_owned(),
            password_cost_ms: 0,
            errors: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// Returns a refusal by this command.
    pub(super) fn refused(code: &str, message: String) -> Self {
        Self {
            errors: vec![Detail {
                field: String::new(),
                code: code.to_owned(),
                message,
            }],
            ..Self::of("refused")
        }
    }
}

/// Returns the report of an identity that this command left out.
pub(super) fn identity_left_out(message: String) -> Detail {
    Detail {
        field: "identities".to_owned(),
        code: "unknown_identity".to_owned(),
        message,
    }
}

/// Turns a refusal of a permission or role into an outcome; any other failure ends the import.
pub(super) fn refused_by(error: anyhow::Error) -> Result<Outcome> {
    match error.downcast_ref::<Refusal>() {
        Some(refusal)
            if refusal.status.is_client_error()
                && refusal.status != StatusCode::UNAUTHORIZED
                && !refusal.code.is_empty() =>
        {
            Ok(Outcome::refused(&refusal.code, refusal.to_string()))
        }
        _ => Err(error),
    }
}

/// Returns the outcomes in a response about `count` users.
pub(super) fn results(body: &[u8], count: usize) -> Result<Vec<Outcome>> {
    #[derive(Deserialize)]
    struct Answer {
        results: Vec<Outcome>,
    }
    let answer: Answer = read(body)?;
    ensure!(
        answer.results.len() == count,
        "the response has results of {} users, but {count} were sent",
        answer.results.len()
    );
    Ok(answer.results)
}

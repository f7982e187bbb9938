//! Classification of errors.

use gatewright_storage::StorageError;
use gatewright_storage_postgres::Failure;
use tokio_postgres::Error;
use tokio_postgres::error::{Severity, SqlState};

/// Returns whether an error means that the connection is lost, so that it is unknown what the server did afterwards.
pub(crate) fn is_lost(error: &Error) -> bool {
    match error.as_db_error() {
        Some(reported) => matches!(
            reported.parsed_severity(),
            Some(Severity::Fatal | Severity::Panic)
        ),
        // Parameters are checked before they are sent, so that no other cause is left.
        None => true,
    }
}

/// Returns whether the server itself has reported that it ends the connection before the end of the transaction: because
/// it shuts down, an operator ended the connection, or a time-out passed. A pooler reports by other codes that it has lost
/// the server, which can have finished the transaction.
pub(crate) fn is_ended_by_server(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        code.code().starts_with("57P") || *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
    })
}

/// Returns the failure of a server that can't be used now.
pub(crate) fn unavailable(text: &str) -> Failure {
    Failure::Failed(StorageError::Unavailable(text.to_owned()))
}

/// Classifies an error. Messages about values (class 22) are left out, because they contain them.
pub(crate) fn failure(error: &Error) -> Failure {
    let Some(reported) = error.as_db_error() else {
        return unavailable(&with_cause(error));
    };
    let code = reported.code().code();
    let text = if code.starts_with("22") {
        format!("the database refused a value ({code})")
    } else {
        format!("{} ({code})", reported.message())
    };
    Failure::of_code(code, text)
}

/// Returns the text of an error with those of its causes.
pub(crate) fn with_cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

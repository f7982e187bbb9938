//! Errors of files that can't be read.

use std::io;

/// The reason why a file can't be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Reading failed.
    #[error("the file can't be read: {0}")]
    Io(#[from] io::Error),
    /// It has another format.
    #[error("the file does not have this format, which accepts {0}")]
    Form(&'static str),
    /// The header lacks a column.
    #[error("the header has no column `{0}`")]
    Column(&'static str),
    /// The header has a column that is not a field.
    #[error("the header has a column `{0}`, which is not a field")]
    UnknownColumn(String),
    /// An option can't be used.
    #[error("{0}")]
    Option(&'static str),
}

//! Positions in lists, which cursors contain.

use gatewright_storage::{Cursor, StorageError};

/// The position where a page ended.
pub struct Position {
    /// The part of the list.
    pub part: u64,
    /// The sort key of the last row of the page.
    pub key: String,
    /// The value that orders rows of the same key.
    pub tie_break: String,
}

impl Position {
    /// Reads a cursor.
    ///
    /// # Errors
    /// It is of another list.
    pub fn read(cursor: &Cursor) -> Result<Self, StorageError> {
        #[allow(clippy::disallowed_methods, reason = "this crate creates the list")]
        let (part, key, tie_break) =
            serde_json::from_str(cursor.as_str()).map_err(|_| not_of_this_list())?;
        Ok(Self {
            part,
            key,
            tie_break,
        })
    }

    /// Returns the cursor of a page that begins after this position.
    pub fn cursor(self) -> Cursor {
        Cursor::new(serde_json::json!([self.part, self.key, self.tie_break]).to_string())
    }
}

/// Returns the error for a cursor of another list.
pub fn not_of_this_list() -> StorageError {
    StorageError::Invalid("the cursor belongs to another list".into())
}

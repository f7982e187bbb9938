//! Places in lists, which cursors hold.

use gatewright_storage::{Cursor, StorageError};

/// Where a page ended.
pub(crate) struct Position {
    /// Which part of the list it had come to.
    pub(crate) part: u64,
    /// What the last row of the page is sorted by.
    pub(crate) key: String,
    /// What decides among rows of that key.
    pub(crate) tie_break: String,
}

impl Position {
    /// Reads a cursor.
    pub(crate) fn read(cursor: &Cursor) -> Result<Self, StorageError> {
        #[allow(clippy::disallowed_methods, reason = "this crate makes the list")]
        let (part, key, tie_break) =
            serde_json::from_str(cursor.as_str()).map_err(|_| not_of_this_list())?;
        Ok(Self {
            part,
            key,
            tie_break,
        })
    }

    /// The cursor of a page that begins after it.
    pub(crate) fn cursor(self) -> Cursor {
        Cursor::new(serde_json::json!([self.part, self.key, self.tie_break]).to_string())
    }
}

/// The cursor was made for another list.
pub(crate) fn not_of_this_list() -> StorageError {
    StorageError::Invalid("a cursor of another list".into())
}

//! Cursors: positions of pages in a list.

/// The position where the next page of a list begins. The value is opaque: only the storage that created it interprets
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cursor(String);

impl Cursor {
    /// Creates a cursor from the text that a storage wrote.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the text, for the storage that wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        cursor.0
    }
}

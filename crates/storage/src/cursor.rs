//! Where a page of a list begins.

/// Where the next page of a list begins. Only the storage that made it reads it; everybody else passes it on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cursor(String);

impl Cursor {
    /// What a storage wrote.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// For the storage that wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        cursor.0
    }
}

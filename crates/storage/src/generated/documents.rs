//! Public documents of sign-in providers: their metadata and keys. They are stored so that an instance that starts does
//! not have to fetch them. They belong to no user.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::time::Timestamp;
use super::types::StorageError;

/// A document that was fetched from a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Document {
    /// The name, chosen by the caller.
    pub name: String,
    /// The text. The caller stores at most 256 KiB.
    pub content: String,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// The time from which it is not used. Clean-up deletes it after that.
    pub expires_at: Timestamp,
}

/// Public documents of sign-in providers: their metadata and keys. They are stored so that an instance that starts does
/// not have to fetch them. They belong to no user.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait Documents {
    /// Returns the documents of these names, in any order, even if they are expired. A name without a document is left
    /// out. The caller gives at most 8 names, each once.
    async fn find_documents(&self, names: Vec<String>) -> Result<Vec<Document>, StorageError>;

    /// Stores a document in place of the one of the same name.
    ///
    /// Atomic: of concurrent calls with one name, the document of the last one stays, whole.
    async fn store_document(&self, document: Document) -> Result<(), StorageError>;
}

//! Public documents of sign-in providers.

use gatewright_storage::{Document, Documents, StorageError};

use crate::state::MemoryStorage;

impl Documents for MemoryStorage {
    async fn find_documents(&self, names: Vec<String>) -> Result<Vec<Document>, StorageError> {
        let documents = &self.lock().documents;
        let found = names.iter().filter_map(|name| documents.get(name));
        Ok(found.cloned().collect())
    }

    async fn store_document(&self, document: Document) -> Result<(), StorageError> {
        let documents = &mut self.lock().documents;
        documents.insert(document.name.clone(), document);
        Ok(())
    }
}

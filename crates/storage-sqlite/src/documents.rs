//! Public documents of sign-in providers.

use gatewright_storage::{Document, Documents, StorageError};

use crate::executor::{Executor, Statement};
use crate::storage::SqliteStorage;
use crate::value::Row;

const FIND: &str = "SELECT name, content, fetched_at, expires_at FROM documents
    WHERE name IN (SELECT value FROM json_each(?1))";
const STORE: &str =
    "INSERT INTO documents (name, content, fetched_at, expires_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (name) DO UPDATE SET content = excluded.content, fetched_at = excluded.fetched_at,
        expires_at = excluded.expires_at";

impl<E: Executor> Documents for SqliteStorage<E> {
    async fn find_documents(&self, names: Vec<String>) -> Result<Vec<Document>, StorageError> {
        let read = |mut row: Row| {
            Ok(Document {
                name: row.next()?,
                content: row.next()?,
                fetched_at: row.next()?,
                expires_at: row.next()?,
            })
        };
        let names = serde_json::Value::from(names).to_string();
        let find = Statement::new(FIND, vec![names.into()]);
        let rows = self.executor().query(find).await?;
        rows.into_iter().map(read).collect()
    }

    async fn store_document(&self, document: Document) -> Result<(), StorageError> {
        let parameters = vec![
            document.name.into(),
            document.content.into(),
            document.fetched_at.into(),
            document.expires_at.into(),
        ];
        let store = Statement::new(STORE, parameters);
        self.executor().execute(store).await.map(|_| ())
    }
}

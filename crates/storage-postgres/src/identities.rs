//! Identities: accounts at sign-in providers.

use gatewright_storage::{Identities, Identity, StorageError, Timestamp};

use crate::executor::{Executor, Statement};
use crate::storage::PostgresStorage;
use crate::value::{Row, Value};

/// The columns that [`identity`] reads.
macro_rules! identity_columns {
    () => {
        "identities.issuer, identities.subject, identities.provider, identities.email AS identity_email, identities.label,
        identities.created_at AS identity_created_at, identities.last_used_at, identities.tokens"
    };
}
/// Whether a user has one of the identities in a parameter, as written by [`pairs`].
macro_rules! identity_taken {
    ($pairs:literal) => {
        concat!(
            "(",
            $pairs,
            "::text IS NOT NULL AND EXISTS (SELECT 1 FROM jsonb_array_elements(",
            $pairs,
            "::text::jsonb) AS pair JOIN identities
                ON identities.issuer = pair ->> 0 AND identities.subject = pair ->> 1))"
        )
    };
}
pub(crate) use {identity_columns, identity_taken};

const LIST: &str = concat!(
    "SELECT ",
    identity_columns!(),
    " FROM identities WHERE user_id = $1 ORDER BY created_at, issuer, subject"
);
const USE: &str = "UPDATE identities SET email = $3, last_used_at = $4
    WHERE issuer = $1 AND subject = $2 RETURNING 1";
const REPLACE_TOKENS: &str = "UPDATE identities SET tokens = $4
    WHERE issuer = $1 AND subject = $2 AND tokens IS NOT DISTINCT FROM $3::text RETURNING 1";

const INSERT: &str = "INSERT INTO identities
        (user_id, issuer, subject, provider, email, label, created_at, last_used_at, tokens)
    SELECT id, $3, $4, $5, $6, $7, $8, $9, $10 FROM users WHERE id = $1 AND change_id = $2";

/// Stores an identity of a user, if this change was applied to the user.
pub(crate) fn insert_identity(identity: Identity, change_id: &str) -> Statement {
    let mut parameters = vec![identity.user_id.as_str().into(), change_id.into()];
    parameters.extend(fields(identity));
    Statement::new(INSERT, parameters)
}

/// Returns the values of an identity: issuer, subject, provider, address, label, times and tokens.
pub(crate) fn fields(identity: Identity) -> [Value; 8] {
    [
        identity.issuer.into(),
        identity.subject.into(),
        identity.provider.into(),
        identity.email.into(),
        identity.label.into(),
        identity.created_at.into(),
        identity.last_used_at.into(),
        identity.tokens.into(),
    ]
}

/// Returns issuers and subjects in the form that `identity_taken!` reads; null if there are none.
pub(crate) fn pairs(identities: &[Identity]) -> Value {
    if identities.is_empty() {
        return Value::Null;
    }
    let pairs = identities.iter().map(|one| [&one.issuer, &one.subject]);
    let pairs: Vec<_> = pairs.collect();
    Value::Text(serde_json::json!(pairs).to_string())
}

/// Reads the columns of `identity_columns!`.
pub(crate) fn identity(row: &mut Row, user_id: String) -> Result<Identity, StorageError> {
    Ok(Identity {
        user_id,
        issuer: row.next()?,
        subject: row.next()?,
        provider: row.next()?,
        email: row.next()?,
        label: row.next()?,
        created_at: row.next()?,
        last_used_at: row.next()?,
        tokens: row.next()?,
    })
}

impl<E: Executor> Identities for PostgresStorage<E> {
    async fn list_identities(&self, user_id: String) -> Result<Vec<Identity>, StorageError> {
        let list = Statement::new(LIST, vec![user_id.as_str().into()]);
        let rows = self.database().query(list).await?.into_iter();
        rows.map(|mut row| identity(&mut row, user_id.clone()))
            .collect()
    }

    async fn use_identity(
        &self,
        issuer: String,
        subject: String,
        email: Option<String>,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let parameters = vec![issuer.into(), subject.into(), email.into(), now.into()];
        let used = self.database().execute(Statement::new(USE, parameters));
        Ok(!used.await?.is_empty())
    }

    async fn replace_identity_tokens(
        &self,
        issuer: String,
        subject: String,
        expected: Option<String>,
        replacement: Option<String>,
    ) -> Result<bool, StorageError> {
        let parameters = vec![
            issuer.into(),
            subject.into(),
            expected.into(),
            replacement.into(),
        ];
        let replace = Statement::new(REPLACE_TOKENS, parameters);
        Ok(!self.database().execute(replace).await?.is_empty())
    }
}

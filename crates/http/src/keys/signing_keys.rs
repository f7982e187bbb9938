//! Administering the keys that sign access tokens.

use auth_core::storage::StoredSigningKey;
use auth_core::{Platform, Timestamp};
use serde::Serialize;

use crate::call::{Answer, Call};
use crate::proof::Administrator;
use crate::row::{get, post, rows};

rows![
    list_keys = get("/keys", "The keys that sign access tokens, or did.")
        .permission("keys:read")
        .answers::<KeysResponse>(),
    rotate_key = post("/keys/rotate", "Makes a new key that signs from now on.")
        .permission("keys:write")
        .creates::<KeyView>()
        .fails(&[404]),
];

/// A key that signs access tokens, or did.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct KeyView {
    /// Key identifier, `kid` in token headers.
    kid: String,
    /// JWS algorithm.
    algorithm: String,
    /// Since when it signs, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    created_at: String,
    /// Since when it does not sign any more, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    retired_at: Option<String>,
    /// From when on signatures of it are not accepted, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    expires_at: Option<String>,
}

impl From<StoredSigningKey> for KeyView {
    fn from(key: StoredSigningKey) -> Self {
        let time = |time: Timestamp| time.to_string();
        Self {
            kid: key.kid,
            algorithm: key.algorithm,
            created_at: key.created_at.to_string(),
            retired_at: key.retired_at.map(time),
            expires_at: key.expires_at.map(time),
        }
    }
}

/// All keys, oldest first.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct KeysResponse {
    keys: Vec<KeyView>,
}

async fn list_keys<P: Platform>(call: &Call<'_, P>, _: Administrator) -> Answer<KeysResponse> {
    let keys = call.auth.signing_keys().list().await?.into_iter();
    Ok(call.json(&KeysResponse {
        keys: keys.map(KeyView::from).collect(),
    }))
}

async fn rotate_key<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<KeyView> {
    let key = call.auth.signing_keys().rotate(&administrator).await?;
    Ok(call.json(&key.into()))
}

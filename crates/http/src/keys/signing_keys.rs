//! Administering the keys that sign access tokens.

use auth_core::storage::StoredSigningKey;
use auth_core::{Platform, Timestamp};
use serde::{Deserialize, Serialize};

use crate::call::{Answer, Call};
use crate::proof::Administrator;
use crate::row::{get, post, rows};

rows![
    list_keys = get("/keys", "The keys that sign access tokens, or did.")
        .permission("keys:read")
        .answers::<KeysResponse>(),
    rotate_key = post("/keys/rotate", "Makes a new key that signs from now on.")
        .permission("keys:write")
        .optional_json::<RotateKeyRequest>()
        .creates::<KeyView>()
        .fails(&[404]),
];

/// How keys are replaced.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RotateKeyRequest {
    /// Whether everything that was signed before is refused from now on: a key has become known to others.
    #[serde(default)]
    emergency: bool,
}

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
    /// Whether it was made in an emergency, which ended what was signed before.
    emergency: bool,
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
            emergency: key.emergency,
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
    request: RotateKeyRequest,
) -> Answer<KeyView> {
    let keys = call.auth.signing_keys();
    let key = keys.rotate(&administrator, request.emergency).await?;
    Ok(call.json(&key.into()))
}

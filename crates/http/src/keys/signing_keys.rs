//! Administration of signing keys.

use auth_core::storage::StoredSigningKey;
use auth_core::{Platform, Timestamp};
use serde::{Deserialize, Serialize};

use crate::call::{Answer, Call};
use crate::proof::Administrator;
use crate::row::{get, post, rows};

rows![
    list_keys = get(
        "/keys",
        "Lists the current and former signing keys of access tokens."
    )
    .permission("keys:read")
    .answers::<KeysResponse>(),
    rotate_key = post(
        "/keys/rotate",
        "Creates a new signing key and uses it from now on."
    )
    .permission("keys:write")
    .optional_json::<RotateKeyRequest>()
    .creates::<KeyView>()
    .fails(&[404]),
];

/// Options of a key rotation.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RotateKeyRequest {
    /// Whether to reject everything signed before, because a key was compromised.
    #[serde(default)]
    emergency: bool,
}

/// A current or former signing key of access tokens.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct KeyView {
    /// Key identifier. The `kid` header of tokens.
    kid: String,
    /// JWS algorithm.
    algorithm: String,
    /// When the key started to sign, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    created_at: String,
    /// When the key stopped signing, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    retired_at: Option<String>,
    /// When signatures of the key stop being accepted, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    expires_at: Option<String>,
    /// Whether the key was created in an emergency rotation, which invalidated everything signed before.
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

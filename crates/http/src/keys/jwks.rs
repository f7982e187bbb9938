//! The JSON Web Key Set: the public keys that verify access tokens.

use auth_core::Platform;

use crate::call::{Answer, Call};
use crate::proof::Public;
use crate::row::{get, rows};

rows![
    jwks = get(
        "/.well-known/jwks.json",
        "Returns the public keys that verify access tokens, as a JSON Web Key Set (RFC 7517).",
    )
    .answers::<JwkSet>(),
];

/// A JSON Web Key Set (RFC 7517 section 5).
#[cfg_attr(test, derive(utoipa::ToSchema))]
#[allow(dead_code, reason = "documents what auth_core writes")]
pub(crate) struct JwkSet {
    keys: Vec<serde_json::Map<String, serde_json::Value>>,
}

async fn jwks<P: Platform>(call: &Call<'_, P>, _: Public) -> Answer<JwkSet> {
    let keys = call.auth.signing_keys().jwks().await?;
    Ok(call.ready_made(keys.into()).cached("public, max-age=60"))
}

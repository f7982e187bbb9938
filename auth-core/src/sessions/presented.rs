//! Finds the sessions of presented tokens.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::secret::digest;
use crate::sessions::authenticate::{is_opaque, verify_access_token};
use crate::sessions::refresh_token::PresentedToken;
use crate::storage::Sessions as _;

/// The maximum number of sessions that one request can end.
const MAX_SESSIONS: usize = 16;

/// Returns the sessions of tokens of any kind, without duplicates, even if the token or the session has expired or
/// ended. Other texts are ignored.
pub(super) async fn sessions_of<P: Platform>(
    context: &Context<P>,
    tokens: &[&str],
) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for token in tokens {
        match session_of(context, token).await? {
            Some(id) if ids.len() < MAX_SESSIONS && !ids.contains(&id) => ids.push(id),
            _ => {}
        }
    }
    Ok(ids)
}

async fn session_of<P: Platform>(context: &Context<P>, token: &str) -> Result<Option<String>> {
    let storage = context.storage();
    if is_opaque(token) {
        let found = storage.find_session_by_token(digest(token)).await?;
        return Ok(found.map(|active| active.session.id));
    }
    if let Some(presented) = PresentedToken::parse(&context.config.secret_key, token) {
        return Ok(match presented.session {
            Some(named) => Some(named),
            None => {
                let digest = presented.token.digest();
                storage.find_refresh_token_session(digest).await?
            }
        });
    }
    match verify_access_token(context, token, context.now()).await {
        Ok((claims, _)) => Ok(Some(claims.sid)),
        Err(Error::AccessToken(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

//! A flow: everything that is known about a sign-in while the browser is at the provider. It is kept encrypted in a
//! cookie, never in storage.

use core::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::json;
use crate::platform::Platform;
use crate::secret::{SecretToken, digest};
use crate::sessions::transport::SessionTransport;
use crate::time::Timestamp;

/// How long a person can stay at the provider.
pub(super) const LIFE: Duration = Duration::from_secs(600);

/// The purpose of the encryption.
const PURPOSE: &str = "oauth_flow";

/// The number of characters of a cookie's identifier.
const ID_LEN: usize = 16;

/// The purpose of a flow: the request in which its code can be presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowPurpose {
    /// Sign in, or sign up.
    SignIn,
    /// Link the identity to the account of a session.
    Link,
    /// Prove again that the user of a session is present.
    Reauthenticate,
    /// Prove whose account it is beside a mailed link, however long ago the person signed in at the provider.
    Verify,
}

impl FlowPurpose {
    /// Returns the purpose with this name in requests.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "sign_in" => Some(Self::SignIn),
            "link" => Some(Self::Link),
            "reauthenticate" => Some(Self::Reauthenticate),
            "verify" => Some(Self::Verify),
            _ => None,
        }
    }
}

/// The value of a flow's cookie.
pub struct FlowCookie {
    /// The part of the cookie's name that tells flows apart. It is derived from the state.
    pub id: String,
    /// The encrypted flow.
    pub value: String,
    /// Seconds for which the browser keeps the cookie.
    pub max_age: u64,
}

/// A flow.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Flow {
    /// The value that the ID token must repeat.
    pub nonce: String,
    /// The verifier of PKCE at the provider.
    pub verifier: String,
    /// Where the browser goes in the end.
    pub redirect_to: String,
    /// The request in which the code can be presented.
    pub purpose: FlowPurpose,
    /// The transport of a session that the callback itself starts.
    pub at_once: Option<SessionTransport>,
    /// The challenge that a front end without the cookie answers.
    pub code_challenge: Option<String>,
    /// When the flow began, in seconds since 1970.
    pub started_at: u64,
    /// Whether the path of another system began it, which has a callback of its own.
    pub compatible: bool,
}

/// A flow that was found in a cookie.
pub(super) struct Found {
    pub(super) flow: Flow,
    /// The identifier of the cookie.
    pub(super) id: String,
    /// The digest of the cookie's value.
    pub(super) digest: String,
}

impl Flow {
    /// Returns the cookie of a flow, which only its state opens, and only for its provider.
    pub(super) fn seal<P: Platform>(
        &self,
        context: &Context<P>,
        provider: &str,
        state: &SecretToken,
    ) -> Result<FlowCookie> {
        let text = serde_json::to_vec(self)
            .map(Zeroizing::new)
            .map_err(|error| Error::Internal(format!("a flow: {error}")))?;
        let key = &context.config.secret_key;
        Ok(FlowCookie {
            id: id_of(state),
            value: key.encrypt(&context.platform, PURPOSE, provider, state.expose(), &text),
            max_age: LIFE.as_secs(),
        })
    }

    /// Returns the flow of a state in the browser's cookies, or `None` if it is of another browser or provider, or too
    /// old.
    pub(super) fn find<P: Platform>(
        context: &Context<P>,
        provider: &str,
        state: &SecretToken,
        cookies: &dyn Fn(&str) -> Vec<String>,
    ) -> Option<Found> {
        let id = id_of(state);
        let key = &context.config.secret_key;
        // A browser can have cookies of several paths and domains by one name.
        let found = cookies(&id).into_iter().find_map(|value| {
            let text = key.decrypt(PURPOSE, provider, state.expose(), &value)?;
            let flow: Self = json::from_slice(&text).ok()?;
            Some((flow, digest(&value)))
        });
        let (flow, digest) = found?;
        let ends_at = flow.began() + LIFE;
        (context.now() < ends_at).then_some(Found { flow, id, digest })
    }

    /// Returns when the flow began.
    pub(super) fn began(&self) -> Timestamp {
        Timestamp::from_millis(self.started_at.saturating_mul(1000))
    }
}

/// Returns the identifier of the cookie of a flow with this state.
fn id_of(state: &SecretToken) -> String {
    let mut id = state.digest();
    id.truncate(ID_LEN);
    id
}

//! The results of an exchange: what a one-time code leads to.

use crate::federation::code::Continuation;
use crate::secret::SecretToken;
use crate::sessions::tokens::Tokens;
use crate::sign_in::challenge::MfaChallenge;

/// The answer to a code.
pub struct Exchanged {
    /// The result of the sign-in.
    pub exchange: Exchange,
    /// How the sign-in goes on after a further step, if its session was to begin at once.
    pub continuation: Option<Continuation>,
}

impl Exchanged {
    /// Returns the answer without a continuation.
    pub fn alone(exchange: Exchange) -> Self {
        Self {
            exchange,
            continuation: None,
        }
    }
}

/// The result of a sign-in by a provider.
#[allow(
    clippy::large_enum_variant,
    reason = "created once for each sign-in and moved immediately"
)]
pub enum Exchange {
    /// A session has started.
    SignedIn(Tokens),
    /// A second factor is in force.
    MfaRequired(MfaChallenge),
    /// A new account lacks required data.
    CompletionRequired(CompletionRequired),
    /// The address of the account must be verified first.
    VerificationRequired,
}

/// A first sign-in that waits for data that the provider does not have.
pub struct CompletionRequired {
    /// The token to present with the data.
    pub token: SecretToken,
    /// Seconds until the token expires.
    pub expires_in: u64,
    /// The names of the missing fields: `email`, or `profile.` and the name of a field.
    pub missing: Vec<String>,
    /// The provider's address, which nobody has proved.
    pub email: Option<String>,
    /// The provider's user name.
    pub username: Option<String>,
    /// The provider's name to show.
    pub display_name: Option<String>,
}

//! Challenges: logins that wait for the second factor.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::error::Result;
use crate::federation::person::Person;
use crate::one_time_secret::{
    Purpose, create_sealed_secret, create_secret, open_sealed, peek_of_user,
};
use crate::platform::Platform;
use crate::secret::SecretToken;
use crate::sign_in::policy::Incomplete;

/// A login that waits for the second factor.
pub struct MfaChallenge {
    /// The token to present with the code. It works once.
    pub token: SecretToken,
    /// Seconds until the token expires.
    pub expires_in: u64,
}

/// How long a login waits for the second factor.
const CHALLENGE_LIFE: Duration = Duration::from_secs(600);

/// The data stored with a challenge: one of the two.
#[derive(Serialize, Deserialize)]
struct Challenge {
    /// The credential of the verified password. If the password changes in the meantime, the challenge becomes invalid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
    /// The person whom a provider has named, as [`Sealed`](crate::one_time_secret::Sealed) has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
}

/// The person whom a provider has named before a challenge.
#[derive(Serialize, Deserialize)]
pub(crate) struct Named {
    /// The person.
    pub(crate) person: Person,
    /// Whether the code also links their identity. Otherwise the challenge is invalid without it.
    pub(crate) links: bool,
}

/// The first factor that was proved before a challenge.
pub(crate) enum FirstFactor {
    /// The password of this credential.
    Password(String),
    /// The identity of a person.
    Identity(Box<Named>),
}

/// A presented challenge.
pub(crate) struct PresentedChallenge {
    /// The digest, with which the challenge is consumed.
    pub(crate) digest: String,
    /// The user who signs in.
    pub(crate) user_id: String,
    /// The first factor.
    pub(crate) first: FirstFactor,
}

/// Creates a challenge that a code of the second factor completes, after the password.
pub(crate) async fn challenge<P: Platform>(
    context: &Context<P>,
    incomplete: &Incomplete,
) -> Result<MfaChallenge> {
    let proof = incomplete.proof();
    let payload = Challenge {
        credential: proof.credential_id().map(str::to_owned),
        sealed: None,
    };
    let user = Some(proof.user_id());
    let life = CHALLENGE_LIFE;
    let token = create_secret(context, Purpose::Mfa, user, &payload, life, false).await?;
    Ok(waiting(token))
}

/// Creates a challenge that a code of the second factor completes, after a provider has named the person. `links` is
/// whether the code also links their identity.
pub(crate) async fn challenge_person<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    person: &Person,
    links: bool,
) -> Result<MfaChallenge> {
    let user = Some(user_id);
    let named = Named {
        person: person.clone(),
        links,
    };
    let token = create_sealed_secret(context, Purpose::Mfa, user, &named, CHALLENGE_LIFE).await?;
    Ok(waiting(token))
}

fn waiting(token: SecretToken) -> MfaChallenge {
    MfaChallenge {
        token,
        expires_in: CHALLENGE_LIFE.as_secs(),
    }
}

/// Verifies a presented challenge without consuming it.
///
/// # Errors
/// [`Error::Link`](crate::Error::Link), or a failure of the platform.
pub(crate) async fn peek_challenge<P: Platform>(
    context: &Context<P>,
    presented: &str,
) -> Result<PresentedChallenge> {
    let usable = peek_of_user::<Challenge, _>(context, Purpose::Mfa, presented).await?;
    let first = match usable.payload {
        Challenge {
            sealed: Some(sealed),
            ..
        } => {
            let opened = open_sealed(context, Purpose::Mfa, presented, &usable.digest, &sealed);
            FirstFactor::Identity(Box::new(opened?))
        }
        Challenge { credential, .. } => FirstFactor::Password(credential.unwrap_or_default()),
    };
    Ok(PresentedChallenge {
        digest: usable.digest,
        user_id: usable.user_id,
        first,
    })
}

//! Starts a session of a person who has proved who they are.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::audit::event::{Event, EventKind};
use crate::audit::record::record;
use crate::client::Client;
use crate::context::Context;
use crate::error::Result;
use crate::new_id::new_id;
use crate::platform::Platform;
use crate::secret::digest;
use crate::sessions::tokens::{OpaqueToken, TokenPair, Tokens, new_refresh_token, token_pair};
use crate::sessions::transport::{OPAQUE, TokenFormat};
use crate::sign_in::known_device::device_token;
use crate::sign_in::policy::Admitted;
use crate::sign_in::verification::invalid_credentials;
use crate::signing_keys::cache::Freshness;
use crate::signing_keys::current::current_keys;
use crate::storage::{
    ActiveSession, NewSession, RefreshToken, Session, Sessions as _, StartSessionOutcome,
    StartedSession,
};

/// Random bytes of an opaque token.
const OPAQUE_LEN: usize = 64;

/// Starts a session of a user whom the policy admits.
///
/// # Errors
/// [`Error::InvalidCredentials`](crate::Error::InvalidCredentials) or [`Error::InvalidOrUnverified`](crate::Error::InvalidOrUnverified) when the user was deleted or disabled or the password
/// changed meanwhile, or a failure of the platform.
pub(crate) async fn start_session<P: Platform>(
    context: &Context<P>,
    admitted: &Admitted,
    client: &Client,
    format: TokenFormat,
) -> Result<Tokens> {
    let proof = admitted.proof();
    let credential = proof.credential_id();
    let now = context.now();
    let expires_at = now + context.config.session_life;
    let mut session = Session {
        id: new_id(&context.platform),
        user_id: proof.user_id().to_owned(),
        client_id: None,
        actor_id: None,
        parent_id: None,
        amr: proof.amr(),
        authenticated_at: now,
        created_at: now,
        last_seen_at: now,
        expires_at,
        ip: client.ip.map(|ip| ip.to_canonical().to_string()),
        token: None,
        user_agent: client.user_agent.clone(),
        revoked_at: None,
        revocation_reason: None,
    };
    match format {
        TokenFormat::Jwt => {
            // First: without a key to sign with nothing must be stored.
            let keys = current_keys(context, now, Freshness::Usual).await?;
            let token = new_refresh_token(context, &session.id)?;
            let refresh_token = RefreshToken {
                digest: token.digest(),
                expires_at: expires_at.min(now + context.config.refresh_token_life),
                names_session: true,
            };
            let active =
                store_session(context, session, credential, Some(refresh_token), client).await?;
            Ok(Tokens::Jwt(TokenPair {
                device: credential.map(|id| device_token(context, id, client)),
                ..token_pair(context, &keys, now, active, token)?
            }))
        }
        TokenFormat::Opaque => {
            let mut bytes = Zeroizing::new([0; OPAQUE_LEN]);
            context.platform.fill_random(bytes.as_mut());
            let token = Zeroizing::new(format!(
                "{OPAQUE}{}",
                URL_SAFE_NO_PAD.encode(bytes.as_ref())
            ));
            session.token = Some(digest(&token));
            let active = store_session(context, session, credential, None, client).await?;
            Ok(Tokens::Opaque(OpaqueToken {
                token,
                expires_in: active.session.expires_at.since(now).as_secs(),
                active,
                device: credential.map(|id| device_token(context, id, client)),
            }))
        }
    }
}

async fn store_session<P: Platform>(
    context: &Context<P>,
    session: Session,
    credential: Option<&str>,
    refresh_token: Option<RefreshToken>,
    client: &Client,
) -> Result<ActiveSession> {
    let now = session.created_at;
    let new = NewSession {
        session,
        refresh_token,
        credential: credential.map(str::to_owned),
        ends_others: context.config.single_session,
    };
    match context.storage().start_session(new).await? {
        StartSessionOutcome::Started(StartedSession { active, ended }) => {
            context.announce_ended(ended, now);
            let event = Event::own(EventKind::LoginSucceeded, &active)
                .with("amr", active.session.amr.as_slice());
            record(context, event, client);
            Ok(active)
        }
        StartSessionOutcome::UserInactive => Err(invalid_credentials(&context.config)),
    }
}

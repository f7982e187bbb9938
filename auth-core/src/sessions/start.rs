//! Starts and renews sessions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::audit::event::{Event, EventKind};
use crate::audit::record::{audit_event, log_events};
use crate::client::Client;
use crate::context::Context;
use crate::error::{AccessTokenError, Error, Result};
use crate::new_id::new_id;
use crate::platform::Platform;
use crate::secret::digest;
use crate::sessions::presented::sessions_of;
use crate::sessions::tokens::{OpaqueToken, TokenPair, Tokens, new_refresh_token, token_pair};
use crate::sessions::transport::{OPAQUE, TokenFormat};
use crate::sign_in::known_device::device_token;
use crate::sign_in::policy::Admitted;
use crate::sign_in::proof::{Method, Proof, has_proved_mfa};
use crate::sign_in::verification::invalid_credentials;
use crate::signing_keys::cache::Freshness;
use crate::signing_keys::current::current_keys;
use crate::storage::{
    ActiveSession, NewSession, RefreshToken, Session, Sessions as _, StartSessionOutcome,
    StartedSession,
};

/// The number of random bytes in an opaque token.
const OPAQUE_LEN: usize = 64;

/// Starts a session of a user whom the policy admits. It replaces the sessions of the tokens in `replaces`.
///
/// # Errors
/// [`Error::InvalidCredentials`] or [`Error::InvalidOrUnverified`] if the user was deleted or disabled or the password
/// changed or the identity was unlinked in the meantime, or a failure of the platform.
pub(crate) async fn start_session<P: Platform>(
    context: &Context<P>,
    admitted: &Admitted,
    client: &Client,
    format: TokenFormat,
    replaces: &[&str],
) -> Result<Tokens> {
    let proof = admitted.proof();
    let now = context.now();
    let mut new = NewSession {
        session: Session {
            id: new_id(&context.platform),
            user_id: proof.user_id().to_owned(),
            client_id: None,
            actor_id: None,
            parent_id: None,
            amr: proof.amr(),
            authenticated_at: proof.proved_at(now),
            created_at: now,
            last_seen_at: now,
            expires_at: now + context.config.session_life,
            ip: client.ip.map(|ip| ip.to_canonical().to_string()),
            token: None,
            user_agent: client.user_agent.clone(),
            revoked_at: None,
            revocation_reason: None,
        },
        refresh_token: None,
        credential: proof.credential_id().map(str::to_owned),
        identity: proof.identity().cloned(),
        ends_others: context.config.single_session,
        continues: None,
        replaces: sessions_of(context, replaces).await?,
        events: Vec::new(),
    };
    let amr = new.session.amr.clone();
    let event = told(EventKind::LoginSucceeded, &new.session).with("amr", amr);
    new.events = vec![audit_event(context, event, client)];
    let tokens = issue(context, new, format, client).await?;
    tokens.ok_or_else(|| invalid_credentials(&context.config))
}

/// Replaces a session after re-authentication. The new session has new tokens of the same format, keeps the IP address
/// and user agent of the old one, and ends when the old one would have ended.
///
/// # Errors
/// [`Error::AccessToken`] if the session has ended in the meantime or the credential behind the proof is gone, or a
/// failure of the platform.
pub(crate) async fn renew_session<P: Platform>(
    context: &Context<P>,
    active: &ActiveSession,
    proof: &Proof,
    reason: &'static str,
    client: &Client,
) -> Result<Tokens> {
    let now = context.now();
    let before = &active.session;
    let (amr, authenticated_at) = if is_as_much(before, proof) {
        (proof.amr(), proof.proved_at(now))
    } else {
        let further = proof.amr().into_iter();
        let further = further.filter(|name| !before.amr.contains(name));
        let amr = before.amr.iter().cloned().chain(further).collect();
        (amr, before.authenticated_at)
    };
    let mut new = NewSession {
        session: Session {
            id: new_id(&context.platform),
            amr,
            authenticated_at,
            created_at: now,
            last_seen_at: now,
            token: None,
            ..before.clone()
        },
        refresh_token: None,
        credential: proof.credential_id().map(str::to_owned),
        identity: proof.identity().cloned(),
        ends_others: false,
        continues: Some(before.id.clone()),
        replaces: Vec::new(),
        events: Vec::new(),
    };
    let format = match before.token {
        Some(_) => TokenFormat::Opaque,
        None => TokenFormat::Jwt,
    };
    let event = told(EventKind::SessionRenewed, &new.session)
        .because(reason)
        .with("ended_session", before.id.as_str());
    new.events = vec![audit_event(context, event, client)];
    let tokens = issue(context, new, format, client).await?;
    tokens.ok_or(Error::AccessToken(AccessTokenError::SessionEnded))
}

/// Returns an event of the start of a session.
fn told(kind: EventKind, session: &Session) -> Event {
    let actor = session.actor_id.as_ref().unwrap_or(&session.user_id);
    Event::new(kind)
        .by(Some(actor))
        .on("user", &session.user_id)
        .during(Some(&session.id))
}

/// Whether the proof has at least as many factors as the session had before.
fn is_as_much(before: &Session, proof: &Proof) -> bool {
    proof.has_first_factor() && (!has_proved_mfa(before) || proof.has(Method::SecondFactor))
}

/// Stores a session and creates its tokens. Returns `None` if the user or the credential it is based on is gone.
async fn issue<P: Platform>(
    context: &Context<P>,
    mut new: NewSession,
    format: TokenFormat,
    client: &Client,
) -> Result<Option<Tokens>> {
    let (now, expires_at) = (new.session.created_at, new.session.expires_at);
    let credential = new.credential.clone();
    let device = || {
        let credential = credential.as_deref();
        credential.map(|id| device_token(context, id, client))
    };
    match format {
        TokenFormat::Jwt => {
            // Loaded first: without a signing key, nothing must be stored.
            let keys = current_keys(context, now, Freshness::Usual).await?;
            let token = new_refresh_token(context, &new.session.id)?;
            new.refresh_token = Some(RefreshToken {
                digest: token.digest(),
                expires_at: expires_at.min(now + context.config.refresh_token_life),
                names_session: true,
            });
            let Some(active) = store_session(context, new).await? else {
                return Ok(None);
            };
            Ok(Some(Tokens::Jwt(TokenPair {
                device: device(),
                ..token_pair(context, keys, now, active, token).await?
            })))
        }
        TokenFormat::Opaque => {
            let mut bytes = Zeroizing::new([0; OPAQUE_LEN]);
            context.platform.fill_random(bytes.as_mut());
            let token = Zeroizing::new(format!(
                "{OPAQUE}{}",
                URL_SAFE_NO_PAD.encode(bytes.as_ref())
            ));
            new.session.token = Some(digest(&token));
            let Some(active) = store_session(context, new).await? else {
                return Ok(None);
            };
            Ok(Some(Tokens::Opaque(OpaqueToken {
                token,
                expires_in: active.session.expires_at.since(now).as_secs(),
                active,
                device: device(),
            })))
        }
    }
}

async fn store_session<P: Platform>(
    context: &Context<P>,
    new: NewSession,
) -> Result<Option<ActiveSession>> {
    let now = new.session.created_at;
    let events = new.events.clone();
    match context.storage().start_session(new).await? {
        StartSessionOutcome::Started(StartedSession { active, ended }) => {
            log_events(context, &events);
            context.announce_ended(ended, now);
            Ok(Some(active))
        }
        StartSessionOutcome::UserInactive => Ok(None),
    }
}

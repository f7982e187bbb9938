//! Refresh token rotation.

use crate::audit::event::{Event, EventKind};
use crate::audit::record::record;
use crate::client::Client;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::mail::kind::MailKind;
use crate::mail::outbox::notify_user;
use crate::platform::{Level, Platform};
use crate::rate_limits::quota::count_refresh;
use crate::sessions::Sessions;
use crate::sessions::refresh_token::PresentedToken;
use crate::sessions::tokens::{TokenPair, new_refresh_token, token_pair};
use crate::signing_keys::cache::Freshness;
use crate::signing_keys::current::current_keys;
use crate::storage::{ActiveSession, RefreshToken, Rotation, RotationOutcome, Sessions as _};

/// The purpose that successors of refresh tokens are encrypted for.
const SUCCESSOR_PURPOSE: &str = "gatewright refresh token successor v1";

/// The maximum number of rotations within one grace window that a late copy of a token can follow.
const MAX_SUPERSEDED: usize = 8;

/// The maximum number of refresh tokens tried in one request.
const MAX_CANDIDATES: usize = 4;

impl<P: Platform> Sessions<'_, P> {
    /// Returns which of the presented refresh tokens to try, in order: at most four. Tokens of sessions other than
    /// `session_ids` are ignored; `None` allows any session. Tokens that name no session are last, so that added tokens
    /// can't crowd out the valid one.
    pub fn refresh_candidates<'a>(
        self,
        presented: Vec<&'a str>,
        session_ids: Option<&[&str]>,
    ) -> Vec<&'a str> {
        let may_be = |id: &str| session_ids.is_none_or(|ids| ids.contains(&id));
        let (mut named, mut unnamed) = (Vec::new(), Vec::new());
        for text in presented {
            match PresentedToken::parse(&self.context.config.secret_key, text) {
                Some(PresentedToken {
                    session: Some(id), ..
                }) if may_be(&id) => named.push(text),
                Some(PresentedToken { session: None, .. }) => unnamed.push(text),
                _ => {}
            }
        }
        named.extend(unnamed);
        named.truncate(MAX_CANDIDATES);
        named
    }

    /// Exchanges a refresh token for a new pair of tokens.
    ///
    /// A token can be exchanged once. If it is presented again within the grace window, it returns the same successor,
    /// so that two tabs of one user don't sign the user out. If it is presented later, two parties have it, and the
    /// session ends.
    ///
    /// # Errors
    /// [`Error::RefreshToken`], or a failure of the platform.
    pub async fn refresh(self, presented: &str, client: &Client) -> Result<TokenPair> {
        let context = self.context;
        let presented = PresentedToken::parse(&context.config.secret_key, presented);
        let PresentedToken { mut token, session } = presented.ok_or(Error::RefreshToken)?;
        let storage = context.storage();
        let session_id = match &session {
            Some(named) => named.clone(),
            None => storage
                .find_refresh_token_session(token.digest())
                .await?
                .ok_or(Error::RefreshToken)?,
        };
        count_refresh(context, &session_id).await?;
        // One timestamp for the whole operation, so that the grace window can't end midway.
        let now = context.now();
        // Loaded first: without a signing key, no token must be consumed.
        let keys = current_keys(context, now, Freshness::Usual).await?;
        for _ in 0..MAX_SUPERSEDED {
            let digest = token.digest();
            let successor = new_refresh_token(context, &session_id)?;
            let ciphertext = context.config.secret_key.encrypt(
                &context.platform,
                SUCCESSOR_PURPOSE,
                &digest,
                token.expose(),
                successor.expose().as_bytes(),
            );
            let outcome = storage
                .rotate_refresh_token(Rotation {
                    presented: digest.clone(),
                    session: session.clone(),
                    successor: RefreshToken {
                        digest: successor.digest(),
                        expires_at: now + context.config.refresh_token_life,
                        names_session: true,
                    },
                    ciphertext,
                    now,
                    grace: context.config.refresh_token_grace,
                })
                .await?;
            match outcome {
                RotationOutcome::Rotated(active) => {
                    return token_pair(context, keys, now, active, successor).await;
                }
                RotationOutcome::Replayed(replayed) => {
                    let successor = context
                        .config
                        .secret_key
                        .decrypt(
                            SUCCESSOR_PURPOSE,
                            &digest,
                            token.expose(),
                            &replayed.ciphertext,
                        )
                        .and_then(|plain| {
                            let plain = core::str::from_utf8(&plain).ok()?;
                            PresentedToken::parse(&context.config.secret_key, plain)
                        })
                        .map(|successor| successor.token)
                        .ok_or_else(|| {
                            Error::Internal(
                                "SECRET_KEY can't decrypt the successor of a refresh token".into(),
                            )
                        })?;
                    if !replayed.superseded {
                        return token_pair(context, keys, now, replayed.active, successor).await;
                    }
                    // The other tab has already refreshed again. Continue from its token.
                    token = successor;
                }
                RotationOutcome::Reused(active) => {
                    report_reuse(context, &active, client);
                    context.announce_ended(vec![active.session.id], now);
                    return Err(Error::RefreshToken);
                }
                RotationOutcome::Expired | RotationOutcome::Revoked | RotationOutcome::Unknown => {
                    break;
                }
            }
        }
        Err(Error::RefreshToken)
    }

    /// Works like [`refresh`](Self::refresh), but only for a token of one of these sessions. A token of another session
    /// is refused and not consumed, so that a planted token can't choose the account that the user continues with.
    ///
    /// # Errors
    /// [`Error::RefreshToken`], or a failure of the platform.
    pub async fn refresh_within(
        self,
        presented: &str,
        session_ids: &[&str],
        client: &Client,
    ) -> Result<TokenPair> {
        let context = self.context;
        let token = PresentedToken::parse(&context.config.secret_key, presented);
        let PresentedToken { token, session } = token.ok_or(Error::RefreshToken)?;
        let storage = context.storage();
        let is_one = |id: &String| session_ids.contains(&id.as_str());
        let found = match session {
            Some(named) => Some(named),
            None => storage.find_refresh_token_session(token.digest()).await?,
        };
        if found.is_some_and(|id| !is_one(&id)) {
            return Err(Error::RefreshToken);
        }
        // This refuses an unknown token, and reports the reuse of a forgotten one.
        let pair = Sessions::new(context).refresh(presented, client).await?;
        if is_one(&pair.active.session.id) {
            Ok(pair)
        } else {
            Err(Error::RefreshToken)
        }
    }
}

fn report_reuse<P: Platform>(context: &Context<P>, active: &ActiveSession, client: &Client) {
    let fields = [
        ("user", active.user.id.as_str()),
        ("session", active.session.id.as_str()),
    ];
    context.platform.log(
        Level::Warn,
        "a refresh token was used twice; its session was ended",
        &fields,
    );
    let event = Event::new(EventKind::TokenReused)
        .on("user", &active.user.id)
        .during(Some(&active.session.id));
    record(context, event, client);
    // The device of the session, not the one that presents the token now, which may be the attacker's.
    let device = Client {
        user_agent: active.session.user_agent.clone(),
        ..Client::default()
    };
    notify_user(context, &active.user, MailKind::RefreshTokenReuse, &device);
}

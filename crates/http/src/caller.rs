//! Who sends a request: the token of a session, in the `Authorization` header or in a cookie.

use auth_core::access::Holder;
use auth_core::storage::{ActiveSession, Cursor};
use auth_core::{
    AccessTokenError, Actor, Auth, Client, Config, DeviceToken, Error, Platform, Tokens, Transport,
};
use http::header::{AUTHORIZATION, ORIGIN, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use percent_encoding::percent_decode_str;

use crate::cookies::{self, Names};
use crate::error::ApiError;
use crate::query::{Query, invalid};
use crate::routes::{Access, Route};
use crate::service::client_address;

/// Marks a request of whoever has the database in his hands: he may do everything. It is an extension of the request,
/// which nothing that comes over a network can set.
#[derive(Debug, Clone, Copy)]
pub struct Operator;

/// Where browsers say how far a request came (Fetch Metadata).
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A request, read as far as every handler needs it.
pub(crate) struct Call<'a, P> {
    /// The decisions.
    pub(crate) auth: &'a Auth<P>,
    /// The route that was found for it.
    pub(crate) route: &'a Route,
    /// Its head.
    pub(crate) parts: &'a Parts,
    /// Its body.
    pub(crate) body: &'a [u8],
    /// Its identifier.
    pub(crate) request_id: &'a str,
}

impl<P: Platform> Call<'_, P> {
    pub(crate) fn config(&self) -> &Config {
        self.auth.config()
    }

    /// Who sends it, as far as the host knows.
    pub(crate) fn client(&self) -> Client {
        let user_agent = self.parts.headers.get(USER_AGENT).map(|value| {
            let mut bytes = 0;
            String::from_utf8_lossy(value.as_bytes())
                .chars()
                .filter(|c| !c.is_control())
                .take_while(|c| {
                    bytes += c.len_utf8();
                    bytes <= 512
                })
                .collect()
        });
        Client {
            ip: client_address(&self.parts.headers),
            user_agent,
            request_id: Some(self.request_id.to_owned()),
            device: cookies::values(&self.parts.headers, cookies::device(self.config()))
                .into_iter()
                .find_map(DeviceToken::parse),
        }
    }

    /// The session of the token that the request carries.
    pub(crate) async fn session(&self) -> Result<ActiveSession, ApiError> {
        let active = self.active_session().await?;
        // The one place for all: no route that takes a session can forget it.
        if active.session.actor_id.is_some() && !self.route.while_acting {
            return Err(ApiError::impersonating());
        }
        match self.route.access {
            Access::Permission(needed) if !Holder::from(&active).has_permission(needed) => {
                Err(ApiError::forbidden(needed))
            }
            _ => Ok(active),
        }
    }

    /// The same; none where the request carries no token.
    pub(crate) async fn optional_session(&self) -> Result<Option<ActiveSession>, ApiError> {
        if self.has_header() || !self.session_cookies().is_empty() {
            self.session().await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// The session of the token in the header or, without one, of the first cookie whose session lasts. A cookie comes by
    /// itself, whoever makes the browser send the request, so that one has to come from our own pages where it changes
    /// something.
    async fn active_session(&self) -> Result<ActiveSession, ApiError> {
        if self.has_header() {
            return Ok(self.auth.authenticate(bearer(self.parts)?).await?);
        }
        let tokens = self.session_cookies();
        if tokens.is_empty() {
            return Err(ApiError::unauthenticated());
        }
        self.require_own_page()?;
        let mut causes = Vec::new();
        for token in tokens {
            match self.auth.authenticate(token).await {
                Err(Error::AccessToken(cause)) => causes.push(cause),
                found => return Ok(found?),
            }
        }
        Err(refusal(&causes))
    }

    /// Whether the token is in the header, and cookies don't count.
    pub(crate) fn has_header(&self) -> bool {
        self.parts.headers.contains_key(AUTHORIZATION)
    }

    /// The tokens of sessions in cookies.
    pub(crate) fn session_cookies(&self) -> Vec<&str> {
        let names = self.names();
        let mut tokens = self.cookies(&names.session);
        tokens.extend(self.cookies(&names.access));
        tokens
    }

    /// The refresh tokens in cookies.
    pub(crate) fn refresh_cookies(&self) -> Vec<&str> {
        self.cookies(&self.names().refresh)
    }

    /// The sessions that a refresh token of a cookie may belong to; none: any.
    pub(crate) fn refreshed_sessions(&self) -> Option<Vec<&str>> {
        self.names().refreshed.map(|name| self.cookies(&name))
    }

    /// The part of the path that stands where the route has this name in braces.
    pub(crate) fn named(&self, name: &str) -> String {
        let path = self.parts.uri.path().split('/');
        let is = |part: &str| {
            let inner = part
                .strip_prefix('{')
                .and_then(|part| part.strip_suffix('}'));
            inner == Some(name)
        };
        let found = self
            .route
            .path
            .split('/')
            .zip(path)
            .find(|(part, _)| is(part));
        let text = found.map(|(_, text)| text).unwrap_or_default();
        percent_decode_str(text).decode_utf8_lossy().into_owned()
    }

    /// Where the page begins that the parameter `cursor` asks for; none: at the beginning of the list.
    pub(crate) fn cursor(&self, list: &str, query: &Query) -> Result<Option<Cursor>, ApiError> {
        let open = |sealed| {
            let cursor = self.auth.open_cursor(list, sealed);
            cursor.ok_or_else(|| invalid("cursor", "Not a cursor of this list."))
        };
        query.text("cursor").map(open).transpose()
    }

    /// Who administers: the person of the session, or whoever has the database in his hands.
    pub(crate) async fn actor(&self) -> Result<Actor, ApiError> {
        if self.parts.extensions.get::<Operator>().is_some() {
            return Ok(Actor::operator(self.client()));
        }
        let active = self.session().await?;
        let needed = match self.route.access {
            Access::Permission(needed) => Some(needed),
            _ => None,
        };
        Ok(Actor::of(&active, needed, self.client()))
    }

    /// Fails unless the request changes nothing, or was sent by a page of ours or of a configured origin.
    pub(crate) fn require_own_page(&self) -> Result<(), ApiError> {
        let safe = matches!(
            self.parts.method,
            Method::GET | Method::HEAD | Method::OPTIONS
        );
        if safe || self.sent_by_own_page() == Some(true) {
            Ok(())
        } else {
            Err(ApiError::cross_site())
        }
    }

    /// Fails if a page of another site sent the request, which could sign a person in to an account that is not his.
    pub(crate) fn refuse_other_sites(&self) -> Result<(), ApiError> {
        match self.sent_by_own_page() {
            Some(false) => Err(ApiError::cross_site()),
            _ => Ok(()),
        }
    }

    /// Whether a page of ours or of a configured origin sent the request; none: no browser says.
    fn sent_by_own_page(&self) -> Option<bool> {
        let headers = &self.parts.headers;
        let site = headers.get(FETCH_SITE).map(HeaderValue::as_bytes);
        if matches!(site, Some(b"same-origin" | b"none")) {
            return Some(true);
        }
        let Some(origin) = headers.get(ORIGIN) else {
            return site.map(|_| false);
        };
        let config = self.config();
        let own = [&config.public_base_url].into_iter();
        let mut known = own.chain(&config.frontend_url).chain(&config.cors_origins);
        Some(known.any(|known| known.as_bytes() == origin.as_bytes()))
    }

    fn cookies(&self, name: &str) -> Vec<&str> {
        cookies::values(&self.parts.headers, name)
    }

    fn names(&self) -> Names {
        Names::of(self.config())
    }

    /// Puts the tokens of a session into cookies.
    pub(crate) fn set_cookies(&self, headers: &mut HeaderMap, tokens: &Tokens) {
        cookies::set(self.config(), self.parts, headers, tokens);
    }

    /// Puts what the device is known by at its next login into a cookie of this host alone. It stays when a session ends.
    pub(crate) fn set_device(&self, headers: &mut HeaderMap, device: &DeviceToken) {
        cookies::set_device(self.config(), headers, device);
    }

    /// Clears that cookie, as the account is gone.
    pub(crate) fn forget_device(&self, headers: &mut HeaderMap) {
        cookies::clear_device(self.config(), self.parts, headers);
    }

    /// Clears every cookie of a session that the request carries.
    pub(crate) fn clear_cookies(&self, headers: &mut HeaderMap) {
        cookies::clear(self.config(), self.parts, headers);
    }

    /// How a login wants to carry its session.
    pub(crate) fn transport(&self, wanted: Option<&str>) -> Result<Transport, ApiError> {
        match wanted {
            None => Ok(self.config().session_transport),
            Some(name) => Transport::parse(name).ok_or_else(|| {
                let message = format!("One of {}.", Transport::NAMES.join(", "));
                ApiError::invalid_field("transport", "invalid_format", &message)
            }),
        }
    }
}

/// Why none of the tokens in cookies is accepted. One that has expired can be refreshed; where all sessions have ended, the
/// cookies are of no more use.
fn refusal(causes: &[AccessTokenError]) -> ApiError {
    let weight = |cause: &&AccessTokenError| match cause {
        AccessTokenError::Expired => 2,
        AccessTokenError::SessionEnded => 1,
        _ => 0,
    };
    match causes.iter().max_by_key(weight) {
        None => ApiError::unauthenticated(),
        Some(AccessTokenError::SessionEnded) => {
            ApiError::from(Error::AccessToken(AccessTokenError::SessionEnded)).clearing_cookies()
        }
        Some(cause) => Error::AccessToken(*cause).into(),
    }
}

/// The token of `Authorization: Bearer` (RFC 6750 section 2.1). Never taken from the query.
pub(crate) fn bearer(parts: &Parts) -> Result<&str, ApiError> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(ApiError::unauthenticated());
    };
    match value.to_str().ok().and_then(|value| value.split_once(' ')) {
        // A comma is in no token: some hosts hand over two headers as one.
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.contains(',') => {
            Ok(token.trim())
        }
        _ => Err(ApiError::unauthenticated()),
    }
}

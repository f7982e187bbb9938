//! Who sends a request: the token of a session, in the `Authorization` header or in a cookie.

use auth_core::access::Holder;
use auth_core::storage::{ActiveSession, Place};
use auth_core::{Actor, Auth, Client, Config, Platform, Tokens, Transport};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use http::header::{AUTHORIZATION, COOKIE, ORIGIN, SET_COOKIE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use percent_encoding::percent_decode_str;

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
/// Path of the cookie that holds a refresh token: no other route gets to see it.
const REFRESH_PATH: &str = "/auth";

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
        }
    }

    /// The session of the token that the request carries.
    pub(crate) async fn session(&self) -> Result<ActiveSession, ApiError> {
        let active = self.auth.authenticate(&self.token()?).await?;
        if self.route.in_person && active.session.actor_id.is_some() {
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
        let cookies = [self.names().session, self.names().access];
        let carries = self.parts.headers.contains_key(AUTHORIZATION)
            || cookies.iter().any(|name| self.cookie(name).is_some());
        if carries {
            self.session().await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// The token that the request carries: of the header or, without one, of a cookie. A cookie comes by itself, whoever
    /// makes the browser send the request, so that one has to come from our own pages where it changes something.
    pub(crate) fn token(&self) -> Result<String, ApiError> {
        if self.parts.headers.contains_key(AUTHORIZATION) {
            return bearer(self.parts).map(str::to_owned);
        }
        let names = self.names();
        let token = self
            .cookie(&names.session)
            .or_else(|| self.cookie(&names.access))
            .ok_or_else(ApiError::unauthenticated)?;
        self.require_own_page()?;
        Ok(token)
    }

    /// The refresh token of the cookie.
    pub(crate) fn refresh_cookie(&self) -> Result<Option<String>, ApiError> {
        let token = self.cookie(&self.names().refresh);
        if token.is_some() {
            self.require_own_page()?;
        }
        Ok(token)
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
    pub(crate) fn place(&self, list: &str, query: &Query) -> Result<Option<Place>, ApiError> {
        let open = |cursor| {
            let place = self.auth.open_place(list, cursor);
            place.ok_or_else(|| invalid("cursor", "Not a cursor of this list."))
        };
        query.text("cursor").map(open).transpose()
    }

    /// Who administers: the person of the session, or whoever has the database in his hands.
    pub(crate) async fn actor(&self) -> Result<Actor, ApiError> {
        if self.parts.extensions.get::<Operator>().is_some() {
            return Ok(Actor::operator(self.client()));
        }
        let active = self.session().await?;
        Ok(Actor::of(&active, self.client()))
    }

    /// Fails unless the request changes nothing, or was sent by a page of ours or of a configured origin.
    fn require_own_page(&self) -> Result<(), ApiError> {
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

    fn cookie(&self, name: &str) -> Option<String> {
        let lines = self.parts.headers.get_all(COOKIE);
        lines
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(Cookie::split_parse)
            .filter_map(Result::ok)
            .find(|cookie| cookie.name() == name && !cookie.value().is_empty())
            .map(|cookie| cookie.value().to_owned())
    }

    fn names(&self) -> Names {
        Names::of(self.config())
    }

    /// Puts the tokens of a session into cookies.
    pub(crate) fn set_cookies(&self, headers: &mut HeaderMap, tokens: &Tokens) {
        let names = self.names();
        // Those of a session that is carried otherwise would be believed first.
        self.clear(headers, |name| match tokens {
            Tokens::Opaque(_) => *name != names.session,
            Tokens::Jwt(_) => *name == names.session,
        });
        let last = tokens.active().session.expires_at;
        match tokens {
            Tokens::Opaque(token) => {
                self.set(headers, names.session, "/", &token.token, token.expires_in);
            }
            Tokens::Jwt(pair) => {
                let expires_in = self.config().refresh_token_life.as_secs();
                let most = last.since(tokens.active().session.last_seen_at).as_secs();
                self.set(
                    headers,
                    names.access,
                    "/",
                    &pair.access_token,
                    pair.expires_in,
                );
                let refresh = pair.refresh_token.expose();
                let expires_in = expires_in.min(most);
                self.set(headers, names.refresh, REFRESH_PATH, refresh, expires_in);
            }
        }
    }

    /// Takes every cookie of a session away that the request carries.
    pub(crate) fn clear_cookies(&self, headers: &mut HeaderMap) {
        self.clear(headers, |_| true);
    }

    fn clear(&self, headers: &mut HeaderMap, which: impl Fn(&String) -> bool) {
        let names = self.names();
        for (name, path) in [
            (names.session, "/"),
            (names.access, "/"),
            (names.refresh, REFRESH_PATH),
        ] {
            if which(&name) && self.cookie(&name).is_some() {
                self.set(headers, name, path, "", 0);
            }
        }
    }

    fn set(&self, headers: &mut HeaderMap, name: String, path: &str, value: &str, seconds: u64) {
        let config = self.config();
        let mut cookie = Cookie::build((name, value))
            .path(path)
            .http_only(true)
            .secure(config.cookie_secure)
            .same_site(SameSite::Lax)
            .max_age(Duration::seconds(
                i64::try_from(seconds).unwrap_or(i64::MAX),
            ));
        if let Some(domain) = &config.cookie_domain {
            cookie = cookie.domain(domain.as_str());
        }
        if let Ok(value) = HeaderValue::from_str(&cookie.build().to_string()) {
            headers.append(SET_COOKIE, value);
        }
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

/// Names of cookies. Their prefixes make browsers refuse them from who may not set them (RFC 6265bis section 4.1.3).
struct Names {
    session: String,
    access: String,
    refresh: String,
}

impl Names {
    fn of(config: &Config) -> Self {
        let (prefix, scoped) = match (config.cookie_secure, &config.cookie_domain) {
            (false, _) => ("", ""),
            (true, Some(_)) => ("__Secure-", "__Secure-"),
            // `__Host-` is for the whole host, and so not for the refresh token.
            (true, None) => ("__Host-", "__Secure-"),
        };
        Self {
            session: format!("{prefix}session"),
            access: format!("{prefix}access"),
            refresh: format!("{scoped}refresh"),
        }
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

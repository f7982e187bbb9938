//! A request on its way to a handler, with helpers for handlers.

use auth_core::storage::Cursor;
use auth_core::{
    Auth, Client, Config, DeviceToken, Error, FlowCookie, FlowCookies, Platform, SessionTransport,
    Tokens,
};
use bytes::Bytes;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use serde::Serialize;

use crate::cookies::names::{Names, device, flow_prefix};
use crate::cookies::{read, write};
use crate::error::api_error::ApiError;
use crate::request::headers::client_address;
use crate::request::media_type;
use crate::request::query::{Query, invalid};
use crate::response::reply::{self, File, NoContent, Reply};
use crate::route::Route;

/// The result of a handler.
pub(crate) type Answer<T> = Result<Reply<T>, ApiError>;

/// A request with its route.
pub(crate) struct Call<'a, P> {
    /// The core, which makes the decisions.
    pub(crate) auth: &'a Auth<P>,
    /// The route of the request.
    pub(crate) route: &'static Route,
    /// The head of the request.
    pub(crate) parts: &'a Parts,
    /// The body of the request.
    pub(crate) body: &'a [u8],
    /// The request ID.
    pub(crate) request_id: &'a str,
}

impl<P: Platform> Call<'_, P> {
    pub(crate) fn config(&self) -> &Config {
        self.auth.config()
    }

    /// Returns the client, as far as the host knows it.
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
            device: self
                .cookies(&device(self.config()))
                .into_iter()
                .find_map(DeviceToken::parse),
        }
    }

    /// Returns the segment of the path at the place where the route has this name in braces.
    pub(crate) fn path_parameter(&self, name: &str) -> String {
        self.route.path_parameter(self.parts.uri.path(), name)
    }

    /// Parses the query parameters.
    pub(crate) fn query(&self) -> Result<Query, ApiError> {
        Query::parse(self.parts, self.route.query)
    }

    /// Returns the position of the `cursor` parameter. `None` means the beginning of the list.
    pub(crate) fn cursor(&self, list: &str, query: &Query) -> Result<Option<Cursor>, ApiError> {
        let open = |encrypted| {
            let cursor = self.auth.users().decrypt_cursor(list, encrypted);
            cursor.ok_or_else(|| invalid("cursor", "Use the next_cursor of a page of this list."))
        };
        query.text("cursor").map(open).transpose()
    }

    /// Whether the request has an `Authorization` header, so that cookies are ignored.
    pub(crate) fn has_header(&self) -> bool {
        self.parts.headers.contains_key(AUTHORIZATION)
    }

    /// Returns the token of `Authorization: Bearer` (RFC 6750 section 2.1). Tokens in the query are never accepted.
    pub(crate) fn bearer(&self) -> Result<&str, ApiError> {
        let mut values = self.parts.headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(ApiError::unauthenticated());
        };
        match value.to_str().ok().and_then(|value| value.split_once(' ')) {
            // Tokens contain no comma: some hosts join two headers with one.
            Some((scheme, token))
                if scheme.eq_ignore_ascii_case("bearer") && !token.contains(',') =>
            {
                Ok(token.trim())
            }
            _ => Err(ApiError::unauthenticated()),
        }
    }

    /// Returns the session tokens in cookies.
    pub(crate) fn session_cookies(&self) -> Vec<&str> {
        let names = self.names();
        let mut tokens = self.cookies(&names.session);
        tokens.extend(self.cookies(&names.access));
        tokens
    }

    /// Returns all refresh tokens in cookies.
    pub(crate) fn refresh_cookies(&self) -> Vec<&str> {
        read::all_values(&self.parts.headers, &self.names().refresh)
    }

    /// Returns the refresh tokens in cookies that can belong to the browser's session, in the order in which to try
    /// them.
    pub(crate) fn refresh_candidates(&self) -> Vec<&str> {
        let sessions = self.refreshed_sessions();
        self.auth
            .sessions()
            .refresh_candidates(self.refresh_cookies(), sessions.as_deref())
    }

    /// Returns the sessions that a refresh token of a cookie can belong to. `None` means any session.
    pub(crate) fn refreshed_sessions(&self) -> Option<Vec<&str>> {
        self.names().refreshed.map(|name| self.cookies(&name))
    }

    fn cookies(&self, name: &str) -> Vec<&str> {
        read::values(&self.parts.headers, name)
    }

    fn names(&self) -> Names {
        Names::of(self.config())
    }

    /// Puts the tokens of a session into cookies.
    pub(crate) fn set_cookies(&self, headers: &mut HeaderMap, tokens: &Tokens) {
        write::set(self.config(), self.parts, headers, tokens);
    }

    /// Sets the cookie that identifies the device at its next login. It is sent only to this host, and outlives
    /// sessions.
    pub(crate) fn set_device(&self, headers: &mut HeaderMap, device: &DeviceToken) {
        write::set_device(self.config(), headers, device);
    }

    /// Returns the cookies of all flows.
    pub(crate) fn flow_cookies(&self) -> FlowCookies<'_> {
        let cookies = read::with_prefix(&self.parts.headers, &flow_prefix(self.config()));
        FlowCookies::new(cookies)
    }

    /// Sets the cookie that binds a flow to the browser.
    pub(crate) fn set_flow(&self, headers: &mut HeaderMap, begun: &FlowCookie) {
        write::set_flow(self.config(), self.parts, headers, begun);
    }

    /// Clears the cookie of a flow.
    pub(crate) fn clear_flow(&self, headers: &mut HeaderMap, id: &str) {
        write::clear_flow(self.config(), headers, id);
    }

    /// Clears the cookie of the flow that has ended, because its code was presented, whatever came of it. Others stay.
    pub(crate) fn without_ended_flow<T>(
        &self,
        answer: Result<Reply<T>, Error>,
        flows: &FlowCookies<'_>,
    ) -> Answer<T> {
        let answer = answer.map_err(ApiError::from);
        let Some(id) = flows.ended() else {
            return answer;
        };
        let mut reply = answer.unwrap_or_else(|error| {
            error.log(self.auth.platform(), self.request_id);
            let clears_cookies = error.clears_cookies();
            let response = error.into_route_response(self.route, Some(self.request_id));
            let mut reply = Reply::of(response);
            if clears_cookies {
                self.clear_cookies(reply.headers_mut());
            }
            reply
        });
        self.clear_flow(reply.headers_mut(), id);
        Ok(reply)
    }

    /// Clears the device cookie, because the account is deleted.
    pub(crate) fn forget_device(&self, headers: &mut HeaderMap) {
        write::clear_device(self.config(), self.parts, headers);
    }

    /// Clears every session cookie that the request carries.
    pub(crate) fn clear_cookies(&self, headers: &mut HeaderMap) {
        write::clear(self.config(), self.parts, headers);
    }

    /// Returns how to deliver the tokens of a login.
    pub(crate) fn transport(&self, wanted: Option<&str>) -> Result<SessionTransport, ApiError> {
        match wanted {
            None => Ok(self.config().session_transport),
            Some(name) => SessionTransport::parse(name).ok_or_else(|| {
                let message = format!("Use one of {}.", SessionTransport::NAMES.join(", "));
                invalid("transport", &message)
            }),
        }
    }

    /// Returns the tokens of the sessions that a new session replaces: the presented token and, if cookies carry the
    /// new session, those in cookies.
    pub(crate) fn replaced(&self, transport: SessionTransport) -> Vec<&str> {
        let mut tokens: Vec<_> = self.bearer().ok().into_iter().collect();
        if transport.is_cookie() {
            tokens.extend(self.session_cookies());
            tokens.extend(self.refresh_candidates());
        }
        tokens
    }

    /// Returns how the request carries the session whose tokens these tokens replace.
    pub(crate) fn presented_by(&self, tokens: &Tokens) -> SessionTransport {
        match (tokens, self.has_header()) {
            (Tokens::Jwt(_), true) => SessionTransport::Jwt,
            (Tokens::Jwt(_), false) => SessionTransport::JwtCookie,
            (Tokens::Opaque(_), true) => SessionTransport::Session,
            (Tokens::Opaque(_), false) => SessionTransport::Cookie,
        }
    }

    /// Returns the success answer with this body.
    pub(crate) fn json<T: Serialize>(&self, body: &T) -> Reply<T> {
        Reply::of(reply::json(self.route.status, body))
    }

    /// Returns the success answer of a route without a body.
    pub(crate) fn done(&self) -> Reply<NoContent> {
        Reply::of(reply::empty(self.route.status))
    }

    /// Whether the client is a browser that shows the answer as a page.
    pub(crate) fn wants_a_page(&self) -> bool {
        media_type::wants_a_page(&self.parts.headers)
    }

    /// Returns the answer that sends the browser to this address.
    pub(crate) fn redirect<T>(&self, address: &str) -> Answer<T> {
        let address = HeaderValue::from_str(address)
            .map_err(|_| ApiError::internal("the address of a redirect is not valid"))?;
        Ok(Reply::of(reply::see_other(address)))
    }

    /// Returns the success answer of a route whose body is not JSON.
    pub(crate) fn file(&self, body: Bytes) -> Reply<File> {
        self.ready_made(body)
    }

    /// Returns the success answer with a body that is already serialized.
    pub(crate) fn ready_made<T>(&self, body: Bytes) -> Reply<T> {
        let content_type = self.route.content_type.unwrap_or_default();
        Reply::of(reply::with_type(self.route.status, content_type, body))
    }
}

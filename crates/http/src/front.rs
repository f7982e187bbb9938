//! The part of the service that a host uses without calling it: the route of a request, and the headers of every
//! answer. A host answers instead of the service through this module.

use std::sync::atomic::{AtomicU64, Ordering};

use auth_core::config::WebConfig;
use bytes::Bytes;
use http::header::ORIGIN;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response};

use crate::error::api_error::ApiError;
use crate::request::headers::REQUEST_ID;
use crate::response::{cors, reply};
use crate::route::Route;
use crate::table;

/// The front of the service.
pub struct Front {
    /// Origins whose pages can read answers.
    origins: Vec<String>,
    /// Base path before the path of every route.
    base_path: String,
    /// First half of request IDs, random for each instance.
    instance: u64,
    /// Second half of request IDs, a counter.
    requests: AtomicU64,
}

/// The properties of a request that its answer depends on.
pub struct Asked {
    route: Option<&'static Route>,
    is_head: bool,
    origin: Option<HeaderValue>,
    id: Option<HeaderValue>,
}

impl Asked {
    /// Returns the route of the request.
    pub fn route(&self) -> Option<&'static Route> {
        self.route
    }
}

impl Front {
    /// Creates the front of a service with these settings. `None` means that the settings are not valid. Request IDs
    /// begin with the number `random`.
    pub fn new(web: Option<&WebConfig>, random: u64) -> Self {
        let origins = web.into_iter().flat_map(WebConfig::page_origins);
        Self {
            origins: origins.map(str::to_owned).collect(),
            base_path: web.map_or("", WebConfig::base_path).to_owned(),
            instance: random,
            requests: AtomicU64::new(0),
        }
    }

    /// Returns the base path before the path of every route, such as `/auth`. Empty without a base path.
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// Returns the properties of a request that its answer depends on.
    pub fn asked(&self, request: &Parts) -> Asked {
        let header = |name: HeaderName| request.headers.get(name).cloned();
        let route = self.inner_path(request.uri.path());
        Asked {
            route: route.and_then(|path| table::find(&request.method, path)),
            is_head: request.method == Method::HEAD,
            origin: header(ORIGIN),
            id: header(REQUEST_ID),
        }
    }

    /// Returns the name of the sign-in provider that is called by a request to this route. It is empty if the path does
    /// not say it.
    pub fn provider(&self, route: &Route, request: &Parts) -> String {
        let path = self.inner_path(request.uri.path());
        route.path_parameter(path.unwrap_or_default(), "provider")
    }

    /// Returns the path without the base path, or `None` if the path is not below the base path.
    fn inner_path<'a>(&self, path: &'a str) -> Option<&'a str> {
        match path.strip_prefix(&self.base_path)? {
            "" => Some("/"),
            inner => inner.starts_with('/').then_some(inner),
        }
    }

    /// Removes the base path from the path of a request. Returns whether the path had it.
    pub(crate) fn enter(&self, request: &mut Parts) -> bool {
        let Some(path) = self.inner_path(request.uri.path()) else {
            return false;
        };
        if self.base_path.is_empty() {
            return true;
        }
        let query = request.uri.query();
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        let inner = format!("{path}{query}").parse();
        inner.map(|inner| request.uri = inner).is_ok()
    }

    /// Returns the answer to a request that a host can't pass on, in the format of its route.
    pub fn refuse(&self, asked: &Asked, error: ApiError) -> Response<Bytes> {
        let id = self.request_id(asked);
        let response = match asked.route {
            Some(route) => error.into_route_response(route, Some(&id)),
            None => error.into_response(Some(&id)),
        };
        self.finish(asked, &id, response)
    }

    /// Adds the headers of every answer.
    pub(crate) fn finish(
        &self,
        asked: &Asked,
        id: &str,
        mut response: Response<Bytes>,
    ) -> Response<Bytes> {
        let headers = response.headers_mut();
        cors::allow_origin(&self.origins, asked.origin.as_ref(), headers);
        if let Ok(id) = HeaderValue::from_str(id) {
            headers.insert(REQUEST_ID, id);
        }
        let mut response = reply::seal(response);
        if asked.is_head {
            *response.body_mut() = Bytes::new();
        }
        response
    }

    /// Returns the request ID: the one sent by the client if it is short and has only plain characters, or a new one.
    pub(crate) fn request_id(&self, asked: &Asked) -> String {
        let plain = |id: &&str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            (1..=64).contains(&id.len()) && id.bytes().all(allowed)
        };
        let own = asked.id.as_ref().and_then(|id| id.to_str().ok());
        own.filter(plain).map_or_else(
            || {
                let count = self.requests.fetch_add(1, Ordering::Relaxed);
                format!("{:016x}-{count:x}", self.instance)
            },
            str::to_owned,
        )
    }
}

#[cfg(test)]
mod tests {
    use http::header::{
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, RETRY_AFTER, VARY,
        X_CONTENT_TYPE_OPTIONS,
    };
    use http::{HeaderMap, Request};

    use super::*;

    fn refuse(front: &Front, request: http::request::Builder) -> Response<Bytes> {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        front.refuse(&front.asked(&parts), ApiError::unavailable(3))
    }

    #[test]
    fn routes_are_below_the_path_of_the_service() {
        let front = |url: &str| {
            let web = WebConfig {
                public_base_url: url.to_owned(),
                frontend_url: None,
                cors_origins: Vec::new(),
            };
            Front::new(Some(&web), 0)
        };
        let enter = |front: &Front, path: &str| {
            let (mut parts, ()) = Request::get(path).body(()).unwrap().into_parts();
            front.enter(&mut parts).then(|| parts.uri.to_string())
        };
        let below = front("https://example.com/auth/v1");
        for (path, inner) in [
            ("/auth/v1", Some("/")),
            ("/auth/v1?a=b", Some("/?a=b")),
            ("/auth/v1/", Some("/")),
            ("/auth/v1/auth/me?a=%20&b", Some("/auth/me?a=%20&b")),
            ("/auth/v10/auth/me", None),
            ("/auth/me", None),
            ("/", None),
            ("/Auth/v1/", None),
            ("/x/auth/v1/", None),
        ] {
            assert_eq!(enter(&below, path).as_deref(), inner, "{path}");
        }
        let root = front("https://example.com");
        assert_eq!(enter(&root, "/auth/me").as_deref(), Some("/auth/me"));
        let (parts, ()) = Request::get("/auth/v1/auth/me")
            .body(())
            .unwrap()
            .into_parts();
        let path = |front: &Front| front.asked(&parts).route().map(|route| route.path);
        assert_eq!((path(&below), path(&root)), (Some("/auth/me"), None));
        for (path, provider) in [
            ("/auth/v1/auth/oauth/acme", "acme"),
            ("/auth/v1/auth/oauth/%61cme/callback?code=a", "acme"),
            ("/auth/v1/auth/acme/authorize", "acme"),
            ("/auth/v1/auth/me", ""),
        ] {
            let (parts, ()) = Request::get(path).body(()).unwrap().into_parts();
            let route = below.asked(&parts).route().unwrap();
            assert_eq!(below.provider(route, &parts), provider, "{path}");
        }
    }

    #[test]
    fn what_a_host_answers_is_finished_as_all_answers_are() {
        let web = WebConfig {
            public_base_url: "https://auth.example.com".to_owned(),
            frontend_url: None,
            cors_origins: vec!["https://app.example.com".to_owned()],
        };
        let front = Front::new(Some(&web), 0xa);
        let text = |headers: &HeaderMap, name: &str| {
            let value = headers.get(name).map(|value| value.to_str().unwrap());
            value.unwrap_or_default().to_owned()
        };
        let request = Request::post("/auth/login").header(ORIGIN, "https://app.example.com");
        let answer = refuse(&front, request);
        let headers = answer.headers();
        assert_eq!(headers[RETRY_AFTER], "3");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[VARY], "Origin");
        let allowed = &headers[ACCESS_CONTROL_ALLOW_ORIGIN];
        assert_eq!(allowed, "https://app.example.com");
        assert!(text(headers, ACCESS_CONTROL_EXPOSE_HEADERS.as_str()).contains("retry-after"));
        assert_eq!(headers[REQUEST_ID], "000000000000000a-0");
        let request = Request::post("/auth/login")
            .header(ORIGIN, "https://evil.example")
            .header(REQUEST_ID, "mine");
        let answer = refuse(&front, request);
        assert_eq!(answer.headers()[REQUEST_ID], "mine");
        assert!(answer.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN).is_none());
        let answer = refuse(
            &front,
            Request::head("/auth/me").header(REQUEST_ID, "no id"),
        );
        assert_eq!(answer.headers()[REQUEST_ID], "000000000000000a-1");
        assert!(answer.body().is_empty());
        // OAuth 2.0 endpoints have their own format.
        let answer = refuse(&Front::new(None, 0), Request::post("/auth/token"));
        assert!(
            answer
                .body()
                .starts_with(b"{\"error\":\"temporarily_unavailable\"")
        );
    }
}

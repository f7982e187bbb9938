//! The table of routes.

use std::sync::LazyLock;

use http::{Method, StatusCode};

/// What a route does; each has one handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is described by its row of the table")]
pub enum Operation {
    Register,
    Login,
    Token,
    Refresh,
    Logout,
    LogoutAll,
    Me,
    Jwks,
    Healthz,
    Readyz,
    OpenApi,
    HomePage,
    RegisterPage,
    LoginPage,
    AccountPage,
    PageScript,
    PageStyle,
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Who presents an access token.
    Authenticated,
    /// Who presents an access token, or a refresh token in the body.
    TokenHolder,
}

/// The form of a request's body; the name is that of its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestBody {
    /// None is read.
    None,
    /// JSON.
    Json(&'static str),
    /// JSON, or nothing.
    OptionalJson(&'static str),
    /// `application/x-www-form-urlencoded`, as OAuth 2.0 prescribes.
    Form(&'static str),
}

/// One route.
#[derive(Debug, Clone)]
pub struct Route {
    /// What it does.
    pub operation: Operation,
    /// Method; a route for GET answers HEAD too.
    pub method: Method,
    /// Path.
    pub path: &'static str,
    /// What it is for, in a sentence.
    pub summary: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What it reads.
    pub request: RequestBody,
    /// Status of success.
    pub status: StatusCode,
    /// Content type of success and, for JSON, the name of its schema; none: no body.
    pub response: Option<(&'static str, Option<&'static str>)>,
    /// Statuses of the errors that are its own; those of every route (404, 405, 500, 503) are not repeated.
    pub errors: &'static [u16],
    /// True: it computes a password hash, tens of milliseconds, so a host runs it apart from the others.
    pub heavy: bool,
}

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

/// Every route.
pub static ROUTES: &[Route] = &[
    Route {
        operation: Operation::Register,
        method: Method::POST,
        path: "/auth/register",
        summary: "Creates a user, and signs in where that is configured.",
        access: Access::Public,
        request: RequestBody::Json("RegisterRequest"),
        status: StatusCode::CREATED,
        response: Some((JSON, Some("RegisterResponse"))),
        errors: &[400, 409, 413, 415, 422, 429],
        heavy: true,
    },
    Route {
        operation: Operation::Login,
        method: Method::POST,
        path: "/auth/login",
        summary: "Signs in with e-mail address or user name and password.",
        access: Access::Public,
        request: RequestBody::Json("LoginRequest"),
        status: StatusCode::OK,
        response: Some((JSON, Some("TokenResponse"))),
        errors: &[400, 401, 403, 413, 415, 422, 429],
        heavy: true,
    },
    Route {
        operation: Operation::Token,
        method: Method::POST,
        path: "/auth/token",
        summary: "The OAuth 2.0 token endpoint: grants `password` and `refresh_token` (RFC 6749).",
        access: Access::Public,
        request: RequestBody::Form("TokenRequest"),
        status: StatusCode::OK,
        response: Some((JSON, Some("TokenResponse"))),
        errors: &[400, 413, 429],
        heavy: true,
    },
    Route {
        operation: Operation::Refresh,
        method: Method::POST,
        path: "/auth/refresh",
        summary: "Exchanges a refresh token for a new pair; the old one is used up.",
        access: Access::Public,
        request: RequestBody::Json("RefreshRequest"),
        status: StatusCode::OK,
        response: Some((JSON, Some("TokenResponse"))),
        errors: &[400, 401, 413, 415, 422],
        heavy: false,
    },
    Route {
        operation: Operation::Logout,
        method: Method::POST,
        path: "/auth/logout",
        summary: "Ends the session of the refresh token in the body or, without one, of the access token.",
        access: Access::TokenHolder,
        request: RequestBody::OptionalJson("LogoutRequest"),
        status: StatusCode::NO_CONTENT,
        response: None,
        errors: &[400, 401, 413, 415, 422],
        heavy: false,
    },
    Route {
        operation: Operation::LogoutAll,
        method: Method::POST,
        path: "/auth/logout-all",
        summary: "Ends every session of the user.",
        access: Access::Authenticated,
        request: RequestBody::None,
        status: StatusCode::NO_CONTENT,
        response: None,
        errors: &[401],
        heavy: false,
    },
    Route {
        operation: Operation::Me,
        method: Method::GET,
        path: "/auth/me",
        summary: "The user, with roles and permissions.",
        access: Access::Authenticated,
        request: RequestBody::None,
        status: StatusCode::OK,
        response: Some((JSON, Some("MeResponse"))),
        errors: &[401],
        heavy: false,
    },
    Route {
        operation: Operation::Jwks,
        method: Method::GET,
        path: "/.well-known/jwks.json",
        summary: "The public keys that verify access tokens, as a JWK Set (RFC 7517).",
        access: Access::Public,
        request: RequestBody::None,
        status: StatusCode::OK,
        response: Some((JSON, Some("JwkSet"))),
        errors: &[],
        heavy: false,
    },
    Route {
        operation: Operation::Healthz,
        method: Method::GET,
        path: "/healthz",
        summary: "Answers while the process lives.",
        access: Access::Public,
        request: RequestBody::None,
        status: StatusCode::OK,
        response: Some((JSON, Some("Health"))),
        errors: &[],
        heavy: false,
    },
    Route {
        operation: Operation::Readyz,
        method: Method::GET,
        path: "/readyz",
        summary: "Answers 200 while requests can be served, 503 otherwise.",
        access: Access::Public,
        request: RequestBody::None,
        status: StatusCode::OK,
        response: Some((JSON, Some("Health"))),
        errors: &[],
        heavy: false,
    },
    Route {
        operation: Operation::OpenApi,
        method: Method::GET,
        path: "/openapi.json",
        summary: "This document.",
        access: Access::Public,
        request: RequestBody::None,
        status: StatusCode::OK,
        response: Some((JSON, None)),
        errors: &[],
        heavy: false,
    },
    page(Operation::HomePage, "/", "Where to go.", HTML),
    page(Operation::RegisterPage, "/register", "Sign up.", HTML),
    page(Operation::LoginPage, "/login", "Sign in.", HTML),
    page(
        Operation::AccountPage,
        "/account/settings",
        "Who is signed in, and signing out.",
        HTML,
    ),
    page(
        Operation::PageScript,
        "/assets/pages.js",
        "Script of the pages.",
        "text/javascript; charset=utf-8",
    ),
    page(
        Operation::PageStyle,
        "/assets/pages.css",
        "Style of the pages.",
        "text/css; charset=utf-8",
    ),
];

const fn page(
    operation: Operation,
    path: &'static str,
    summary: &'static str,
    content_type: &'static str,
) -> Route {
    Route {
        operation,
        method: Method::GET,
        path,
        summary,
        access: Access::Public,
        request: RequestBody::None,
        status: StatusCode::OK,
        response: Some((content_type, None)),
        errors: &[],
        heavy: false,
    }
}

/// Why no route fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// The path is unknown.
    Path,
    /// The path is known and takes these methods.
    Method(&'static [&'static Route]),
}

static ROUTER: LazyLock<matchit::Router<&'static [&'static Route]>> = LazyLock::new(|| {
    let mut router = matchit::Router::new();
    for route in ROUTES {
        let same_path: Vec<_> = ROUTES
            .iter()
            .filter(|other| other.path == route.path)
            .collect();
        // A path is met once for each of its methods; the first time it is inserted.
        if std::ptr::eq(same_path[0], route) {
            router
                .insert(route.path, &*Vec::leak(same_path))
                .expect("the table's paths don't clash");
        }
    }
    router
});

/// The route for a method and a path.
pub fn find(method: &Method, path: &str) -> Option<&'static Route> {
    find_or_reason(method, path).ok()
}

pub(crate) fn find_or_reason(method: &Method, path: &str) -> Result<&'static Route, NoRoute> {
    let routes = ROUTER.at(path).map_err(|_| NoRoute::Path)?.value;
    let wanted = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    routes
        .iter()
        .copied()
        .find(|route| route.method == *wanted)
        .ok_or(NoRoute::Method(routes))
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.method == other.method && self.path == other.path
    }
}

impl Eq for Route {}

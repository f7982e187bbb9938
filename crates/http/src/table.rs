//! The table of routes: the rows of all modules, and the router.

use std::sync::LazyLock;

use auth_core::Platform;
use http::Method;

use crate::access::{check, permissions, roles};
use crate::auth::oauth::{aliases, exchange, flow, providers};
use crate::auth::{
    login, login_by_form, logout, mfa, password_reset, reauthentication, refresh, register,
    verification,
};
use crate::route::Route;
use crate::row::Handler;
use crate::{account, audit, health, keys, openapi, pages, users};

/// Generates the table from the modules with rows, in the order of the documentation.
macro_rules! table {
    ($($($part:ident)::+),+ $(,)?) => {
        static MODULES: &[&[Route]] = &[$($($part)::+::ROUTES),+];

        /// Returns the handlers, in the order of [`all`].
        pub(crate) fn handlers<P: Platform + 'static>() -> Vec<Handler<P>> {
            let mut handlers = Vec::new();
            $(handlers.extend($($part)::+::handlers());)+
            handlers
        }
    };
}

table![
    register,
    login,
    login_by_form,
    refresh,
    logout,
    providers,
    flow,
    exchange,
    aliases,
    reauthentication,
    account::own,
    verification,
    password_reset,
    account::email,
    mfa,
    account::password,
    account::sessions,
    account::identities,
    users::list,
    users::edit,
    users::import,
    users::export,
    users::state,
    users::sessions,
    users::identities,
    users::roles,
    users::impersonate,
    roles,
    permissions,
    check,
    audit::log,
    keys::signing_keys,
    users::setup,
    health::metrics,
    keys::jwks,
    health::checks,
    openapi::served,
    pages::files,
];

/// Returns all routes.
pub(crate) fn all() -> impl Iterator<Item = &'static Route> {
    MODULES.iter().copied().flatten()
}

/// A route and its position in [`all`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) route: &'static Route,
    pub(crate) place: usize,
}

/// The reason why no route matches.
#[derive(Debug, Clone)]
pub(crate) enum NoRoute {
    /// The path is unknown.
    Path,
    /// The path is known, but accepts only the methods of these routes.
    Method(Vec<&'static Route>),
}

static ROUTER: LazyLock<matchit::Router<Vec<Found>>> = LazyLock::new(|| {
    let mut paths: Vec<(&str, Vec<Found>)> = Vec::new();
    for (place, route) in all().enumerate() {
        let found = Found { route, place };
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, same_path)) => same_path.push(found),
            None => paths.push((route.path, vec![found])),
        }
    }
    let mut router = matchit::Router::new();
    for (path, found) in paths {
        router
            .insert(path, found)
            .expect("the table's paths don't clash");
    }
    router
});

/// Returns the route for a method and a path.
pub(crate) fn find(method: &Method, path: &str) -> Option<&'static Route> {
    find_or_reason(method, path).ok().map(|found| found.route)
}

pub(crate) fn find_or_reason(method: &Method, path: &str) -> Result<Found, NoRoute> {
    let same_path = ROUTER.at(path).map_err(|_| NoRoute::Path)?.value;
    let found = same_path
        .iter()
        .find(|found| found.route.answers(method.as_str()));
    found.copied().ok_or_else(|| {
        let routes = same_path.iter().map(|found| found.route);
        NoRoute::Method(routes.collect())
    })
}

#[cfg(test)]
mod tests {
    use core::future::Future as _;
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};
    use std::collections::BTreeSet;

    use auth_core::Settings;
    use auth_core::config::FederationConfig;

    use super::*;
    use crate::route::{Access, Recency};

    /// The paths of a provider lead to its routes beside those with fixed names.
    #[test]
    fn a_provider_has_its_paths() {
        let handler = |method: Method, path: &str| find(&method, path).map(|route| route.handler);
        for (path, expected) in [
            ("/auth/oauth", "providers"),
            ("/auth/oauth/google", "start_flow"),
            ("/auth/oauth/google/callback", "finish_flow"),
            ("/auth/google/authorize", "authorize"),
            ("/auth/google/callback", "callback"),
            // These begin as fixed names do, or are names of routes with another method.
            ("/auth/oauth/linkedin", "start_flow"),
            ("/auth/linkedin/authorize", "authorize"),
            ("/auth/login/callback", "callback"),
            ("/auth/oauthx/callback", "callback"),
            ("/auth/verify/callback", "verify_email_by_session"),
        ] {
            assert_eq!(handler(Method::GET, path), Some(expected), "{path}");
        }
        let callback = "/auth/oauth/apple/callback";
        assert_eq!(handler(Method::POST, callback), Some("form_post"));
        assert_eq!(
            handler(Method::POST, "/auth/apple/callback"),
            Some("form_post_callback")
        );
        assert_eq!(
            handler(Method::POST, "/auth/oauth/exchange"),
            Some("exchange")
        );
        // A client that looks ahead begins and completes nothing.
        for path in ["/auth/oauth/google", callback, "/auth/google/callback"] {
            assert_eq!(handler(Method::HEAD, path), None, "{path}");
        }
    }

    /// A provider whose name hides one of its paths behind that of another route can't be set up.
    #[test]
    fn a_hidden_name_is_no_name_of_a_provider() {
        struct Given<'a>(&'a str);

        impl Settings for Given<'_> {
            async fn get(&self, name: &str) -> Result<Option<String>, String> {
                let value = match name {
                    "OIDC_PROVIDERS" => self.0,
                    _ if name.ends_with("_ISSUER") => "https://login.example.com",
                    _ if name.ends_with("_CLIENT_ID") || name.ends_with("_CLIENT_SECRET") => "x",
                    _ => return Ok(None),
                };
                let own = name == "OIDC_PROVIDERS" || name.starts_with("OIDC_");
                Ok(own.then(|| value.to_owned()))
            }
        }

        let is_accepted = |name: &str| {
            let given = Given(name);
            let mut read = pin!(FederationConfig::load(&given));
            let read = read.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            matches!(read, Poll::Ready(Ok(_)))
        };
        let is_hidden = |name: &&str| {
            let paths = [
                (format!("/auth/oauth/{name}"), "start_flow"),
                (format!("/auth/oauth/{name}/callback"), "finish_flow"),
                (format!("/auth/{name}/authorize"), "authorize"),
                (format!("/auth/{name}/callback"), "callback"),
            ];
            let leads = |(path, expected): &(String, &str)| {
                find(&Method::GET, path).is_some_and(|route| route.handler == *expected)
            };
            !paths.iter().all(leads)
        };
        assert!(is_accepted("acme"));
        let hidden: BTreeSet<_> = all()
            .flat_map(|route| route.path.split('/'))
            .filter(|name| !name.is_empty() && is_hidden(name))
            .collect();
        assert!(hidden.contains("exchange"), "{hidden:?}");
        for name in hidden {
            assert!(!is_accepted(name), "{name}");
        }
    }

    /// ASVS V7.5.3: administrative changes require recent authentication. The exceptions here destroy nothing.
    #[test]
    fn administrators_change_nothing_without_a_recent_proof() {
        let administers = |route: &&Route| matches!(route.access, Access::Permission(_));
        let asks_less = |route: &&Route| route.method != "GET" && route.recency != Recency::Always;
        let asking_less: Vec<_> = all()
            .filter(administers)
            .filter(asks_less)
            .map(|route| (route.path, route.recency))
            .collect();
        assert_eq!(
            asking_less,
            [
                ("/users", Recency::WithMember("roles")),
                ("/users/{id}/enable", Recency::Never),
                ("/users/{id}/unlock", Recency::Never),
                ("/roles", Recency::Never),
                ("/permissions", Recency::Never),
            ]
        );
    }
}

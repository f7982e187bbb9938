//! The table of routes: the rows of all modules, and the router.

use std::sync::LazyLock;

use auth_core::Platform;
use http::Method;

use crate::access::{check, permissions, roles};
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
    reauthentication,
    account::own,
    verification,
    password_reset,
    account::email,
    mfa,
    account::password,
    account::sessions,
    users::list,
    users::edit,
    users::import,
    users::export,
    users::state,
    users::sessions,
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
    use super::*;
    use crate::route::{Access, Recency};

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

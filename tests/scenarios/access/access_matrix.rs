use std::collections::BTreeSet;

use gatewright_tests::host::{Answer, Host, SETUP};
use reqwest::Method;
use serde_json::json;

/// Allowed.
const Y: &str = "allowed";
/// Refused.
const N: &str = "refused";

/// The callers, in the order of the columns. Except for the first, these are also the names of roles.
const CALLERS: [&str; 5] = ["anonymous", "user", "moderator", "admin", "superadmin"];

/// The callers of each route. Every route of the OpenAPI document has a row.
const MATRIX: &[(&str, &str, [&str; 5])] = &[
    // Public.
    ("GET", "/", [Y, Y, Y, Y, Y]),
    ("GET", "/.well-known/jwks.json", [Y, Y, Y, Y, Y]),
    ("GET", "/account/settings", [Y, Y, Y, Y, Y]),
    ("GET", "/assets/pages.css", [Y, Y, Y, Y, Y]),
    ("GET", "/assets/pages.js", [Y, Y, Y, Y, Y]),
    ("GET", "/assets/providers/{icon}", [Y, Y, Y, Y, Y]),
    ("GET", "/auth/oauth", [Y, Y, Y, Y, Y]),
    ("GET", "/auth/oauth/{provider}", [Y, Y, Y, Y, Y]),
    ("GET", "/auth/oauth/{provider}/callback", [Y, Y, Y, Y, Y]),
    ("GET", "/auth/{provider}/authorize", [Y, Y, Y, Y, Y]),
    ("GET", "/auth/{provider}/callback", [Y, Y, Y, Y, Y]),
    ("GET", "/confirm-email", [Y, Y, Y, Y, Y]),
    ("GET", "/forgot-password", [Y, Y, Y, Y, Y]),
    ("GET", "/healthz", [Y, Y, Y, Y, Y]),
    ("GET", "/login", [Y, Y, Y, Y, Y]),
    ("GET", "/openapi.json", [Y, Y, Y, Y, Y]),
    ("GET", "/readyz", [Y, Y, Y, Y, Y]),
    ("GET", "/register", [Y, Y, Y, Y, Y]),
    ("GET", "/reset-password", [Y, Y, Y, Y, Y]),
    ("GET", "/undo-2fa", [Y, Y, Y, Y, Y]),
    ("GET", "/undo-email", [Y, Y, Y, Y, Y]),
    ("GET", "/verify", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/cookie/login", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/forgot-password", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/jwt/login", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/login", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/login/mfa", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/oauth/complete", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/oauth/exchange", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/oauth/{provider}/callback", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/{provider}/callback", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/refresh", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/register", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/request-verify-token", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/reset-password", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/reset-password/{token}", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/signup", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/token", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/undo-2fa/{token}", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/undo-email/{token}", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/verify/resend", [Y, Y, Y, Y, Y]),
    ("POST", "/register", [Y, Y, Y, Y, Y]),
    ("POST", "/token", [Y, Y, Y, Y, Y]),
    ("POST", "/token/refresh", [Y, Y, Y, Y, Y]),
    // With the token of a link.
    ("POST", "/auth/confirm-email/{token}", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/verify", [Y, Y, Y, Y, Y]),
    ("GET", "/auth/verify/{token}", [Y, Y, Y, Y, Y]),
    ("POST", "/auth/verify/{token}", [Y, Y, Y, Y, Y]),
    // With a token of the operator.
    ("GET", "/metrics", [Y, Y, Y, Y, Y]),
    ("POST", "/setup", [Y, Y, Y, Y, Y]),
    // Signed-in users.
    ("GET", "/account", [N, Y, Y, Y, Y]),
    ("PATCH", "/account", [N, Y, Y, Y, Y]),
    ("DELETE", "/account", [N, Y, Y, Y, Y]),
    ("POST", "/account/2fa/disable", [N, Y, Y, Y, Y]),
    ("POST", "/account/change-email", [N, Y, Y, Y, Y]),
    ("POST", "/account/change-password", [N, Y, Y, Y, Y]),
    ("GET", "/account/identities", [N, Y, Y, Y, Y]),
    ("POST", "/account/identities", [N, Y, Y, Y, Y]),
    ("DELETE", "/account/identities/{id}", [N, Y, Y, Y, Y]),
    ("POST", "/account/identities/{id}/token", [N, Y, Y, Y, Y]),
    ("POST", "/account/logout-others", [N, Y, Y, Y, Y]),
    ("GET", "/account/sessions", [N, Y, Y, Y, Y]),
    ("DELETE", "/account/sessions/{id}", [N, Y, Y, Y, Y]),
    ("POST", "/access/check", [N, Y, Y, Y, Y]),
    ("POST", "/auth/2fa/disable", [N, Y, Y, Y, Y]),
    ("POST", "/auth/2fa/enable", [N, Y, Y, Y, Y]),
    ("POST", "/auth/2fa/recovery-codes", [N, Y, Y, Y, Y]),
    ("POST", "/auth/2fa/verify", [N, Y, Y, Y, Y]),
    ("POST", "/auth/cookie/logout", [N, Y, Y, Y, Y]),
    ("POST", "/auth/jwt/logout", [N, Y, Y, Y, Y]),
    ("POST", "/auth/logout", [N, Y, Y, Y, Y]),
    ("POST", "/auth/logout-all", [N, Y, Y, Y, Y]),
    ("POST", "/auth/reauthenticate", [N, Y, Y, Y, Y]),
    ("GET", "/auth/me", [N, Y, Y, Y, Y]),
    ("POST", "/logout", [N, Y, Y, Y, Y]),
    ("GET", "/users/me", [N, Y, Y, Y, Y]),
    // users:read
    ("GET", "/users", [N, N, Y, Y, Y]),
    ("GET", "/users/{id}", [N, N, Y, Y, Y]),
    ("GET", "/users/{id}/sessions", [N, N, Y, Y, Y]),
    // users:write
    ("POST", "/users", [N, N, N, Y, Y]),
    ("PATCH", "/users/{id}", [N, N, N, Y, Y]),
    ("POST", "/users/{id}/disable", [N, N, N, Y, Y]),
    ("POST", "/users/{id}/enable", [N, N, N, Y, Y]),
    ("POST", "/users/{id}/unlock", [N, N, N, Y, Y]),
    ("POST", "/users/{id}/reset-password", [N, N, N, Y, Y]),
    ("DELETE", "/users/{id}/2fa", [N, N, N, Y, Y]),
    (
        "DELETE",
        "/users/{id}/identities/{identity_id}",
        [N, N, N, Y, Y],
    ),
    ("DELETE", "/users/{id}/sessions", [N, N, N, Y, Y]),
    (
        "DELETE",
        "/users/{id}/sessions/{session_id}",
        [N, N, N, Y, Y],
    ),
    ("POST", "/users/{id}/roles/{role}", [N, N, N, Y, Y]),
    ("DELETE", "/users/{id}/roles/{role}", [N, N, N, Y, Y]),
    // users:delete
    ("DELETE", "/users/{id}", [N, N, N, Y, Y]),
    // users:impersonate
    ("POST", "/users/{id}/impersonate", [N, N, N, Y, Y]),
    // users:import, users:export
    ("POST", "/users/import", [N, N, N, N, Y]),
    ("GET", "/users/export", [N, N, N, N, Y]),
    // roles:read
    ("GET", "/roles", [N, N, N, Y, Y]),
    ("GET", "/roles/{role}", [N, N, N, Y, Y]),
    ("GET", "/permissions", [N, N, N, Y, Y]),
    ("GET", "/permissions/{permission}", [N, N, N, Y, Y]),
    // roles:write
    ("POST", "/roles", [N, N, N, Y, Y]),
    ("PUT", "/roles/{role}", [N, N, N, Y, Y]),
    ("DELETE", "/roles/{role}", [N, N, N, Y, Y]),
    (
        "POST",
        "/roles/{role}/permissions/{permission}",
        [N, N, N, Y, Y],
    ),
    (
        "DELETE",
        "/roles/{role}/permissions/{permission}",
        [N, N, N, Y, Y],
    ),
    ("POST", "/permissions", [N, N, N, Y, Y]),
    ("PUT", "/permissions/{permission}", [N, N, N, Y, Y]),
    ("DELETE", "/permissions/{permission}", [N, N, N, Y, Y]),
    // audit:read
    ("GET", "/audit", [N, N, N, Y, Y]),
    // keys:read, keys:write
    ("GET", "/keys", [N, N, N, Y, Y]),
    ("POST", "/keys/rotate", [N, N, N, N, Y]),
];

/// Returns a path with IDs that don't exist.
fn made_up(path: &str) -> String {
    let segment = |segment: &str| match segment {
        "{token}" => "A".repeat(43),
        _ if segment.starts_with('{') => "018bcfe5-6800-7000-8000-000000000000".to_owned(),
        _ => segment.to_owned(),
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// V8.2.1, V8.3.1: every route, called by everybody, admits the callers in the matrix; and the matrix contains every
/// route.
#[tokio::test]
async fn every_route_lets_in_whom_the_matrix_says() {
    let host = Host::start(&[
        SETUP,
        ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
        ("LOGIN_ATTEMPTS_PER_IP", "0"),
    ]);
    let document = host.get("/openapi.json").await.body;
    let listed: BTreeSet<_> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods
                .map(|method| method.to_uppercase())
                .filter(|method| ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&&**method))
                .map(move |method| (method, path.clone()))
        })
        .collect();
    let known: BTreeSet<_> = MATRIX
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    assert_eq!(known.len(), MATRIX.len(), "a row stands twice");
    let without_row: Vec<_> = listed.difference(&known).collect();
    let without_route: Vec<_> = known.difference(&listed).collect();
    assert!(
        without_row.is_empty() && without_route.is_empty(),
        "without a row: {without_row:?}; without a route: {without_route:?}"
    );

    let root = host.administrator().await;
    let mut callers = vec![None];
    for role in &CALLERS[1..] {
        callers.push(Some(host.person(&root, role, &[role]).await));
    }
    // Routes that end sessions run last, each with its own sessions.
    let (ends, lasts): (Vec<_>, Vec<_>) = MATRIX
        .iter()
        .partition(|(_, path, _)| path.contains("/logout"));
    let mut wrong = Vec::new();
    for &(method, path, expected) in lasts.into_iter().chain(ends) {
        for ((name, caller), expected) in CALLERS.iter().zip(&callers).zip(expected) {
            let mut request = host.request(
                Method::from_bytes(method.as_bytes()).unwrap(),
                &made_up(path),
            );
            if method != "GET" {
                request = request.json(&json!({}));
            }
            if let Some(person) = caller {
                let token = if path.contains("/logout") {
                    host.login(&person.email).await.access_token
                } else {
                    person.token().to_owned()
                };
                request = request.bearer_auth(token);
            }
            let answer = Answer::of(request).await;
            let code = answer.body["error"]["code"].as_str().unwrap_or_default();
            let is_right = match (expected, answer.status.as_u16()) {
                (N, 401) => *name == "anonymous" && code == "unauthenticated",
                (N, 403) => *name != "anonymous" && code == "forbidden",
                (Y, 401 | 405 | 500..) => false,
                (Y, 403) => code != "forbidden",
                (Y, _) => true,
                _ => false,
            };
            if !is_right {
                let status = answer.status;
                wrong.push(format!(
                    "{method} {path} {name}: {status} {code}, not {expected}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // No call has signed anybody out.
    for person in callers.iter().flatten() {
        host.login(&person.email).await;
    }
}

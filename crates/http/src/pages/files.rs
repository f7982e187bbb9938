//! The files of the built-in pages, and their security headers.

use auth_core::{Platform, preset_icon};
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_FRAME_OPTIONS};

use crate::call::{Answer, Call};
use crate::error::api_error::ApiError;
use crate::proof::Public;
use crate::response::reply::File;
use crate::row::{get, rows};

const HTML: &str = "text/html; charset=utf-8";

rows![
    home_page = get("/", "Shows the start page with links to the other pages.").file(HTML),
    register_page = get("/register", "Shows the sign-up page.").file(HTML),
    login_page = get("/login", "Shows the sign-in page.").file(HTML),
    verify_page = get("/verify", "Shows the page that verifies an e-mail address.").file(HTML),
    confirm_email_page = get(
        "/confirm-email",
        "Shows the page that confirms a new e-mail address."
    )
    .file(HTML),
    undo_email_page = get(
        "/undo-email",
        "Shows the page that undoes a change of the e-mail address."
    )
    .file(HTML),
    undo_2fa_page = get(
        "/undo-2fa",
        "Shows the page that undoes the activation of a second factor."
    )
    .file(HTML),
    forgot_password_page = get(
        "/forgot-password",
        "Shows the page that requests a password reset link."
    )
    .file(HTML),
    reset_password_page = get(
        "/reset-password",
        "Shows the page that sets a new password."
    )
    .file(HTML),
    account_page = get(
        "/account/settings",
        "Shows the account page with the signed-in user and sign-out."
    )
    .file(HTML),
    page_script = get("/assets/pages.js", "Returns the script of the pages.")
        .file("text/javascript; charset=utf-8"),
    page_style = get("/assets/pages.css", "Returns the style sheet of the pages.")
        .file("text/css; charset=utf-8"),
    provider_icon = get(
        "/assets/providers/{icon}",
        "Returns the icon of a sign-in provider."
    )
    .file("image/svg+xml"),
];

macro_rules! files {
    ($($handler:ident: $file:literal;)+) => {$(
        async fn $handler<P: Platform>(call: &Call<'_, P>, _: Public) -> Answer<File> {
            page(call, include_str!($file))
        }
    )+};
}

files! {
    home_page: "home.html";
    register_page: "register.html";
    login_page: "login.html";
    verify_page: "verify.html";
    confirm_email_page: "confirm-email.html";
    undo_email_page: "undo-email.html";
    undo_2fa_page: "undo-2fa.html";
    forgot_password_page: "forgot-password.html";
    reset_password_page: "reset-password.html";
    account_page: "account.html";
    page_script: "pages.js";
    page_style: "pages.css";
}

async fn provider_icon<P: Platform>(call: &Call<'_, P>, _: Public) -> Answer<File> {
    let name = call.path_parameter("icon");
    let icon = name.strip_suffix(".svg").and_then(preset_icon);
    let icon = page(call, icon.ok_or_else(ApiError::not_found)?)?;
    Ok(icon.cached("public, max-age=86400"))
}

/// Content security policy: a page can load, run and send only to the service itself, and can't be framed.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Prefixes the addresses in attributes with the base path. The script derives the base path from its own address.
fn below(base: &str, body: &str) -> String {
    body.replace("=\"/", &format!("=\"{base}/"))
}

/// Returns a file with headers that prevent framing and leaking of addresses.
fn page<P: Platform>(call: &Call<'_, P>, body: &'static str) -> Answer<File> {
    let mut reply = call.file(match call.config().web.base_path() {
        "" => Bytes::from_static(body.as_bytes()),
        base => below(base, body).into(),
    });
    let headers = reply.headers_mut();
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(reply)
}

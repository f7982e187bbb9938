//! The files of the pages, and the headers that protect them.

use auth_core::Platform;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_FRAME_OPTIONS};

use crate::call::{Answer, Call};
use crate::proof::Public;
use crate::response::reply::File;
use crate::row::{get, rows};

const HTML: &str = "text/html; charset=utf-8";

rows![
    home_page = get("/", "Where to go.").file(HTML),
    register_page = get("/register", "Sign up.").file(HTML),
    login_page = get("/login", "Sign in.").file(HTML),
    verify_page = get("/verify", "Verify an e-mail address.").file(HTML),
    confirm_email_page = get("/confirm-email", "Confirm a new e-mail address.").file(HTML),
    undo_email_page = get("/undo-email", "Take a change of address back.").file(HTML),
    undo_2fa_page = get("/undo-2fa", "Take a second factor back.").file(HTML),
    forgot_password_page = get("/forgot-password", "Ask for a new password.").file(HTML),
    reset_password_page = get("/reset-password", "Choose a new password.").file(HTML),
    account_page = get("/account/settings", "Who is signed in, and signing out.").file(HTML),
    page_script =
        get("/assets/pages.js", "Script of the pages.").file("text/javascript; charset=utf-8"),
    page_style = get("/assets/pages.css", "Style of the pages.").file("text/css; charset=utf-8"),
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

/// Nothing may be loaded, run, framed or sent from a page but what the service itself serves.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A file whose attributes lead below a path. The script finds that by its own address.
fn below(base: &str, body: &str) -> String {
    body.replace("=\"/", &format!("=\"{base}/"))
}

/// A file for browsers, with headers that keep pages from being framed and addresses from being leaked.
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

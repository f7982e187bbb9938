//! Pages for people: signing up, in and out. Static files; what they do, they do through the API.

use bytes::Bytes;
use http::Response;

use crate::reply;

macro_rules! static_pages {
    ($($name:ident: $file:literal, $content_type:literal;)+) => {$(
        pub(crate) fn $name() -> Response<Bytes> {
            reply::page($content_type, include_bytes!(concat!("pages/", $file)))
        }
    )+};
}

static_pages! {
    home: "home.html", "text/html; charset=utf-8";
    register: "register.html", "text/html; charset=utf-8";
    login: "login.html", "text/html; charset=utf-8";
    verify: "verify.html", "text/html; charset=utf-8";
    confirm_email: "confirm-email.html", "text/html; charset=utf-8";
    undo_email: "undo-email.html", "text/html; charset=utf-8";
    forgot_password: "forgot-password.html", "text/html; charset=utf-8";
    reset_password: "reset-password.html", "text/html; charset=utf-8";
    account: "account.html", "text/html; charset=utf-8";
    script: "pages.js", "text/javascript; charset=utf-8";
    style: "pages.css", "text/css; charset=utf-8";
}

//! Pages for people: signing up, in and out. Static files; what they do, they do through the API.

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::reply;

macro_rules! static_pages {
    ($($name:ident: $file:literal, $content_type:literal;)+) => {$(
        pub(crate) fn $name() -> Response<Bytes> {
            let body = Bytes::from_static(include_bytes!(concat!("pages/", $file)));
            reply::with_type(StatusCode::OK, $content_type, body)
        }
    )+};
}

static_pages! {
    home: "home.html", "text/html; charset=utf-8";
    register: "register.html", "text/html; charset=utf-8";
    login: "login.html", "text/html; charset=utf-8";
    account: "account.html", "text/html; charset=utf-8";
    script: "pages.js", "text/javascript; charset=utf-8";
    style: "pages.css", "text/css; charset=utf-8";
}

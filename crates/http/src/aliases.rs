//! Paths of other systems, so that their clients keep working: the same operations, under `COMPATIBILITY_ROUTES`.

use http::StatusCode;

use crate::routes::RequestBody::{Form, Json, OptionalJson};
use crate::routes::{Operation, Route, post};

/// The routes for clients of fastapi-users and other systems.
pub static ALIASES: &[Route] = &[
    token("/token"),
    token("/auth/jwt/login"),
    post(
        "/token/refresh",
        Operation::Refresh,
        "The same as `/auth/refresh`.",
    )
    .reads(OptionalJson("RefreshRequest"))
    .returns("TokenResponse")
    .fails(&[401, 403, 429])
    .deprecated(),
    register("/register"),
    register("/auth/signup"),
    logout("/logout"),
    logout("/auth/jwt/logout"),
    logout("/auth/cookie/logout"),
    post(
        "/auth/cookie/login",
        Operation::CookieLogin,
        "Signs in by a form, and sets the session's cookie.",
    )
    .reads(Form("TokenRequest"))
    .fails(&[403, 429])
    .heavy()
    .deprecated(),
    post(
        "/account/2fa/disable",
        Operation::DisableTotp,
        "The same as `/auth/2fa/disable`.",
    )
    .authenticated()
    .reads(Json("PasswordAndCodeRequest"))
    .fails(&[403, 409, 429])
    .heavy()
    .deprecated(),
    post(
        "/auth/request-verify-token",
        Operation::ResendVerification,
        "The same as `/auth/verify/resend`.",
    )
    .reads(Json("EmailRequest"))
    .accepted()
    .fails(&[429])
    .deprecated(),
    post(
        "/auth/verify",
        Operation::VerifyEmail,
        "The same as `/auth/verify/{token}`, with the token in the body.",
    )
    .for_holders()
    .reads(Json("VerifyRequest"))
    .returns("UserView")
    .fails(&[403, 429])
    .heavy()
    .deprecated(),
    post(
        "/auth/reset-password",
        Operation::ResetPassword,
        "The same as `/auth/reset-password/{token}`, with the token in the body.",
    )
    .reads(Json("ResetPasswordRequest"))
    .heavy()
    .deprecated(),
];

const fn token(path: &'static str) -> Route {
    post(path, Operation::Token, "The same as `/auth/token`.")
        .reads(Form("TokenRequest"))
        .returns("TokenResponse")
        .fails(&[429])
        .heavy()
        .deprecated()
}

const fn register(path: &'static str) -> Route {
    post(path, Operation::Register, "The same as `/auth/register`.")
        .reads(Json("RegisterRequest"))
        .answers(StatusCode::CREATED, "RegisterResponse")
        .fails(&[409, 429])
        .heavy()
        .deprecated()
}

const fn logout(path: &'static str) -> Route {
    post(path, Operation::Logout, "The same as `/auth/logout`.")
        .for_holders()
        .reads(OptionalJson("LogoutRequest"))
        .fails(&[403])
        .deprecated()
}

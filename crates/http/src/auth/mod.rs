//! Registration, sign-in, sign-in by providers, sign-out, second factors, verification and recovery.

pub(crate) mod login;
pub(crate) mod login_by_form;
pub(crate) mod logout;
pub(crate) mod mfa;
pub(crate) mod oauth;
pub(crate) mod password_reset;
mod qr_code;
pub(crate) mod reauthentication;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod tokens;
pub(crate) mod verification;

//! Sessions and their tokens: started by a login, extended by refresh tokens, ended by a logout.

pub(crate) mod active;
pub(crate) mod authenticate;
pub(crate) mod end;
pub(crate) mod presented;
pub(crate) mod refresh;
pub(crate) mod refresh_token;
pub(crate) mod start;
pub(crate) mod tokens;
pub(crate) mod transport;

use crate::context::service;

service! {
    /// User sessions.
    Sessions
}

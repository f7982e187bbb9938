//! The common parts of the checks.

mod audit;
mod basics;
mod documents;
mod identities;
mod lists;
mod one_time_secrets;
mod rate_limits;
mod roles;
mod sessions;
mod users;

pub(crate) use audit::*;
pub(crate) use basics::*;
pub(crate) use documents::*;
pub(crate) use identities::*;
pub(crate) use lists::*;
pub(crate) use one_time_secrets::*;
pub(crate) use rate_limits::*;
pub(crate) use roles::*;
pub(crate) use sessions::*;
pub(crate) use users::*;

//! The storage contract. Generated from `wit/` by `cargo xtask generate`: change it there.

#[macro_use]
#[rustfmt::skip]
mod bridge;
#[rustfmt::skip]
mod audit;
#[rustfmt::skip]
mod credentials;
#[rustfmt::skip]
mod documents;
#[rustfmt::skip]
mod identities;
#[rustfmt::skip]
mod maintenance;
#[rustfmt::skip]
mod one_time_secrets;
#[rustfmt::skip]
mod rate_limits;
#[rustfmt::skip]
mod roles;
#[rustfmt::skip]
mod sessions;
#[rustfmt::skip]
mod signing_keys;
#[rustfmt::skip]
mod types;
#[rustfmt::skip]
mod users;

pub use audit::*;
pub use credentials::*;
pub use documents::*;
pub use identities::*;
pub use maintenance::*;
pub use one_time_secrets::*;
pub use rate_limits::*;
pub use roles::*;
pub use sessions::*;
pub use signing_keys::*;
pub use types::*;
pub use users::*;

/// All of storage.
pub trait Storage:
    Audit
    + Roles
    + Credentials
    + Identities
    + Users
    + Sessions
    + OneTimeSecrets
    + SigningKeys
    + RateLimits
    + Documents
    + Maintenance
{
}

impl<T> Storage for T where
    T: Audit
        + Roles
        + Credentials
        + Identities
        + Users
        + Sessions
        + OneTimeSecrets
        + SigningKeys
        + RateLimits
        + Documents
        + Maintenance
{
}

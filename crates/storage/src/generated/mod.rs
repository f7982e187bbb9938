//! The storage contract. Generated from `wit/` by `cargo xtask generate`: change it there.

#[rustfmt::skip]
mod bridge;
#[rustfmt::skip]
mod audit;
#[rustfmt::skip]
mod credentials;
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
    Roles
    + Credentials
    + Users
    + Sessions
    + OneTimeSecrets
    + Audit
    + SigningKeys
    + RateLimits
    + Maintenance
{
}

impl<T> Storage for T where
    T: Roles
        + Credentials
        + Users
        + Sessions
        + OneTimeSecrets
        + Audit
        + SigningKeys
        + RateLimits
        + Maintenance
{
}

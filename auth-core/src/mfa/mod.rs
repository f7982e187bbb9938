//! The second factor: TOTP, and recovery codes for users who have lost the device.

pub(crate) mod enrolment;
pub(crate) mod limited;
pub(crate) mod recovery_code;
pub(crate) mod requirement;
pub(crate) mod second_factor;
pub mod totp;
pub(crate) mod undo;
pub(crate) mod verify_code;

use crate::context::service;

service! {
    /// The second factor of an account.
    Mfa
}

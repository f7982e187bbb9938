//! Sessions that are limited because a required second factor is missing.

use crate::config::Config;
use crate::mfa::Mfa;
use crate::platform::Platform;
use crate::sign_in::proof::has_proved_mfa;
use crate::storage::ActiveSession;

/// The reason why a session is limited although its user has signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingFactor {
    /// The user must set up a second factor.
    Enrolment,
    /// The user has a second factor, but did not prove it in this session.
    Proof,
}

impl<P: Platform> Mfa<'_, P> {
    /// Returns what the session lacks to be more than a session for setting up or proving a second factor. `None` means
    /// that it lacks nothing.
    pub fn missing_factor(self, active: &ActiveSession) -> Option<MissingFactor> {
        missing_factor(&self.context.config, active)
    }
}

/// Returns what the session lacks where its user is required to have a second factor. Impersonation requires no factor of the
/// user.
pub(crate) fn missing_factor(config: &Config, active: &ActiveSession) -> Option<MissingFactor> {
    let required =
        active.session.actor_id.is_none() && config.require_mfa.applies_to(&active.roles);
    match (
        required,
        active.second_factor,
        has_proved_mfa(&active.session),
    ) {
        (false, ..) | (true, true, true) => None,
        (true, true, false) => Some(MissingFactor::Proof),
        (true, false, _) => Some(MissingFactor::Enrolment),
    }
}

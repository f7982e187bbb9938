//! Sessions that are limited to setting up a second factor.

use crate::config::Config;
use crate::mfa::Mfa;
use crate::platform::Platform;
use crate::storage::ActiveSession;

impl<P: Platform> Mfa<'_, P> {
    /// Whether a session is good for nothing but to set up the second factor that its user has to have.
    pub fn must_enrol(self, active: &ActiveSession) -> bool {
        must_enrol(&self.context.config, active)
    }
}

/// Whether a session is good for nothing but to set up a second factor. Who acts as a user needs no factor of theirs.
pub(crate) fn must_enrol(config: &Config, active: &ActiveSession) -> bool {
    active.session.actor_id.is_none()
        && !active.second_factor
        && config.require_mfa.applies_to(&active.roles)
}

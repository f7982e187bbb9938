//! Sessions that are limited to setting up a second factor.

use crate::config::Config;
use crate::mfa::Mfa;
use crate::platform::Platform;
use crate::storage::ActiveSession;

impl<P: Platform> Mfa<'_, P> {
    /// Whether the session only allows setting up the second factor that its user requires.
    pub fn must_enrol(self, active: &ActiveSession) -> bool {
        must_enrol(&self.context.config, active)
    }
}

/// Whether the session only allows setting up a second factor. Impersonation requires no factor of the user.
pub(crate) fn must_enrol(config: &Config, active: &ActiveSession) -> bool {
    active.session.actor_id.is_none()
        && !active.second_factor
        && config.require_mfa.applies_to(&active.roles)
}

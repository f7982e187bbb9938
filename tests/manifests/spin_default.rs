//! The defaults of variables in the manifests for Spin.

use auth_core::config::Setting;

/// Returns the default of a setting's variable. `SECRET_KEY` has none, so Spin requires it.
pub(crate) fn spin_default(setting: &Setting) -> Option<&'static str> {
    match (setting.default, setting.name) {
        (None, "SECRET_KEY") => None,
        // The address at which Spin listens by default.
        (_, "PUBLIC_BASE_URL") => Some("http://localhost:3000"),
        // Spin has no other bound for the hashes that are computed at the same time.
        (_, "HASHES_PER_SECOND") => Some("64"),
        (default, _) => Some(default.unwrap_or_default()),
    }
}

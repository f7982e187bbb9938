//! The defaults of variables in the manifests for Spin.

use auth_core::config::Setting;

/// Returns the default of a setting's variable. The one setting that the service can't do without and that has no default has
/// none here either: Spin asks for it.
pub(crate) fn spin_default(setting: &Setting) -> Option<&'static str> {
    match (setting.default, setting.name) {
        (None, "SECRET_KEY") => None,
        // The address at which Spin listens by default.
        (_, "PUBLIC_BASE_URL") => Some("http://localhost:3000"),
        // Nothing else bounds there how many are computed at once.
        (_, "HASHES_PER_SECOND") => Some("32"),
        (default, _) => Some(default.unwrap_or_default()),
    }
}

//! Reads a setting of one provider, by its row in a table.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::config::setting::{Setting, SettingError};
use crate::platform::Settings;
use crate::secret::SecretToken;

/// Reads a setting with this row and name. A value that consists only of blanks counts as not set.
///
/// # Errors
/// The value is not accepted.
pub(super) async fn read<T>(
    settings: &impl Settings,
    row: &'static Setting,
    name: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, SettingError> {
    let given = settings.get(name).await;
    let given = given.map_err(SettingError::Unavailable)?;
    let text = given
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty());
    let parsed = text.map(|text| {
        parse(text).ok_or_else(|| {
            let problem = if row.secret {
                "the value is not accepted".to_owned()
            } else {
                format!("{text:?} is not accepted")
            };
            refused(row, name, problem)
        })
    });
    parsed.transpose()
}

/// Returns the error of a setting.
pub(super) fn refused(row: &'static Setting, name: &'static str, problem: String) -> SettingError {
    SettingError::Value {
        name,
        problem,
        accepts: row.accepts,
    }
}

/// Parses a client ID (RFC 6749 appendix A.1).
pub(super) fn client_id(text: &str) -> Option<String> {
    let fits = text.len() <= 512 && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    fits.then(|| text.to_owned())
}

/// Parses a client secret (RFC 6749 appendix A.2).
pub(super) fn client_secret(text: &str) -> Option<SecretToken> {
    client_id(text).map(SecretToken::of)
}

/// Parses scopes (RFC 6749 section 3.3). If the usual ones include `openid`, these must too, because there would be no
/// ID token.
pub(super) fn scopes(text: &str, usual: &str) -> Option<String> {
    let allowed = |byte: u8| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~');
    let openid = |text: &str| text.split_ascii_whitespace().any(|scope| scope == "openid");
    let scopes: Vec<_> = text.split_ascii_whitespace().collect();
    let fits =
        scopes.iter().all(|scope| scope.bytes().all(allowed)) && (openid(text) || !openid(usual));
    fits.then(|| scopes.join(" "))
}

/// Returns a name that outlives the settings, as errors and tables need it. Each is kept once, and the operator alone
/// determines them.
pub(in crate::config) fn lasting(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let name: &'static str = name.to_owned().leak();
    names.insert(name);
    name
}

//! The password policy: length, and a list of common passwords that attackers try first. There are no rules about kinds
//! of characters (NIST SP 800-63B section 3.1.1.2).

use zeroize::Zeroizing;

use crate::config::Config;
use crate::error::{FieldError, FieldErrorCode};
use crate::normal_form::nfc;

/// Common passwords of eight or more characters: lower case, sorted by bytes, one per line.
static COMMON_PASSWORDS: &str = include_str!("common_passwords.txt");

/// Returns the form of a password that is counted, hashed and compared: NFC, because two keyboards can send the same
/// characters differently. Nothing else is changed or cut.
pub fn normalize(password: &str) -> Zeroizing<String> {
    Zeroizing::new(nfc(password).into_owned())
}

/// Checks a normalised new password of a user with these names.
///
/// # Errors
/// The broken rule, for `field`.
pub(crate) fn check(
    password: &str,
    field: &'static str,
    config: &Config,
    names: &[Option<&str>],
) -> Result<(), FieldError> {
    let error = |code, message: String| Err(FieldError::new(field, code, message));
    let length = password.chars().count();
    if length == 0 {
        error(FieldErrorCode::Required, "A password is required.".into())
    } else if length < config.password_min_length {
        error(
            FieldErrorCode::TooShort,
            format!("At least {} characters.", config.password_min_length),
        )
    } else if length > config.password_max_length {
        error(
            FieldErrorCode::TooLong,
            format!("At most {} characters.", config.password_max_length),
        )
    } else if is_common(password) {
        error(
            FieldErrorCode::CommonPassword,
            "This password is too common. Choose another one.".into(),
        )
    } else if is_made_of_names(password, &config.product_name, names) {
        error(
            FieldErrorCode::ContextWord,
            "This password consists mainly of your e-mail address, user name or the product's name."
                .into(),
        )
    } else {
        Ok(())
    }
}

fn is_common(password: &str) -> bool {
    let password = Zeroizing::new(password.to_lowercase());
    // Binary search over byte positions: the probe moves back to the start of its line.
    let text = COMMON_PASSWORDS.as_bytes();
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = text[..middle]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let end = text[middle..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(text.len(), |at| middle + at);
        match text[start..end].cmp(password.as_bytes()) {
            core::cmp::Ordering::Equal => return true,
            core::cmp::Ordering::Less => low = end + 1,
            core::cmp::Ordering::Greater => high = start,
        }
    }
    false
}

/// Whether little of a password remains without the names that an attacker knows: the product, the address, its two
/// parts, and the user name (ASVS V6.2.11).
fn is_made_of_names(password: &str, product: &str, names: &[Option<&str>]) -> bool {
    /// The minimum number of characters of a word, and of the remaining text.
    const SHORTEST: usize = 4;
    let mut words = vec![product.to_lowercase()];
    for name in names.iter().flatten() {
        let name = name.to_lowercase();
        if let Some((local, domain)) = name.split_once('@') {
            words.extend([local.to_owned(), domain.to_owned()]);
            words.extend(domain.split('.').map(str::to_owned));
        }
        words.push(name);
    }
    words.retain(|word| word.chars().count() >= SHORTEST);
    // Longest first: otherwise a part of a longer word would remain.
    words.sort_by_key(|word| core::cmp::Reverse(word.len()));
    let mut rest = Zeroizing::new(password.to_lowercase());
    let whole = rest.len();
    for word in &words {
        rest = Zeroizing::new(rest.replace(word.as_str(), ""));
    }
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    rest.len() < whole && letters(&rest) < SHORTEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_passwords_and_may_be_in_one() {
        let names = [Some("ada.lovelace@example.com"), Some("countess")];
        let made_of_names = |password| is_made_of_names(password, "Gatewright", &names);
        for password in [
            "gatewright1",
            "Gatewright2026"[..13].as_ref(),
            "ada.lovelace@example.com",
            "Ada.Lovelace!!",
            "countess123",
            "countessgatewright",
        ] {
            assert!(made_of_names(password), "{password}");
        }
        for password in [
            "correct horse battery staple",
            "the countess of Sussex",
            "gatewright and more",
            "zzzzzzzzz",
        ] {
            assert!(!made_of_names(password), "{password}");
        }
    }

    #[test]
    fn every_listed_password_is_found() {
        let lines: Vec<_> = COMMON_PASSWORDS.lines().collect();
        assert!(lines.len() > 10_000);
        assert!(lines.is_sorted_by_key(|line| line.as_bytes()));
        assert!(
            lines
                .iter()
                .all(|line| line.chars().count() >= 8 && is_common(line))
        );
        assert!(is_common("PassWord1"));
    }

    #[test]
    fn what_is_not_listed_is_not_found() {
        for password in [
            "",
            "a",
            "password1 ",
            "~~~~~~~~~~~~~~~~~",
            "correct horse battery",
            "zzzzzzzzzzzzzzzzzzzzz",
        ] {
            assert!(!is_common(password), "{password}");
        }
    }

    #[test]
    fn passwords_are_compared_in_nfc() {
        assert_eq!(*normalize("pa\u{308}ssword"), "pässword");
    }
}

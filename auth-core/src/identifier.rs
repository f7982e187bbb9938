//! Names by which people sign in, and identifiers of records.

use unicode_normalization::UnicodeNormalization as _;

use crate::error::{FieldError, FieldErrorCode};
use crate::storage::LoginName;

/// An e-mail address (RFC 5321 section 4.1.2) of at most 254 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address, blanks around it aside, in NFC.
    ///
    /// # Errors
    /// The broken rule, for the field `email`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        // NFC (RFC 6532 section 3.1): two keyboards can send one address differently.
        let text = nfc(text.trim().to_owned());
        if text.is_empty() {
            return Err(FieldError::new(
                "email",
                FieldErrorCode::Required,
                "An e-mail address is required.",
            ));
        }
        // RFC 5321 section 4.5.3.1.3 limits a path to 256 bytes, its angle brackets included.
        if text.len() > 254 {
            return Err(FieldError::new(
                "email",
                FieldErrorCode::TooLong,
                "At most 254 bytes.",
            ));
        }
        let options = email_address::Options::default()
            .without_display_text()
            .without_domain_literal()
            .with_required_tld();
        match email_address::EmailAddress::parse_with_options(&text, options) {
            Ok(address) if !text.chars().any(char::is_control) => Ok(Self(address.to_string())),
            _ => Err(FieldError::new(
                "email",
                FieldErrorCode::InvalidFormat,
                "Not an e-mail address.",
            )),
        }
    }

    /// The address as it was written, in NFC.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that is compared: lower case. Two addresses that differ in case alone are one person's
    /// everywhere in practice, although RFC 5321 lets a mail server see a difference.
    pub fn key(&self) -> String {
        canonical(&self.0)
    }
}

/// A user name: 3 to 32 of the characters `a-z A-Z 0-9 . _ -`, the first a letter or a digit.
///
/// It never holds `@`, so that it can't be taken for an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Reads a name, blanks around it aside.
    ///
    /// # Errors
    /// The broken rule, for the field `username`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = text.trim();
        let error = |code, message: &str| Err(FieldError::new("username", code, message));
        match text.chars().count() {
            0 => return error(FieldErrorCode::Required, "A user name is required."),
            1 | 2 => return error(FieldErrorCode::TooShort, "At least 3 characters."),
            3..=32 => {}
            _ => return error(FieldErrorCode::TooLong, "At most 32 characters."),
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            error(
                FieldErrorCode::InvalidFormat,
                "Letters, digits, '.', '_' and '-', a letter or digit first.",
            )
        }
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that is compared.
    pub fn key(&self) -> String {
        canonical(&self.0)
    }
}

/// The form in which addresses and names are compared.
pub fn canonical(text: &str) -> String {
    nfc(text.to_lowercase())
}

fn nfc(text: String) -> String {
    if text.is_ascii() {
        return text;
    }
    text.nfc().collect()
}

/// The key of a name by which somebody signs in; none: no account can have it.
pub(crate) fn login_name(text: &str) -> Option<LoginName> {
    if text.contains('@') {
        EmailAddress::parse(text)
            .ok()
            .map(|email| LoginName::Email(email.key()))
    } else {
        Username::parse(text)
            .ok()
            .map(|name| LoginName::Username(name.key()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_without_case_and_blanks() {
        let written = EmailAddress::parse("  Jörg.Example@Example.COM ").unwrap();
        assert_eq!(written.as_str(), "Jörg.Example@Example.COM");
        assert_eq!(
            written.key(),
            EmailAddress::parse("jörg.example@example.com")
                .unwrap()
                .key()
        );
        let decomposed = EmailAddress::parse("jo\u{308}rg.example@example.com").unwrap();
        assert_eq!(written.key(), decomposed.key());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "plain",
            "@example.com",
            "a@",
            "a b@example.com",
            "a@b@example.com",
            "a@example.com\nBcc: b@example.com",
            "A <a@example.com>",
            "a@localhost",
            "a@[127.0.0.1]",
        ] {
            assert_eq!(
                EmailAddress::parse(text).unwrap_err().code,
                FieldErrorCode::InvalidFormat,
                "{text}"
            );
        }
        assert_eq!(
            EmailAddress::parse(" ").unwrap_err().code,
            FieldErrorCode::Required
        );
        let long = format!("{}@example.com", "a".repeat(250));
        assert_eq!(
            EmailAddress::parse(&long).unwrap_err().code,
            FieldErrorCode::TooLong
        );
    }

    #[test]
    fn user_names_never_look_like_addresses() {
        assert_eq!(
            Username::parse("Ada.Lovelace").unwrap().key(),
            "ada.lovelace"
        );
        for text in ["ada@example.com", "-ada", "a da", "ädä", "ada\u{200b}x"] {
            assert_eq!(
                Username::parse(text).unwrap_err().code,
                FieldErrorCode::InvalidFormat,
                "{text}"
            );
        }
        assert_eq!(
            Username::parse("ab").unwrap_err().code,
            FieldErrorCode::TooShort
        );
        assert_eq!(
            Username::parse(&"a".repeat(33)).unwrap_err().code,
            FieldErrorCode::TooLong
        );
    }
}

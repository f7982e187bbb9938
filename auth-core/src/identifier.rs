//! E-mail addresses and user names, by which people sign in.

use std::borrow::Cow;

use crate::domain::a_labels;
use crate::error::{FieldError, FieldErrorCode};
use crate::mail::context::{is_invisible, is_printable};
use crate::normal_form::nfc;
use crate::storage::LoginName;

/// Maximum number of bytes of an address: RFC 5321 section 4.5.3.1.3 limits a path to 256, including angle brackets.
const ADDRESS_MAX: usize = 254;
/// Maximum number of bytes of the local part, before the `@` (RFC 5321 section 4.5.3.1.1).
const LOCAL_PART_MAX: usize = 64;

/// An e-mail address (RFC 6531 section 3.3) in a domain of the Internet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Parses an address without the blanks around it, and converts it to NFC.
    ///
    /// # Errors
    /// The broken rule, for the field `email`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let error = |code, message| Err(FieldError::new("email", code, message));
        // NFC (RFC 6532 section 3.1), because two keyboards can send the same address differently.
        let text = nfc(text.trim()).into_owned();
        if text.is_empty() {
            return error(FieldErrorCode::Required, "An e-mail address is required.");
        }
        if text.len() > ADDRESS_MAX {
            return error(FieldErrorCode::TooLong, "At most 254 bytes.");
        }
        let parts = text.rsplit_once('@');
        let sent = parts
            .filter(|(local, _)| is_local_part(local) && !text.contains(is_invisible))
            .and_then(|(local, domain)| Some((local, a_labels(domain)?)));
        match sent {
            None => error(FieldErrorCode::InvalidFormat, "Not a valid e-mail address."),
            Some((local, domain)) if local.len() + 1 + domain.len() > ADDRESS_MAX => {
                error(FieldErrorCode::TooLong, "At most 254 bytes.")
            }
            Some(_) => Ok(Self(text)),
        }
    }

    /// Returns the address as it was written, in NFC.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the form for comparison.
    pub fn key(&self) -> String {
        email_key(&self.0)
    }

    /// Returns the form for mail delivery.
    pub fn to_sent(&self) -> String {
        sent_address(&self.0)
    }
}

/// Converts an address to the form for comparison: lower case, its domain as A-labels. Two addresses that differ in
/// case alone belong to one person everywhere in practice, although RFC 5321 allows a mail server to distinguish them.
pub fn email_key(address: &str) -> String {
    let parts = address.rsplit_once('@');
    match parts.and_then(|(local, domain)| Some((local, a_labels(domain)?))) {
        Some((local, domain)) => format!("{}@{domain}", canonical(&unquoted(local))),
        // Stored by an earlier version, which accepted more.
        None => canonical(address),
    }
}

/// Converts an address to the form for mail delivery: a domain that is not ASCII as A-labels, which every mail server
/// accepts. A local part has no such form.
pub(crate) fn sent_address(address: &str) -> String {
    let parts = address.rsplit_once('@');
    let other = parts.filter(|(_, domain)| !domain.is_ascii());
    match other.and_then(|(local, domain)| Some((local, a_labels(domain)?))) {
        Some((local, domain)) => format!("{local}@{domain}"),
        None => address.to_owned(),
    }
}

/// Whether the text is a valid local part: a dot-string or a quoted string (RFC 5321 section 4.1.2), with the
/// characters that RFC 6531 section 3.3 adds to both, except blanks and control characters.
fn is_local_part(text: &str) -> bool {
    if text.len() > LOCAL_PART_MAX {
        return false;
    }
    let Some(quoted) = in_quotes(text) else {
        return is_dot_string(text);
    };
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        let fits = match c {
            '"' => false,
            '\\' => matches!(chars.next(), Some(' '..='~')),
            ' '..='~' => true,
            c => is_further(c),
        };
        if !fits {
            return false;
        }
    }
    !quoted.is_empty()
}

fn is_dot_string(text: &str) -> bool {
    let in_atom =
        |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_further(c);
    let is_atom = |atom: &str| !atom.is_empty() && atom.chars().all(in_atom);
    text.split('.').all(is_atom)
}

/// Whether RFC 6531 adds the character to local parts. Control characters and blanks are excluded.
fn is_further(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace() && is_printable(c)
}

fn in_quotes(text: &str) -> Option<&str> {
    text.strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
}

/// Returns a local part with no more quotes and backslashes than it needs: `"ada"` and `ada` are one mailbox (RFC 5321
/// section 4.1.2).
fn unquoted(local: &str) -> Cow<'_, str> {
    let Some(quoted) = in_quotes(local) else {
        return Cow::Borrowed(local);
    };
    let mut text = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => chars.next().unwrap_or(c),
            c => c,
        });
    }
    Cow::Owned(if is_dot_string(&text) {
        text
    } else {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{escaped}\"")
    })
}

/// A user name: 3 to 32 of the characters `a-z A-Z 0-9 . _ -`, the first a letter or a digit.
///
/// It never contains `@`, so that it can't be mistaken for an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Parses a name without the blanks around it.
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
                "Use letters, digits, '.', '_' and '-', starting with a letter or digit.",
            )
        }
    }

    /// Returns the name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the form for comparison.
    pub fn key(&self) -> String {
        canonical(&self.0)
    }
}

/// Converts a text to the form for comparison: lower case, in NFC.
pub fn canonical(text: &str) -> String {
    nfc(&text.to_lowercase()).into_owned()
}

/// Returns the key of a name by which somebody signs in, or `None` if no account can have the name.
pub(crate) fn login_name(text: &str) -> Option<LoginName> {
    if text.contains('@') {
        // Also accepts addresses that are not valid today, because an earlier version accepted more.
        let email = text.trim();
        (email.len() <= ADDRESS_MAX).then(|| LoginName::Email(email_key(email)))
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
    fn an_address_has_one_key_however_its_domain_is_written() {
        let key = |text: &str| EmailAddress::parse(text).unwrap().key();
        for text in [
            "somename@münchen.de",
            "SomeName@MÜNCHEN.DE",
            "somename@mu\u{308}nchen.de",
            "somename@xn--mnchen-3ya.de",
        ] {
            assert_eq!(key(text), "somename@xn--mnchen-3ya.de", "{text}");
            let sent = EmailAddress::parse(text).unwrap().to_sent();
            assert!(
                sent.to_lowercase() == "somename@xn--mnchen-3ya.de",
                "{sent}"
            );
        }
        let indic = EmailAddress::parse("संपर्क@डाटामेल.भारत").unwrap();
        assert_eq!(indic.to_sent(), "संपर्क@xn--c2bd4bq1db8d.xn--h2brj9c");
        assert_eq!(indic.as_str(), "संपर्क@डाटामेल.भारत");
        assert_eq!(
            EmailAddress::parse("Ada@Example.com").unwrap().to_sent(),
            "Ada@Example.com"
        );
        for quoted in [
            "\"a b\"@example.com",
            "\"a@b\"@example.com",
            "\"\\\"\"@example.com",
        ] {
            assert!(EmailAddress::parse(quoted).is_ok(), "{quoted}");
            assert_eq!(key(quoted), quoted);
        }
        for (quoted, same) in [
            ("\"Ada\"@example.com", "ada@example.com"),
            ("\"a\\da\"@example.com", "ada@example.com"),
            ("\"a\\ b\"@example.com", "\"a b\"@example.com"),
        ] {
            assert_eq!(key(quoted), same);
        }
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
            ".a@example.com",
            "a..b@example.com",
            "\"\"@example.com",
            "\"a\"b\"@example.com",
            "\"@example.com",
            "a\u{a0}b@example.com",
            "a\u{202e}b@example.com",
            "a@xn--a.com",
            "a@exa_mple.com",
            "a@-example.com",
            "a@\u{200b}.com",
            "a\u{200b}b@example.com",
            "a\u{3164}@example.com",
            "a@exam\u{ad}ple.com",
            "a@1.2.3.4",
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
        // Within the limit of an address, and beyond that of the local part.
        let label = "ü".repeat(29);
        let domain = [label.as_str(); 4].join(".");
        let code = |text: &str| {
            EmailAddress::parse(text)
                .map(drop)
                .map_err(|rule| rule.code)
        };
        assert_eq!(code(&format!("{}@{domain}.de", "a".repeat(10))), Ok(()));
        let local = "a".repeat(65);
        let too_long = format!("{local}@example.com");
        assert_eq!(code(&too_long), Err(FieldErrorCode::InvalidFormat));
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

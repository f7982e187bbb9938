//! Django's own forms of hashes that other systems also have (`django/contrib/auth/hashers.py`).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;

/// Converts a hash in Django's form to the usual form. In Django, Argon2 and bcrypt have a prefix, and scrypt is
/// `scrypt$N$salt$r$p$hash` with the salt as plain text. Returns `None` for other forms.
pub(super) fn usual_form(stored: &str) -> Option<String> {
    let (algorithm, rest) = stored.split_once('$')?;
    match algorithm {
        "argon2" if rest.starts_with("argon2") => Some(format!("${rest}")),
        "bcrypt" if rest.starts_with("$2") => Some(rest.to_owned()),
        "scrypt" => {
            let [n, salt, r, p, hash] = rest.split('$').collect::<Vec<_>>()[..] else {
                return None;
            };
            let n = n.parse::<u32>().ok().filter(|n| n.is_power_of_two())?;
            let (ln, salt) = (n.ilog2(), BASE64_STANDARD_NO_PAD.encode(salt));
            Some(format!("$scrypt$ln={ln},r={r},p={p}${salt}${hash}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefixes_of_django_are_known() {
        for (django, usual) in [
            (
                "argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA",
                Some("$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA"),
            ),
            ("bcrypt$$2b$12$rest", Some("$2b$12$rest")),
            (
                "scrypt$16384$salt$8$1$aGFzaA==",
                Some("$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA=="),
            ),
            ("scrypt$16383$salt$8$1$aGFzaA==", None),
            ("scrypt$0$salt$8$1$aGFzaA==", None),
            ("scrypt$16384$salt$8$aGFzaA==", None),
            ("argon2$$argon2id$v=19", None),
            ("bcrypt$2b$12$rest", None),
            ("bcrypt_sha256$$2b$12$rest", None),
            ("$argon2id$v=19", None),
            ("pbkdf2_sha256$1000$salt$hash", None),
            ("", None),
        ] {
            assert_eq!(usual_form(django).as_deref(), usual, "{django}");
        }
    }
}

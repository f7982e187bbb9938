//! Private keys of clients, as providers and OpenSSL hand them out: PKCS#8 (RFC 5958) in PEM (RFC 7468).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::jose::{Algorithm, KeyError, SigningKey};

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// The object identifiers of EC keys on P-256 (RFC 5480 section 2.1.1).
const P256: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
/// The object identifier of Ed25519 (RFC 8410 section 3).
const ED25519: &[u8] = b"\x06\x03\x2b\x65\x70";

/// The tags of DER.
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// Reads a private key of P-256 or Ed25519. `kid` is the identifier that the provider has given to it; without one it
/// is the thumbprint (RFC 7638). Settings may write a line break as `\n`.
///
/// # Errors
/// The text is not such a key.
pub(crate) fn signing_key(pem: &str, kid: Option<&str>) -> Result<SigningKey, KeyError> {
    let pem = Zeroizing::new(pem.replace("\\n", "\n"));
    let body = pem
        .trim()
        .strip_prefix(BEGIN)
        .and_then(|rest| rest.strip_suffix(END))
        .ok_or(KeyError::Unsupported)?;
    let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
    let der = STANDARD.decode(body.as_bytes());
    let der = Zeroizing::new(der.map_err(|_| KeyError::Malformed)?);
    let (algorithm, private) = parts(&der).ok_or(KeyError::Malformed)?;
    let key = match algorithm {
        P256 => (Algorithm::Es256, ec_scalar(private)),
        ED25519 => (Algorithm::EdDsa, octets(private)),
        _ => return Err(KeyError::Unsupported),
    };
    let key = SigningKey::from_private(key.0, key.1.ok_or(KeyError::Malformed)?)?;
    Ok(match kid {
        Some(kid) => key.with_kid(kid),
        None => key,
    })
}

/// Returns the algorithm and the key of a `PrivateKeyInfo`.
fn parts(mut der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut info = element(SEQUENCE, &mut der)?;
    element(INTEGER, &mut info)?;
    let algorithm = element(SEQUENCE, &mut info)?;
    Some((algorithm, element(OCTETS, &mut info)?)).filter(|_| der.is_empty())
}

/// Returns the scalar of an `ECPrivateKey` (RFC 5915 section 3).
fn ec_scalar(mut der: &[u8]) -> Option<&[u8]> {
    let mut key = element(SEQUENCE, &mut der)?;
    element(INTEGER, &mut key)?;
    element(OCTETS, &mut key)
}

/// Returns the content of an octet string, the key of Ed25519 (RFC 8410 section 7).
fn octets(mut der: &[u8]) -> Option<&[u8]> {
    element(OCTETS, &mut der)
}

/// Cuts the first element of DER off, which has this tag and less than 256 bytes, and returns its content.
fn element<'a>(tag: u8, der: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = match **der {
        [first, length @ 0..=0x7f, ..] if first == tag => (length, &der[2..]),
        [first, 0x81, length, ..] if first == tag => (length, &der[3..]),
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(usize::from(length))?;
    *der = rest;
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys of 32 bytes of 7, made by OpenSSL.
    const ES256: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBwcHBwcHBwcHBwcH
BwcHBwcHBwcHBwcHBwcHBwcHBwehRANCAAQeGFMv1HVMAvMEHZx1zrM7g//YGsfO
T+iCzLHJi8WJbqRsMRxOL/QN2Wo2U+bkVEXTLf5Ibs7XXHqQxqGIgcCj
-----END PRIVATE KEY-----
";
    const EDDSA: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH
-----END PRIVATE KEY-----
";
    const P384: &str = "-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAWhZANiAAQR3iSiwlHH
d1c8rF6gJeRn8gjlHb/5j8VPZmHL5WWDsDeIL0ocopfmCrzbw4NthLyPppbHdED5
LQ9YN+kKAOfFKEtEd1TV3uiMmGUztpAa6zF3aG0K6PszGEQUq+bBcTo=
-----END PRIVATE KEY-----
";

    #[test]
    fn keys_are_read() {
        for (pem, algorithm) in [(ES256, Algorithm::Es256), (EDDSA, Algorithm::EdDsa)] {
            let expected = SigningKey::from_private(algorithm, &[7; 32]).unwrap();
            for pem in [
                pem,
                pem.trim(),
                &pem.replace('\n', "\\n"),
                &pem.replace('\n', "\r\n"),
            ] {
                let key = signing_key(pem, None).unwrap();
                assert_eq!(key.public_jwk(), expected.public_jwk(), "{pem}");
                let named = signing_key(pem, Some("ABC123DEFG")).unwrap();
                assert_eq!(named.verifying_key().kid(), "ABC123DEFG");
                assert!(named.public_jwk().unwrap().contains("ABC123DEFG"));
            }
        }
    }

    /// RFC 8410 section 10.3.
    #[test]
    fn rfc_8410_private_key() {
        let pem = format!(
            "{BEGIN}\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n{END}"
        );
        let jwk = signing_key(&pem, None).unwrap().public_jwk().unwrap();
        assert!(
            jwk.contains("Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE"),
            "{jwk}"
        );
    }

    #[test]
    fn other_texts_are_refused() {
        assert_eq!(signing_key(P384, None).err(), Some(KeyError::Unsupported));
        for text in ["", "x", BEGIN, &ES256.replace("PRIVATE", "EC PRIVATE")] {
            assert_eq!(
                signing_key(text, None).err(),
                Some(KeyError::Unsupported),
                "{text}"
            );
        }
        let body = |text: &str| format!("{BEGIN}{text}{END}");
        for body in [
            body(""),
            body("MC4"),
            body("!"),
            EDDSA.replace("MC4C", "MC8C"),
            EDDSA.replace("MC4C", "MC0C"),
        ] {
            assert_eq!(
                signing_key(&body, None).err(),
                Some(KeyError::Malformed),
                "{body}"
            );
        }
    }
}

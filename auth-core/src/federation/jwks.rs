//! The keys of an issuer, which verify its ID tokens (RFC 7517 section 5).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::id_token::error::IdTokenError;
use crate::jose::jwk::Jwk;
use crate::json;

/// The algorithms of ID tokens that are accepted. All have a public key: neither `none` nor an HMAC is among them.
pub(super) const ALGORITHMS: [&str; 6] = ["RS256", "RS384", "RS512", "PS256", "ES256", "EdDSA"];

/// The maximum length of a document in bytes. With its address, it has to fit into storage.
const MAX_LEN: usize = 192 << 10;

/// The maximum number of keys, each of which may have to be tried.
const MAX_KEYS: usize = 64;

/// The keys of an issuer.
pub(crate) struct JwkSet(Vec<Key>);

struct Key {
    jwk: Jwk,
    /// The only issuer whose tokens the key verifies. Microsoft names it in keys that several tenants share.
    issuer: Option<String>,
}

impl JwkSet {
    /// Reads a set. Entries that are no keys are skipped, and keys of other types and for encryption verify nothing,
    /// because readers must ignore unknown keys.
    /// Returns `None` if it is no set, or too large.
    pub(crate) fn read(document: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Document<'a> {
            #[serde(borrow)]
            keys: Vec<&'a RawValue>,
        }
        #[derive(Deserialize)]
        struct Scope {
            #[serde(default)]
            issuer: Option<String>,
        }
        if document.len() > MAX_LEN {
            return None;
        }
        let set: Document<'_> = json::from_slice(document).ok()?;
        let key = |text: &RawValue| {
            Some(Key {
                jwk: json::from_str(text.get()).ok()?,
                issuer: json::from_str::<Scope>(text.get()).ok()?.issuer,
            })
        };
        (set.keys.len() <= MAX_KEYS).then(|| Self(set.keys.into_iter().filter_map(key).collect()))
    }

    /// Verifies a signature, and returns the issuer that the key is limited to.
    ///
    /// The token names the algorithm, and only keys of its type are tried. A key of RSA that names no algorithm
    /// verifies all those of RSA. Keys with the token's `kid` are tried, and keys without one; if the token has no
    /// `kid`, all are.
    ///
    /// # Errors
    /// `SignatureInvalid` if a key has the token's `kid`, and otherwise `KeyUnknown`, because the issuer may have new
    /// keys.
    pub(super) fn verify(
        &self,
        algorithm: &str,
        kid: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<Option<&str>, IdTokenError> {
        if !ALGORITHMS.contains(&algorithm) {
            return Err(IdTokenError::Algorithm);
        }
        let mut error = IdTokenError::KeyUnknown;
        for Key { jwk, issuer } in &self.0 {
            let named = kid.is_some() && jwk.kid.as_deref() == kid;
            if kid.is_some() && jwk.kid.is_some() && !named {
                continue;
            }
            match jwk.verifies(algorithm, message, signature) {
                Ok(true) => return Ok(issuer.as_deref()),
                Ok(false) if named => error = IdTokenError::SignatureInvalid,
                Err(_) if named && error == IdTokenError::KeyUnknown => {
                    error = IdTokenError::Algorithm;
                }
                Ok(false) | Err(_) => {}
            }
        }
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn set(keys: &[&str]) -> JwkSet {
        JwkSet::read(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes()).unwrap()
    }

    /// RFC 7515 appendix A.2.
    const RSA: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
    const SIGNED: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    /// RFC 7515 appendix A.3.
    const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

    fn with(key: &str, members: &str) -> String {
        key.replacen('{', &format!("{{{members},"), 1)
    }

    fn verify(set: &JwkSet, algorithm: &str, kid: Option<&str>) -> Result<(), IdTokenError> {
        let signature = URL_SAFE_NO_PAD.decode(SIGNATURE).unwrap();
        set.verify(algorithm, kid, SIGNED.as_bytes(), &signature)
            .map(drop)
    }

    #[test]
    fn a_key_is_chosen_by_kid() {
        let kid = |kid: &str| with(RSA, &format!(r#""kid":"{kid}""#));
        let keys = set(&[&with(EC, r#""kid":"a""#), &kid("b")]);
        assert_eq!(verify(&keys, "RS256", Some("b")), Ok(()));
        assert_eq!(
            verify(&keys, "RS256", Some("c")),
            Err(IdTokenError::KeyUnknown)
        );
        // A key of another type has this name.
        assert_eq!(
            verify(&keys, "RS256", Some("a")),
            Err(IdTokenError::Algorithm)
        );
        // Two keys have one name, and one of them fits.
        let keys = set(&[&with(EC, r#""kid":"b""#), &kid("b")]);
        assert_eq!(verify(&keys, "RS256", Some("b")), Ok(()));
    }

    #[test]
    fn keys_and_tokens_without_kid() {
        let keys = set(&[EC, RSA]);
        assert_eq!(verify(&keys, "RS256", None), Ok(()));
        assert_eq!(verify(&keys, "RS256", Some("new")), Ok(()));
        assert_eq!(verify(&keys, "RS384", None), Err(IdTokenError::KeyUnknown));
        assert_eq!(
            verify(&set(&[EC]), "RS256", None),
            Err(IdTokenError::KeyUnknown)
        );
    }

    #[test]
    fn keys_that_are_ignored() {
        for key in [
            with(RSA, r#""use":"enc""#),
            RSA.replace("RSA", "unheard of"),
            r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"}"#.into(),
            r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#.into(),
            RSA.replace("AQAB", "AQ"),
            "[]".into(),
            r#""no object""#.into(),
        ] {
            let ignored = verify(&set(&[&key]), "RS256", None);
            assert_eq!(ignored, Err(IdTokenError::KeyUnknown), "{key}");
            assert_eq!(verify(&set(&[&key, RSA]), "RS256", None), Ok(()), "{key}");
        }
    }

    /// RFC 7518 section 3.3: at least 2048 bits.
    #[test]
    fn a_short_key_verifies_nothing() {
        let keys = set(&[
            r#"{"kty":"RSA","e":"AQAB","n":"reBn-8b2yuM6tB_zNkHDxbVLas1p2t38VZ5Oid797KCGKOjS7jtJZtonCDwx9PiV5nWtk9O6TwY-err9mOdoDvx4x0HRrxhYVjD0q1aGm0N83WKS8mbTpYjomjLSBIJrWq2hI4J81AYPintDrhnh7hqDzYR3qgaD4FBoViKNPRE"}"#,
        ]);
        let signature = "Xkya8ENFJQ1tPxIY87rpXUc6Zgqmsk7yE13sUtHJ_I8tY5ipYV_cD1IshzqPjw69OlLaevBe-Zndrq5n-1SodKE9E48K28LNYquZTC6uYgeCCc0loDSO73S2YJM56m741dW7duA7qdtzfCbVETZxU2v2HJEF19Tm2JOJxSkMJwk";
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let refused = keys.verify("RS256", None, SIGNED.as_bytes(), &signature);
        assert_eq!(refused, Err(IdTokenError::KeyUnknown));
    }

    #[test]
    fn the_key_allows_the_algorithm() {
        let keys = set(&[&with(RSA, r#""alg":"PS256","kid":"a""#)]);
        assert_eq!(
            verify(&keys, "RS256", Some("a")),
            Err(IdTokenError::Algorithm)
        );
        for algorithm in [
            "none", "None", "", "HS256", "HS384", "HS512", "RS1", "ES384",
        ] {
            let refused = verify(&set(&[RSA]), algorithm, None);
            assert_eq!(refused, Err(IdTokenError::Algorithm), "{algorithm}");
        }
    }

    #[test]
    fn sets_are_bounded() {
        let of = |number: usize| format!(r#"{{"keys":[{}]}}"#, vec![RSA; number].join(","));
        assert!(JwkSet::read(of(MAX_KEYS).as_bytes()).is_some());
        assert!(JwkSet::read(of(MAX_KEYS + 1).as_bytes()).is_none());
        let long = format!(r#"{{"x":"{}","keys":[]}}"#, "x".repeat(MAX_LEN));
        assert!(JwkSet::read(long.as_bytes()).is_none());
        for text in ["", "{}", "[]", "<html>", r#"{"keys":{}}"#] {
            assert!(JwkSet::read(text.as_bytes()).is_none(), "{text}");
        }
    }
}

//! The claims of access tokens, and their validation.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{BorrowedStrDeserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::AccessTokenError;
use crate::json;
use crate::time::Timestamp;

/// The claims of an access token. Times are seconds since the Unix epoch.
///
/// `Text` is the type of its strings, and `List` the type of lists that are not examined here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims<Text = String, List = Vec<Text>> {
    /// The issuer.
    pub iss: Text,
    /// The user's identifier.
    pub sub: Text,
    /// The audience.
    pub aud: Audience<Text>,
    /// The time at which the token expires.
    pub exp: u64,
    /// The time from which the token is valid. `None` means immediately.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// The time at which the token was issued.
    pub iat: u64,
    /// The token's identifier.
    pub jti: Text,
    /// The client that the token was issued to.
    pub client_id: Text,
    /// The session that the token belongs to.
    pub sid: Text,
    /// The time at which the user last authenticated.
    pub auth_time: u64,
    /// The authentication methods (RFC 8176).
    #[serde(default)]
    pub amr: List,
    /// The names of the user's roles. `None` means that the token doesn't contain them.
    #[serde(
        default,
        deserialize_with = "said",
        skip_serializing_if = "Option::is_none"
    )]
    pub roles: Option<List>,
    /// The permissions of these roles. `None` means that the token doesn't contain them.
    #[serde(
        default,
        deserialize_with = "said",
        skip_serializing_if = "Option::is_none"
    )]
    pub permissions: Option<List>,
    /// The impersonator who acts as the user (RFC 8693 section 4.1). `None` means the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<ActorClaim<Text>>,
}

/// Deserializes a member that can be missing but not `null`.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The actor in an impersonation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorClaim<Text = String> {
    /// The actor's identifier.
    pub sub: Text,
}

/// One audience or several (RFC 7519 section 4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Audience<Text = String> {
    /// One.
    One(Text),
    /// Several.
    Many(Vec<Text>),
}

impl<Text: AsRef<str>> Audience<Text> {
    pub(crate) fn holds(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one.as_ref() == audience,
            Self::Many(many) => many.iter().any(|one| one.as_ref() == audience),
        }
    }
}

// Written manually, because the derived implementation copies its input before it knows the type.
impl<'de, Text: Deserialize<'de>> Deserialize<'de> for Audience<Text> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany<Text>(PhantomData<Text>);

        impl<'de, Text: Deserialize<'de>> Visitor<'de> for OneOrMany<Text> {
            type Value = Audience<Text>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string or a list of strings")
            }

            fn visit_borrowed_str<E: serde::de::Error>(
                self,
                one: &'de str,
            ) -> Result<Self::Value, E> {
                Text::deserialize(BorrowedStrDeserializer::new(one)).map(Audience::One)
            }

            fn visit_str<E: serde::de::Error>(self, one: &str) -> Result<Self::Value, E> {
                Text::deserialize(StrDeserializer::new(one)).map(Audience::One)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, many: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(many)).map(Audience::Many)
            }
        }

        deserializer.deserialize_any(OneOrMany(PhantomData))
    }
}

/// The conditions that a token must meet.
#[derive(Debug, Clone, Copy)]
pub struct Expectations<'a> {
    /// The required `iss`.
    pub issuer: &'a str,
    /// The required `aud`, alone or in a list.
    pub audience: &'a str,
    /// The time to check against.
    pub now: Timestamp,
    /// The number of seconds by which the issuer's clock can differ.
    pub clock_tolerance: u64,
}

impl<'a, Text, List> Claims<Text, List>
where
    Text: AsRef<str> + Deserialize<'a>,
    List: Default + Deserialize<'a>,
{
    pub(super) fn checked(
        payload: &'a [u8],
        expected: &Expectations<'_>,
    ) -> Result<Self, AccessTokenError> {
        let claims: Self = parse(payload)?;
        claims.check(expected)?;
        Ok(claims)
    }

    fn check(&self, expected: &Expectations<'_>) -> Result<(), AccessTokenError> {
        let now = expected.now.as_secs();
        if self.exp.saturating_add(expected.clock_tolerance) <= now {
            Err(AccessTokenError::Expired)
        } else if self.nbf.unwrap_or(0).max(self.iat) > now.saturating_add(expected.clock_tolerance)
        {
            Err(AccessTokenError::NotYetValid)
        } else if self.iss.as_ref() != expected.issuer {
            Err(AccessTokenError::IssuerMismatch)
        } else if !self.aud.holds(expected.audience) {
            Err(AccessTokenError::AudienceMismatch)
        } else {
            Ok(())
        }
    }
}

/// A string that is copied only if the JSON contains escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

impl AsRef<str> for Borrowed<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A list of strings that is validated and not kept.
#[derive(Default)]
pub(super) struct Strings;

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Self)
    }
}

impl<'de> Visitor<'de> for Strings {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Borrowed<'_>>()?.is_some() {}
        Ok(self)
    }
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, AccessTokenError> {
    // Checked as a whole, which is faster than for each string.
    let text = str::from_utf8(bytes).map_err(|_| AccessTokenError::Malformed)?;
    json::from_str(text).map_err(|_| AccessTokenError::Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    use super::*;

    const EXPECTED: Expectations<'_> = Expectations {
        issuer: "https://auth.example",
        audience: "api",
        now: Timestamp::from_millis(1_000_000),
        clock_tolerance: 5,
    };

    /// Returns the claims of the reader that keeps them. The reader that passes them on must agree.
    fn checked(payload: &[u8]) -> Result<Claims, AccessTokenError> {
        let kept = Claims::<String>::checked(payload, &EXPECTED);
        let handed_on = Claims::<Borrowed<'_>, Strings>::checked(payload, &EXPECTED);
        assert_eq!(handed_on.err(), kept.as_ref().err().copied());
        kept
    }

    /// The members of valid claims, in JSON.
    const MEMBERS: [(&str, &str); 14] = [
        ("iss", r#""https://auth.example""#),
        ("sub", r#""ada""#),
        ("aud", r#"["web","api"]"#),
        ("exp", "1000"),
        ("nbf", "1000"),
        ("iat", "1000"),
        ("jti", r#""1""#),
        ("client_id", r#""web""#),
        ("sid", r#""2""#),
        ("auth_time", "1"),
        ("amr", r#"["pwd"]"#),
        ("roles", "[]"),
        ("permissions", r#"["read","write"]"#),
        ("act", r#"{"sub":"eve","other":1}"#),
    ];

    fn object<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        let members: Vec<_> = members
            .into_iter()
            .map(|(name, value)| format!("{name:?}:{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    }

    /// Valid claims except for one member.
    fn with(name: &'static str, value: Option<&'static str>) -> String {
        let others = MEMBERS.into_iter().filter(|(other, _)| *other != name);
        object(others.chain(value.map(|value| (name, value))))
    }

    #[test]
    fn values_without_names_are_no_claims() {
        let values = MEMBERS.map(|(_, value)| value).join(",");
        let list = format!("[{values}]");
        assert_eq!(checked(list.as_bytes()), Err(AccessTokenError::Malformed));
        let members = MEMBERS.map(|(name, value)| format!("{name:?}:{value}"));
        let object = format!(" {{{}}}", members.join(","));
        assert!(checked(object.as_bytes()).is_ok());
    }

    #[test]
    fn claims_are_read() {
        let claims = checked(object(MEMBERS).as_bytes()).unwrap();
        assert_eq!(claims.aud, Audience::Many(vec!["web".into(), "api".into()]));
        assert_eq!(claims.act, Some(ActorClaim { sub: "eve".into() }));
        assert_eq!(serde_json::to_value(&claims).unwrap()["act"]["sub"], "eve");
        assert_eq!(
            checked(serde_json::to_string(&claims).unwrap().as_bytes()),
            Ok(claims)
        );
    }

    #[test]
    fn members_that_may_be_missing() {
        for (name, _) in MEMBERS {
            let missing = checked(with(name, None).as_bytes());
            let optional = ["nbf", "amr", "roles", "permissions", "act"].contains(&name);
            assert_eq!(missing.is_ok(), optional, "{name}");
        }
    }

    #[test]
    fn claims_are_checked() {
        use AccessTokenError::{AudienceMismatch, Expired, IssuerMismatch, Malformed, NotYetValid};
        for (name, value, expected) in [
            ("iss", r#""https:\/\/auth.exam\u0070le""#, Ok(())),
            ("iss", r#""https://auth.example/""#, Err(IssuerMismatch)),
            ("iss", r#"["https://auth.example"]"#, Err(Malformed)),
            ("aud", r#""api""#, Ok(())),
            ("aud", r#""a\u0070i""#, Ok(())),
            ("aud", r#"["a\u0070i"]"#, Ok(())),
            ("aud", r#""web""#, Err(AudienceMismatch)),
            ("aud", "[]", Err(AudienceMismatch)),
            ("aud", r#"["api",1]"#, Err(Malformed)),
            ("aud", r#"{"api":"api"}"#, Err(Malformed)),
            ("aud", "null", Err(Malformed)),
            ("aud", "1", Err(Malformed)),
            ("exp", "996", Ok(())),
            ("exp", "995", Err(Expired)),
            ("exp", "-1", Err(Malformed)),
            ("exp", "1000.5", Err(Malformed)),
            ("exp", r#""1000""#, Err(Malformed)),
            ("exp", "18446744073709551615", Ok(())),
            ("nbf", "1005", Ok(())),
            ("nbf", "1006", Err(NotYetValid)),
            ("nbf", "null", Ok(())),
            ("iat", "1006", Err(NotYetValid)),
            ("sub", "1", Err(Malformed)),
            ("sub", r#""\ud800""#, Err(Malformed)),
            ("amr", "null", Err(Malformed)),
            ("amr", r#"["pwd",null]"#, Err(Malformed)),
            ("roles", r#""admin""#, Err(Malformed)),
            ("roles", "null", Err(Malformed)),
            ("permissions", "null", Err(Malformed)),
            ("roles", r#"["\u0061"]"#, Ok(())),
            ("act", "{}", Err(Malformed)),
            ("act", r#"["eve"]"#, Err(Malformed)),
            ("act", "null", Ok(())),
            ("other", "[{}]", Ok(())),
        ] {
            let payload = with(name, Some(value));
            assert_eq!(checked(payload.as_bytes()).map(drop), expected, "{payload}");
        }
    }

    #[test]
    fn text_has_to_be_utf8() {
        let payload = with("other", Some(r#""é""#)).into_bytes();
        assert!(checked(&payload).is_ok());
        let cut: Vec<_> = payload.into_iter().filter(|byte| *byte != 0xc3).collect();
        assert_eq!(checked(&cut), Err(AccessTokenError::Malformed));
    }

    proptest! {
        /// Any value in any member, possibly repeated, and truncated anywhere.
        #[test]
        fn who_keeps_claims_and_who_does_not_agree(
            changed in select(&MEMBERS[..]),
            value in select(vec!["null", "0", "1006", "-1", "1e3", r#""api""#, r#""\n""#, "[]", r#"["api"]"#, "[1]", "{}", "true"]),
            again in any::<bool>(),
            cut in any::<Option<Index>>(),
        ) {
            let members = MEMBERS.into_iter().filter(|(name, _)| again || *name != changed.0);
            let mut payload = object(members.chain([(changed.0, value)])).into_bytes();
            if let Some(cut) = cut {
                payload.truncate(cut.index(payload.len()));
            }
            let result = checked(&payload);
            prop_assert!(!again && cut.is_none() || result.is_err());
        }
    }
}

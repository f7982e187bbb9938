//! The policy by which an identity joins an account with the same verified address.

use super::provider::Dialect;

/// The providers whose verified addresses link an identity to the account that has the same verified address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPolicy {
    /// None.
    Off,
    /// Those whose verification is trusted.
    Trusted,
    /// All.
    All,
}

impl LinkPolicy {
    /// Parses the value of `LINK_BY_VERIFIED_EMAIL`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Self::Off),
            "trusted" => Some(Self::Trusted),
            "all" => Some(Self::All),
            _ => None,
        }
    }

    /// Whether the verification of an address by this provider can link an identity.
    pub(crate) fn allows(self, dialect: &Dialect) -> bool {
        match self {
            Self::Off => false,
            Self::Trusted => dialect.trusted,
            Self::All => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::federation::presets::preset;

    #[test]
    fn an_address_links_by_policy() {
        let allows = |policy: &str, provider: &str| {
            LinkPolicy::parse(policy)
                .unwrap()
                .allows(&preset(provider).dialect)
        };
        for (provider, trusted) in [
            ("google", true),
            ("github", true),
            ("spotify", false),
            ("slack", false),
        ] {
            assert!(!allows("off", provider));
            assert_eq!(allows("trusted", provider), trusted, "{provider}");
            assert!(allows("all", provider));
        }
        assert_eq!(LinkPolicy::parse("true"), None);
    }
}

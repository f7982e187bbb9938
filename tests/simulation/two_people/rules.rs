//! The settings of a history, and the service that has them.

use auth_core::Auth;
use gatewright_tests::{SimulatedPlatform, Unreliable, config};

use super::provider;
use super::turns::Turns;

pub(super) type Service = Auth<SimulatedPlatform<Turns>>;

/// No limits: the property doesn't rest on them.
const UNLIMITED: [(&str, &str); 7] = [
    ("LOGIN_ATTEMPTS_PER_IP", "0"),
    ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
    ("MFA_ATTEMPTS_PER_ACCOUNT", "1000"),
    ("RESET_ATTEMPTS_PER_ACCOUNT", "1000"),
    ("CHANGES_PER_USER", "0"),
    ("MAILS_PER_ADDRESS", "0"),
    ("SIGN_INS_PER_USER", "0"),
];

const NEEDS_CITY: (&str, &str) = ("PROFILE_FIELDS", r#"[{"name": "city", "required": true}]"#);

/// The settings of a history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) links: &'static str,
    pub(super) verifies_first: &'static str,
    /// Whether a link that proves an address needs more than the mailbox.
    pub(super) needs_password: &'static str,
    /// Whether every account needs a city, which no provider knows.
    pub(super) needs_city: bool,
}

impl Rules {
    pub(super) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for links in ["off", "trusted", "all"] {
            for verifies_first in ["false", "true"] {
                for needs_password in ["true", "false"] {
                    all.push(Self {
                        links,
                        verifies_first,
                        needs_password,
                        needs_city: false,
                    });
                }
            }
        }
        all
    }

    pub(super) fn service(self, seed: u64, inner: Unreliable) -> Service {
        let own = [
            ("LINK_BY_VERIFIED_EMAIL", self.links),
            ("REQUIRE_EMAIL_VERIFICATION", self.verifies_first),
            ("VERIFY_NEEDS_PASSWORD", self.needs_password),
        ];
        let city = self.needs_city.then_some(NEEDS_CITY);
        let settings: Vec<_> = UNLIMITED
            .into_iter()
            .chain(provider::SETTINGS)
            .chain(own)
            .chain(city)
            .collect();
        let platform = SimulatedPlatform::with_storage(seed, Turns { inner });
        platform.serve(provider::respond);
        Auth::new(platform, config(&settings))
    }
}

//! The two people, with all that they have and know.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::provider::{OTHER, TRUSTED};

/// Numbers that repeat with the seed.
pub(super) struct Numbers(ChaCha20Rng);

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.0.next_u64() % end as u64) as usize
    }

    pub(super) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// Returns one of them, if there is any.
    pub(super) fn any<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        (!of.is_empty()).then(|| &of[self.below(of.len())])
    }

    /// Returns numbers for a task, so that the order of turns doesn't change them.
    pub(super) fn fork(&mut self) -> Self {
        Self::new(self.0.next_u64())
    }
}

/// A person.
#[derive(Clone)]
pub(super) struct Person {
    /// The name, with which both addresses begin. It is the display name of every account that they create.
    pub(super) name: &'static str,
    /// The addresses of their mailbox.
    pub(super) emails: [&'static str; 2],
    pub(super) password: &'static str,
    /// The subject at each provider.
    pub(super) subjects: BTreeMap<&'static str, &'static str>,
    /// The cookies of flows in their browser.
    pub(super) cookies: BTreeMap<String, String>,
    /// The queries with which the browser can still come back, with the provider.
    pub(super) returns: Vec<(&'static str, String)>,
    /// Codes that they have not presented.
    pub(super) codes: Vec<String>,
    /// Tokens of sessions.
    pub(super) sessions: Vec<String>,
    /// Tokens of logins that wait for a second factor.
    pub(super) challenges: Vec<String>,
    /// Tokens of first sign-ins that wait for data.
    pub(super) completions: Vec<String>,
    /// The TOTP keys in their app.
    pub(super) keys: Vec<Vec<u8>>,
    /// The identifiers of the factors that they have set up.
    pub(super) factors: BTreeSet<String>,
}

/// The actions that may delete an account: the last one deletes an account that has taken the old address without proof.
pub(super) const DELETES: [&str; 2] = ["delete the account", "undo the change of address"];

/// The things that a person has from an action.
#[derive(Default)]
pub(super) struct Gain {
    pub(super) action: &'static str,
    pub(super) is_done: bool,
    pub(super) cookies: Vec<(String, String)>,
    pub(super) returns: Vec<(&'static str, String)>,
    pub(super) codes: Vec<String>,
    pub(super) sessions: Vec<String>,
    pub(super) challenges: Vec<String>,
    pub(super) completions: Vec<String>,
    pub(super) keys: Vec<Vec<u8>>,
    pub(super) factors: Vec<String>,
}

impl Person {
    /// Keeps what an action has led to.
    pub(super) fn take(&mut self, gain: Gain) {
        self.cookies.extend(gain.cookies);
        self.returns.extend(gain.returns);
        self.codes.extend(gain.codes);
        self.sessions.extend(gain.sessions);
        self.challenges.extend(gain.challenges);
        self.completions.extend(gain.completions);
        self.keys.extend(gain.keys);
        self.factors.extend(gain.factors);
    }
}

/// Returns both. Each has the subject at one provider that the other has at the other.
pub(super) fn people() -> [Person; 2] {
    let person = |name, emails, password, trusted, other| Person {
        name,
        emails,
        password,
        subjects: BTreeMap::from([(TRUSTED, trusted), (OTHER, other)]),
        cookies: BTreeMap::new(),
        returns: Vec::new(),
        codes: Vec::new(),
        sessions: Vec::new(),
        challenges: Vec::new(),
        completions: Vec::new(),
        keys: Vec::new(),
        factors: BTreeSet::new(),
    };
    let ada = ["ada@example.com", "ada-2@example.com"];
    let eve = ["eve@example.com", "eve-2@example.com"];
    [
        person("ada", ada, "the long password of Ada", "1", "2"),
        person("eve", eve, "another one, of Eve alone", "2", "1"),
    ]
}

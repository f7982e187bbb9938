//! The most expensive work of each kind of hash.

use std::collections::BTreeMap;

use super::work::{HashKind, Work};

/// The most expensive work of the stored hashes of each kind.
///
/// A failed login does all of it for every account, so that its duration reveals nothing about the stored hash. The
/// part that the account's own hash doesn't cover is computed in addition. Work of different kinds can't be compared,
/// because it depends on the machine, so each kind is computed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Costliest(BTreeMap<HashKind, Work>);

impl Costliest {
    /// Adds work. Returns whether it is more than the maximum of its kind so far.
    pub(crate) fn raise(&mut self, work: Work) -> bool {
        let known = self.0.get(&work.kind()).map_or(0, |known| known.units());
        let more = work.units() > known;
        if more {
            self.0.insert(work.kind(), work);
        }
        more
    }

    /// Returns the maximum of each kind.
    pub(crate) fn each(&self) -> impl Iterator<Item = Work> {
        self.0.values().copied()
    }

    /// Returns the work that remains after `done`.
    pub(crate) fn besides(&self, done: Option<Work>) -> Vec<Work> {
        let rest = |max: &Work| {
            let same = done.filter(|done| done.kind() == max.kind());
            max.rest(same.map_or(0, Work::units))
        };
        self.0.values().flat_map(rest).collect()
    }
}

//! The most work of each kind.

use std::collections::BTreeMap;

use super::work::{HashKind, Work};

/// The most work that a stored hash of each kind is.
///
/// A failed login does all of it, whoever it is for, since no stored hash may be told by the time that it takes: what the
/// account's own hash has not been is computed besides. The work of different kinds can't be compared, as each machine has
/// its own measure, so that each kind is computed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Costliest(BTreeMap<HashKind, Work>);

impl Costliest {
    /// Takes a work in; whether it is more than any of its kind was.
    pub(crate) fn raise(&mut self, work: Work) -> bool {
        let known = self.0.get(&work.kind()).map_or(0, |known| known.units());
        let more = work.units() > known;
        if more {
            self.0.insert(work.kind(), work);
        }
        more
    }

    /// The most of each kind.
    pub(crate) fn each(&self) -> impl Iterator<Item = Work> {
        self.0.values().copied()
    }

    /// What there is to do besides this.
    pub(crate) fn besides(&self, done: Option<Work>) -> Vec<Work> {
        let rest = |max: &Work| {
            let same = done.filter(|done| done.kind() == max.kind());
            max.rest(same.map_or(0, Work::units))
        };
        self.0.values().flat_map(rest).collect()
    }
}

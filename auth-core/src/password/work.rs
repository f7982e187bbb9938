//! The work of stored hashes, and decoy hashes with the same work, so that a failed login takes the same time for every
//! account.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cost::{Cost, nanoseconds};
use super::parameters::Parameters;

/// The kind of a hash. The work of two hashes of the same kind can be compared and added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HashKind {
    /// Any variant of Argon2: KiB times passes.
    Argon2,
    /// bcrypt: two to the power of the cost.
    Bcrypt,
    /// scrypt: N times r times p.
    Scrypt,
    /// PBKDF2 with SHA-1: iterations.
    Pbkdf2Sha1,
    /// PBKDF2 with SHA-256: iterations.
    Pbkdf2Sha256,
    /// PBKDF2 with SHA-512: iterations.
    Pbkdf2Sha512,
}

impl HashKind {
    /// All kinds, in order.
    pub const ALL: [Self; 6] = [
        Self::Argon2,
        Self::Bcrypt,
        Self::Scrypt,
        Self::Pbkdf2Sha1,
        Self::Pbkdf2Sha256,
        Self::Pbkdf2Sha512,
    ];

    /// Returns the name in storage.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Argon2 => "argon2",
            Self::Bcrypt => "bcrypt",
            Self::Scrypt => "scrypt",
            Self::Pbkdf2Sha1 => "pbkdf2-sha1",
            Self::Pbkdf2Sha256 => "pbkdf2-sha256",
            Self::Pbkdf2Sha512 => "pbkdf2-sha512",
        }
    }
}

/// The work of computing a hash once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Argon2 {
        memory: u32,
        iterations: u32,
    },
    Bcrypt {
        cost: u32,
    },
    Scrypt {
        log_n: u32,
        r: u32,
        p: u32,
    },
    Pbkdf2 {
        digest: HashKind,
        iterations: u32,
        blocks: u32,
    },
}

impl Work {
    pub(crate) fn kind(self) -> HashKind {
        match self {
            Self::Argon2 { .. } => HashKind::Argon2,
            Self::Bcrypt { .. } => HashKind::Bcrypt,
            Self::Scrypt { .. } => HashKind::Scrypt,
            Self::Pbkdf2 { digest, .. } => digest,
        }
    }

    pub(crate) fn units(self) -> u64 {
        match self {
            Self::Argon2 { memory, iterations } => u64::from(memory) * u64::from(iterations),
            Self::Bcrypt { cost } => 1 << cost,
            Self::Scrypt { log_n, r, p } => (u64::from(r) * u64::from(p)) << log_n,
            Self::Pbkdf2 {
                iterations, blocks, ..
            } => u64::from(iterations) * u64::from(blocks),
        }
    }

    /// Returns the memory and time. The lanes of Argon2 are computed one after the other, so they add no cost.
    pub(super) fn cost(self) -> Cost {
        let (memory, unit) = match self {
            Self::Argon2 { memory, .. } => (memory, nanoseconds::ARGON2_BLOCK),
            Self::Bcrypt { .. } => (0, nanoseconds::BCRYPT_EXPANSION),
            // Each of the N blocks of 128 r bytes is filled, and mixed in once, 64 bytes at a time.
            Self::Scrypt { log_n, r, .. } => {
                ((r << log_n).div_ceil(8), 4 * nanoseconds::SCRYPT_UNIT)
            }
            Self::Pbkdf2 { digest, .. } => {
                let unit = match digest {
                    HashKind::Pbkdf2Sha1 => nanoseconds::PBKDF2_SHA1,
                    HashKind::Pbkdf2Sha512 => nanoseconds::PBKDF2_SHA512,
                    _ => nanoseconds::PBKDF2_SHA256,
                };
                (0, unit)
            }
        };
        Cost {
            memory,
            nanoseconds: unit * self.units(),
        }
    }

    /// Returns the rest of this work after `done` units of it.
    pub(super) fn rest(self, done: u64) -> Vec<Self> {
        let left = self.units().saturating_sub(done);
        match self {
            Self::Argon2 { memory, .. } => {
                let whole = Self::Argon2 {
                    memory,
                    iterations: (left / u64::from(memory)) as u32,
                };
                let part = Self::Argon2 {
                    memory: (left % u64::from(memory)) as u32,
                    iterations: 1,
                };
                let computable = |work: &Self| match work {
                    Self::Argon2 { memory, iterations } => *memory >= 8 && *iterations > 0,
                    _ => false,
                };
                [whole, part].into_iter().filter(computable).collect()
            }
            Self::Bcrypt { cost } if done == 0 => vec![Self::Bcrypt { cost }],
            // 2^a plus all powers from 2^a to 2^(b - 1) is 2^b.
            Self::Bcrypt { cost } => (done.ilog2()..cost)
                .map(|cost| Self::Bcrypt { cost })
                .collect(),
            Self::Scrypt { log_n, r, .. } => {
                let mut left = left / u64::from(r);
                let mut parts = Vec::new();
                while left >= 2 {
                    let log_n = left.ilog2().min(log_n);
                    parts.push(Self::Scrypt { log_n, r, p: 1 });
                    left -= 1 << log_n;
                }
                parts
            }
            Self::Pbkdf2 {
                digest, iterations, ..
            } => {
                let mut left = left;
                let mut parts = Vec::new();
                while left > 0 {
                    let iterations = left.min(iterations.into());
                    parts.push(Self::Pbkdf2 {
                        digest,
                        iterations: iterations as u32,
                        blocks: 1,
                    });
                    left -= iterations;
                }
                parts
            }
        }
    }

    /// Splits the work into parts with the same number of units, none of which needs more than `max` KiB of memory.
    pub(super) fn within(self, max: u32) -> Vec<Self> {
        let max = u64::from(max);
        let mut parts = Vec::new();
        match self {
            Self::Argon2 { memory, .. } if u64::from(memory) > max => {
                let mut left = self.units();
                while left >= 8 {
                    let memory = left.min(max);
                    let iterations = (left / memory).min(Parameters::MAX_ITERATIONS.into());
                    parts.push(Self::Argon2 {
                        memory: memory as u32,
                        iterations: iterations as u32,
                    });
                    left -= memory * iterations;
                }
            }
            Self::Scrypt { log_n, r, p } => {
                let fits = |log_n: &u32| (u64::from(r) << log_n).div_ceil(8) <= max;
                match (1..=log_n).rev().find(fits) {
                    Some(smaller) if smaller < log_n => {
                        let part = Self::Scrypt {
                            log_n: smaller,
                            r,
                            p: 1,
                        };
                        parts.extend((0..p << (log_n - smaller)).map(|_| part));
                    }
                    Some(_) => parts.push(self),
                    // No hash with such blocks can be verified here.
                    None => {}
                }
            }
            _ => parts.push(self),
        }
        parts
    }

    /// Returns a hash with this work that matches no password.
    pub(crate) fn decoy(self) -> String {
        // The salt: 16 zero bytes.
        let zeros = |characters: usize| "A".repeat(characters);
        let salt = zeros(22);
        match self {
            Self::Argon2 { memory, iterations } => {
                let hash = zeros(43);
                format!("$argon2id$v=19$m={memory},t={iterations},p=1${salt}${hash}")
            }
            Self::Bcrypt { cost } => format!("$2b${cost:02}${}", ".".repeat(53)),
            Self::Scrypt { log_n, r, p } => {
                format!("$scrypt$ln={log_n},r={r},p={p}${salt}${}", zeros(43))
            }
            Self::Pbkdf2 {
                digest,
                iterations,
                blocks,
            } => {
                let len = match digest {
                    HashKind::Pbkdf2Sha1 => 20,
                    HashKind::Pbkdf2Sha512 => 64,
                    _ => 32,
                };
                // At most the maximum length of a hash, which has the same number of blocks.
                let len = (len * blocks).min(64);
                let (name, hash) = (digest.as_str(), zeros((8 * len).div_ceil(6) as usize));
                format!("${name}$i={iterations},l={len}${salt}${hash}")
            }
        }
    }
}

/// A counter of the work of all computed hashes.
#[derive(Debug, Default)]
pub(super) struct Meter([AtomicU64; HashKind::ALL.len()]);

impl Meter {
    pub(super) fn add(&self, work: Work) {
        self.0[work.kind() as usize].fetch_add(work.units(), Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> BTreeMap<HashKind, u64> {
        let counters = HashKind::ALL.into_iter().zip(&self.0);
        counters
            .map(|(kind, units)| (kind, units.load(Ordering::Relaxed)))
            .filter(|(_, units)| *units > 0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Hasher;
    use super::super::costliest::Costliest;
    use super::*;

    const SALT: &str = "c29tZXNhbHQ";

    fn stored() -> Vec<(String, HashKind, u64)> {
        let sha256 = "A".repeat(43);
        let argon2 = |head: &str| format!("{head}${SALT}${sha256}");
        vec![
            (argon2("$argon2id$v=19$m=64,t=3,p=2"), HashKind::Argon2, 192),
            (argon2("$argon2i$m=256,t=2,p=1"), HashKind::Argon2, 512),
            (
                "$2a$04$zHH/ihvsBtMWKcFnKGd20.HRVxfFwAw6do5hHWUp0mwFFtNRpBW52".to_owned(),
                HashKind::Bcrypt,
                16,
            ),
            (
                format!("$scrypt$ln=5,r=8,p=2${SALT}${sha256}"),
                HashKind::Scrypt,
                512,
            ),
            (
                format!("scrypt:64:8:1$salt${}", "00".repeat(64)),
                HashKind::Scrypt,
                512,
            ),
            (
                format!("pbkdf2_sha256$700$salt${sha256}="),
                HashKind::Pbkdf2Sha256,
                700,
            ),
            (
                format!("$pbkdf2-sha1$i=10,l=40${SALT}${}", "A".repeat(54)),
                HashKind::Pbkdf2Sha1,
                20,
            ),
            (
                format!("pbkdf2:sha512:9$salt${}", "00".repeat(64)),
                HashKind::Pbkdf2Sha512,
                9,
            ),
        ]
    }

    #[test]
    fn every_form_has_its_work_and_a_decoy_of_the_same() {
        for (stored, kind, units) in stored() {
            let work = Work::of(&stored).unwrap();
            assert_eq!((work.kind(), work.units()), (kind, units), "{stored}");
            let decoy = Work::of(&work.decoy()).unwrap();
            assert_eq!((decoy.kind(), decoy.units()), (kind, units), "{stored}");
        }
    }

    /// V6.3.8: a failed attempt computes the same work for every stored hash, and for unknown accounts.
    #[test]
    fn a_failed_attempt_computes_the_same_for_every_hash() {
        let parameters = Parameters::new(64, 1, 1).unwrap();
        let mut costliest = Costliest::default();
        costliest.raise(parameters.work());
        let mut all: Vec<_> = stored().into_iter().map(|(stored, ..)| stored).collect();
        // Cheaper and more expensive ones of the same kinds.
        for (memory, iterations) in [(8, 1), (128, 3), (100, 5), (300, 1)] {
            all.push(Work::Argon2 { memory, iterations }.decoy());
        }
        all.extend([4, 5, 7].map(|cost| Work::Bcrypt { cost }.decoy()));
        for (log_n, r, p) in [(4, 8, 1), (6, 8, 3), (3, 16, 1)] {
            all.push(Work::Scrypt { log_n, r, p }.decoy());
        }
        for stored in &all {
            costliest.raise(Work::of(stored).unwrap());
        }
        let spent = |stored: Option<&str>| {
            let hasher = Hasher::new(parameters);
            assert_eq!(
                hasher.compare("wrong", stored, &costliest, false),
                Ok(false)
            );
            hasher.work_done()
        };
        let nobody = spent(None);
        assert_eq!(nobody[&HashKind::Argon2], 512);
        assert_eq!(nobody[&HashKind::Bcrypt], 128);
        assert_eq!(nobody[&HashKind::Scrypt], 1536);
        for stored in &all {
            assert_eq!(spent(Some(stored)), nobody, "{stored}");
        }
    }

    /// The hashes started within a second are limited by their cost.
    #[test]
    fn a_comparison_weighs_as_much_as_all_that_it_computes() {
        let scrypt = |log_n| Work::Scrypt { log_n, r: 8, p: 1 };
        let argon2 = |memory, iterations| Work::Argon2 { memory, iterations };
        let own = Parameters::default().work();
        // By time: 19 ms count as one.
        for (works, weight) in [
            (vec![], 1),
            (vec![Work::Bcrypt { cost: 4 }], 1),
            (vec![argon2(64, 1)], 1),
            (vec![own], 1),
            (vec![own, Work::Bcrypt { cost: 4 }], 2),
            (vec![own, Work::Bcrypt { cost: 12 }], 16),
            (vec![argon2(131_072, 1), scrypt(17)], 47),
            // By memory: 19 MiB count as one.
            (vec![argon2(131_072, 1)], 7),
        ] {
            let hasher = Hasher::new(Parameters::default());
            assert_eq!(hasher.weight(works.clone()), weight, "{works:?}");
        }
        // A host with less memory uses no more than it has, and the same time.
        let hasher = Hasher::within(Parameters::default(), 65_536);
        assert_eq!(hasher.weight([argon2(131_072, 1)]), 4);
        assert_eq!(hasher.weight([argon2(131_072, 1), scrypt(17)]), 47);
    }

    /// Another host with more memory may have accepted larger hashes.
    #[test]
    fn a_host_with_less_memory_does_the_same_work_in_less() {
        let parameters = Parameters::new(64, 1, 1).unwrap();
        let max = 96;
        let own = Work::Scrypt {
            log_n: 6,
            r: 8,
            p: 1,
        };
        let mut costliest = Costliest::default();
        let (memory, iterations) = (1000, 3);
        costliest.raise(Work::Argon2 { memory, iterations });
        let (log_n, r, p) = (9, 8, 3);
        costliest.raise(Work::Scrypt { log_n, r, p });
        let spent = |stored: Option<&str>| {
            let hasher = Hasher::within(parameters, max);
            assert_eq!(
                hasher.compare("wrong", stored, &costliest, false),
                Ok(false)
            );
            hasher.work_done()
        };
        let nobody = spent(None);
        assert_eq!(nobody[&HashKind::Argon2], 3000);
        assert_eq!(nobody[&HashKind::Scrypt], 12_288);
        for stored in [own.decoy(), parameters.work().decoy()] {
            assert_eq!(spent(Some(&stored)), nobody, "{stored}");
        }
    }

    /// A correct password costs only its own hash.
    #[test]
    fn the_right_password_costs_its_own_hash_alone() {
        let parameters = Parameters::new(64, 1, 1).unwrap();
        let hasher = Hasher::new(parameters);
        let stored = hasher.hash_with_salt("right", &[1; 16]);
        let mut costliest = Costliest::default();
        costliest.raise(parameters.work());
        costliest.raise(Work::Bcrypt { cost: 5 });
        assert_eq!(
            hasher.compare("right", Some(&stored), &costliest, false),
            Ok(true)
        );
        // Hashed and verified.
        assert_eq!(
            hasher.work_done(),
            BTreeMap::from([(HashKind::Argon2, 128)])
        );
    }
}

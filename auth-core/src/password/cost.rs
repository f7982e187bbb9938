//! The cost of verifying a hash, estimated from its parameters. The core can't measure it: it has no clock, and in an
//! isolate clocks stand still during computation.
//!
//! A hash repeats one kind of work, and its parameters set how often. The time of one repetition was measured in the
//! native host (`cargo xtask bench hashes` measures it again and prints the estimates beside the results). An estimate
//! is therefore for a processor like the one below, and another processor is faster or slower by a factor. Estimates
//! compare the costs of hashes and detect unreasonable ones.

/// Nanoseconds of each kind of work, in WebAssembly on one core of a shared server processor (AMD EPYC).
pub(super) mod nanoseconds {
    /// A block of 1 KiB, computed in each pass of Argon2.
    pub(in super::super) const ARGON2_BLOCK: u64 = 500;
    /// A block of 64 bytes, computed by scrypt.
    pub(in super::super) const SCRYPT_UNIT: u64 = 200;
    /// One of the 2^cost expansions of bcrypt's key.
    pub(in super::super) const BCRYPT_EXPANSION: u64 = 69_000;
    /// An iteration of PBKDF2 with each digest.
    pub(in super::super) const PBKDF2_SHA1: u64 = 260;
    pub(in super::super) const PBKDF2_SHA256: u64 = 530;
    pub(in super::super) const PBKDF2_SHA512: u64 = 720;
}

/// The cost of verifying a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    /// Memory in KiB, from the memory shared by all hashes.
    pub(super) memory: u32,
    /// Nanoseconds of computation.
    pub(super) nanoseconds: u64,
}

impl Cost {
    /// Returns the time in milliseconds, rounded up.
    pub(super) fn milliseconds(self) -> u32 {
        u32::try_from(self.nanoseconds.div_ceil(1_000_000)).unwrap_or(u32::MAX)
    }

    /// Returns the cost of both, one after the other in the same memory.
    pub(super) fn then(self, other: Self) -> Self {
        Self {
            memory: self.memory.max(other.memory),
            nanoseconds: self.nanoseconds.saturating_add(other.nanoseconds),
        }
    }

    /// Returns the number of hashes of cost `one` that equal this cost, by time or by memory, whichever is greater. At
    /// least one.
    pub(super) fn weight(self, one: Self) -> u64 {
        let time = self.nanoseconds.div_ceil(one.nanoseconds);
        let memory = self.memory.div_ceil(one.memory);
        time.max(memory.into()).max(1)
    }
}

//! The cost of verifying a hash, estimated from its parameters. The core can't measure it: it has no clock, and clocks stand
//! still in an isolate while it computes.
//!
//! A hash does one kind of work again and again, and its parameters say how often. How long each takes was measured in the
//! native host (`cargo xtask bench hashes` does it again, and prints the estimates beside what it measures): so an estimate
//! is of a processor like the one below, and off by the factor by which another one is faster or slower. It says what a
//! hash costs beside others, and that one is not within reason.

/// Nanoseconds of each kind of work, in WebAssembly on one core of a server's processor (AMD EPYC) that others use as well.
pub(super) mod nanoseconds {
    /// A block of a KiB, which Argon2 computes in each pass.
    pub(in super::super) const ARGON2_BLOCK: u64 = 1_400;
    /// A block of 64 bytes, which scrypt computes.
    pub(in super::super) const SCRYPT_UNIT: u64 = 200;
    /// One of the 2^cost expansions of bcrypt's key.
    pub(in super::super) const BCRYPT_EXPANSION: u64 = 69_000;
    /// An iteration of PBKDF2 with each digest.
    pub(in super::super) const PBKDF2_SHA1: u64 = 260;
    pub(in super::super) const PBKDF2_SHA256: u64 = 530;
    pub(in super::super) const PBKDF2_SHA512: u64 = 720;
}

/// What verifying a hash takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    /// Memory in KiB, of what hashes lend each other.
    pub(super) memory: u32,
    /// Nanoseconds of computing.
    pub(super) nanoseconds: u64,
}

impl Cost {
    /// In milliseconds, rounded up.
    pub(super) fn milliseconds(self) -> u32 {
        u32::try_from(self.nanoseconds.div_ceil(1_000_000)).unwrap_or(u32::MAX)
    }

    /// That of one and then the other, in the same memory.
    pub(super) fn then(self, other: Self) -> Self {
        Self {
            memory: self.memory.max(other.memory),
            nanoseconds: self.nanoseconds.saturating_add(other.nanoseconds),
        }
    }

    /// How many hashes of this cost are as much, by time or by memory, whichever says more. At least one.
    pub(super) fn weight(self, one: Self) -> u64 {
        let time = self.nanoseconds.div_ceil(one.nanoseconds);
        let memory = self.memory.div_ceil(one.memory);
        time.max(memory.into()).max(1)
    }
}

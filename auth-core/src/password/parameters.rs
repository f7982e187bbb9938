//! The cost of a password hash, within limits.

/// Cost of a password hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    pub(super) memory: u32,
    pub(super) iterations: u32,
    pub(super) parallelism: u32,
}

impl Parameters {
    /// Most memory, in KiB, of a hash that is made or verified, of any kind. A stored hash that asks for more is refused,
    /// so that an imported row can't exhaust an instance. Django's Argon2 takes 100 MiB, and scrypt as OWASP has it 128.
    pub const MAX_MEMORY: u32 = 131_072;
    /// Most passes of a hash that is made or verified.
    pub const MAX_ITERATIONS: u32 = 64;
    /// Most lanes of a hash that is made or verified.
    pub const MAX_PARALLELISM: u32 = 16;

    /// Memory in KiB, passes and lanes; none when one is out of bounds or there are fewer than 8 KiB for a lane.
    pub fn new(memory: u32, iterations: u32, parallelism: u32) -> Option<Self> {
        let within = (1..=Self::MAX_PARALLELISM).contains(&parallelism)
            && (8 * parallelism..=Self::MAX_MEMORY).contains(&memory)
            && (1..=Self::MAX_ITERATIONS).contains(&iterations);
        within.then_some(Self {
            memory,
            iterations,
            parallelism,
        })
    }

    /// Memory in KiB.
    pub const fn memory(self) -> u32 {
        self.memory
    }

    /// As [`new`](Self::new), with the default in the place of what is not given.
    pub fn or_default(
        memory: Option<u32>,
        iterations: Option<u32>,
        parallelism: Option<u32>,
    ) -> Option<Self> {
        let default = Self::default();
        Self::new(
            memory.unwrap_or(default.memory),
            iterations.unwrap_or(default.iterations),
            parallelism.unwrap_or(default.parallelism),
        )
    }
}

impl Default for Parameters {
    /// What OWASP recommends: 19 MiB, 2 passes, 1 lane.
    fn default() -> Self {
        Self {
            memory: 19_456,
            iterations: 2,
            parallelism: 1,
        }
    }
}

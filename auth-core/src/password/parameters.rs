//! The cost parameters of password hashes, within limits.

/// The cost of a password hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    pub(super) memory: u32,
    pub(super) iterations: u32,
    pub(super) parallelism: u32,
}

impl Parameters {
    /// The maximum memory, in KiB, of a hash of any kind that is created or verified. A stored hash that needs more is
    /// refused, so that an imported row can't exhaust an instance. Django's Argon2 needs 100 MiB, and scrypt with
    /// OWASP's parameters 128.
    pub const MAX_MEMORY: u32 = 131_072;
    /// The maximum number of passes of a hash that is created or verified.
    pub const MAX_ITERATIONS: u32 = 64;
    /// The maximum number of lanes of a hash that is created or verified.
    pub const MAX_PARALLELISM: u32 = 16;

    /// Creates parameters from memory in KiB, passes and lanes. Returns `None` if one is out of bounds or there are
    /// fewer than 8 KiB per lane.
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

    /// Returns the memory in KiB.
    pub const fn memory(self) -> u32 {
        self.memory
    }

    /// Works like [`new`](Self::new), with defaults for missing values.
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
    /// The parameters recommended by OWASP: 19 MiB, 2 passes, 1 lane.
    fn default() -> Self {
        Self {
            memory: 19_456,
            iterations: 2,
            parallelism: 1,
        }
    }
}

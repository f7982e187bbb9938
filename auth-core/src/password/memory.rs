//! The memory of password hashes: one allocation for all kinds, kept between hashes and wiped after each.
//!
//! WebAssembly's memory never shrinks. Small objects soon occupy freed space, so a large hash would no longer fit and
//! allocate the same amount again. Memory is therefore allocated at most twice in an instance's lifetime: as much as
//! new hashes need, and, if a hash needs more, as much as any hash can need. Allocated memory that is never written to
//! costs only address space.

use gatewright_argon2_simd::{Block, wipe};

use super::error::PasswordHashError;

/// Memory in blocks of 1 KiB.
pub(super) struct Memory {
    blocks: Vec<Block>,
    usual: usize,
    max: usize,
}

impl Memory {
    /// Creates an empty memory. New hashes need `usual` blocks, and any hash needs at most `max`.
    pub(super) const fn new(usual: usize, max: usize) -> Self {
        Self {
            blocks: Vec::new(),
            usual,
            max,
        }
    }

    /// Runs `work` with this many blocks, whose contents are arbitrary, and wipes them.
    ///
    /// # Errors
    /// The host does not have enough memory.
    pub(super) fn lend<T>(
        &mut self,
        count: usize,
        work: impl FnOnce(&mut [Block]) -> T,
    ) -> Result<T, PasswordHashError> {
        self.reserve(count)?;
        if self.blocks.len() < count {
            self.blocks.resize(count, Block::new());
        }
        let lent = &mut self.blocks[..count];
        let done = work(lent);
        wipe(lent);
        Ok(done)
    }

    /// Runs `work` that allocates and frees this many blocks itself. The memory is freed for that time, so that `work`
    /// finds the space. Nothing else allocates meanwhile, so the space is afterwards contiguous again and is
    /// reallocated.
    ///
    /// # Errors
    /// The host does not have enough memory.
    pub(super) fn give_back<T>(
        &mut self,
        count: usize,
        work: impl FnOnce() -> T,
    ) -> Result<T, PasswordHashError> {
        self.reserve(count)?;
        let capacity = self.blocks.capacity();
        self.blocks = Vec::new();
        let done = work();
        // If the reallocation fails, the next hash requests the memory that it needs.
        if self.blocks.try_reserve_exact(capacity).is_ok() {
            // The work may not have wiped the memory that it freed.
            self.blocks.resize(count, Block::new());
        }
        Ok(done)
    }

    /// Ensures that there is memory for this many blocks.
    fn reserve(&mut self, count: usize) -> Result<(), PasswordHashError> {
        if self.blocks.capacity() >= count {
            return Ok(());
        }
        // Freed first, because an instance may not have enough memory for both.
        self.blocks = Vec::new();
        let enough = if count <= self.usual {
            self.usual
        } else {
            self.max.max(count)
        };
        self.blocks
            .try_reserve_exact(enough)
            .or_else(|_| self.blocks.try_reserve_exact(count))
            .map_err(|_| PasswordHashError::NoMemory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [usize; 6] = [1, 19, 20, 64, 100, 128];

    #[test]
    fn memory_is_taken_twice_at_most_in_any_order() {
        for first in SIZES {
            for second in SIZES {
                let mut memory = Memory::new(19, 128);
                let mut taken = vec![0];
                for count in [first, second, first, 128, 1, second] {
                    let len = memory.lend(count, |blocks| blocks.len());
                    assert_eq!(len, Ok(count));
                    let capacity = memory.blocks.capacity();
                    if taken.last() != Some(&capacity) {
                        taken.push(capacity);
                    }
                }
                let expected: &[_] = if first <= 19 {
                    &[0, 19, 128]
                } else {
                    &[0, 128]
                };
                let either = [expected, &[0, 19, 128]];
                assert!(either.contains(&&taken[..]), "{first} {second}: {taken:?}");
            }
        }
    }

    #[test]
    fn memory_that_was_given_back_is_had_again() {
        let mut memory = Memory::new(19, 128);
        for (count, capacity) in [(10, 19), (100, 128), (10, 128)] {
            let taken = memory.give_back(count, || vec![1_u8; count * Block::SIZE].len());
            assert_eq!(taken, Ok(count * Block::SIZE));
            assert_eq!(memory.blocks.capacity(), capacity);
        }
    }

    #[test]
    fn nothing_of_a_hash_is_left() {
        let mut memory = Memory::new(4, 8);
        let fill = |blocks: &mut [Block]| {
            blocks
                .iter_mut()
                .for_each(|block| block.as_mut().fill(u64::MAX));
        };
        memory.lend(4, fill).unwrap();
        let mut words = memory.blocks.iter().flat_map(|block| block.as_ref());
        assert!(words.all(|word| *word == 0));
    }
}

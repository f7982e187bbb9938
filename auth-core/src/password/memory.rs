//! The memory of password hashes: one piece for all kinds, kept between hashes and wiped after each.
//!
//! WebAssembly's memory never shrinks, and where a piece was given back small things soon lie, so that a large hash finds
//! no room there and takes as much again. So memory is taken at most twice in the life of an instance: as much as new
//! hashes need, and where one needs more, as much as any hash may need. What is taken and not written to costs nothing
//! but address space.

use argon2::Block;
use zeroize::Zeroize as _;

use super::error::PasswordHashError;

/// Memory in blocks of a KiB.
pub(super) struct Memory {
    blocks: Vec<Block>,
    usual: usize,
    max: usize,
}

impl Memory {
    /// None yet; `usual` blocks are what new hashes need, and `most` what any may.
    pub(super) const fn new(usual: usize, max: usize) -> Self {
        Self {
            blocks: Vec::new(),
            usual,
            max,
        }
    }

    /// Does work that needs this many blocks, whatever is in them, and wipes them.
    ///
    /// # Errors
    /// The host has not the memory.
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
        lent.iter_mut().for_each(|block| block.zeroize());
        Ok(done)
    }

    /// Does work that allocates this many blocks by itself, and frees them: it finds the room that is given back for that
    /// time. Nothing else allocates meanwhile, so that the room is in one piece again afterwards and is taken back.
    ///
    /// # Errors
    /// The host has not the memory.
    pub(super) fn give_back<T>(
        &mut self,
        count: usize,
        work: impl FnOnce() -> T,
    ) -> Result<T, PasswordHashError> {
        self.reserve(count)?;
        let capacity = self.blocks.capacity();
        self.blocks = Vec::new();
        let done = work();
        // Where it can't be had any more, the next hash asks for what it needs.
        if self.blocks.try_reserve_exact(capacity).is_ok() {
            // The work may not have wiped what it freed.
            self.blocks.resize(count, Block::new());
        }
        Ok(done)
    }

    /// Sees to it that there is memory for so many blocks.
    fn reserve(&mut self, count: usize) -> Result<(), PasswordHashError> {
        if self.blocks.capacity() >= count {
            return Ok(());
        }
        // Given back first, as an instance may not have the memory for both.
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

//! The steps from password to hash (RFC 9106, section 3.2).

use argon2::{Block, Error, MIN_SALT_LEN, Params, Result};
use zeroize::Zeroizing;

use crate::compression::Compression;
use crate::context::Argon2;
use crate::digest::{initial, long};
use crate::fill::fill;

/// The fastest compression function that the target has.
#[cfg(not(target_feature = "simd128"))]
pub(crate) use crate::portable::Portable as Fastest;
#[cfg(target_feature = "simd128")]
pub(crate) use crate::simd128::Simd128 as Fastest;

impl Argon2<'_> {
    /// Fills `out` with the hash of a password, in memory that it allocates and wipes.
    ///
    /// # Errors
    /// The errors of [`hash_password_into_with_memory`](Self::hash_password_into_with_memory), and
    /// [`Error::OutOfMemory`].
    pub fn hash_password_into(&self, password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<()> {
        let mut blocks = Vec::new();
        blocks
            .try_reserve_exact(self.params.block_count())
            .map_err(|_| Error::OutOfMemory)?;
        blocks.resize(self.params.block_count(), Block::new());
        let hashed = self.hash_password_into_with_memory(password, salt, out, &mut blocks);
        wipe(&mut blocks);
        hashed
    }

    /// Fills `out` with the hash of a password. The contents of the blocks before are arbitrary. Afterwards they reveal
    /// the password: [`wipe`] them.
    ///
    /// # Errors
    /// - [`Error::OutputTooShort`], [`Error::OutputTooLong`]: the parameters state another length of the hash, or it is
    ///   not one that Argon2 has.
    /// - [`Error::PwdTooLong`], [`Error::SaltTooShort`], [`Error::SaltTooLong`]: an input has a length that Argon2 does
    ///   not take.
    /// - [`Error::MemoryTooLittle`]: there are fewer than [`Params::block_count`] blocks.
    pub fn hash_password_into_with_memory(
        &self,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
        mut blocks: impl AsMut<[Block]>,
    ) -> Result<()> {
        self.hash_by_fastest(password, salt, out, blocks.as_mut())
    }

    /// Is not generic, so that the steps are compiled with the optimization of this crate and not with the caller's.
    #[inline(never)]
    fn hash_by_fastest(
        &self,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
        blocks: &mut [Block],
    ) -> Result<()> {
        self.hash(&Fastest, password, salt, out, blocks)
    }

    pub(crate) fn hash(
        &self,
        compression: &impl Compression,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
        blocks: &mut [Block],
    ) -> Result<()> {
        let stated = self.params.output_len();
        if out.len() < stated.unwrap_or(Params::MIN_OUTPUT_LEN) {
            return Err(Error::OutputTooShort);
        }
        if out.len() > stated.unwrap_or(Params::MAX_OUTPUT_LEN) {
            return Err(Error::OutputTooLong);
        }
        if u32::try_from(password.len()).is_err() {
            return Err(Error::PwdTooLong);
        }
        if salt.len() < MIN_SALT_LEN {
            return Err(Error::SaltTooShort);
        }
        if u32::try_from(salt.len()).is_err() {
            return Err(Error::SaltTooLong);
        }
        let blocks = blocks
            .get_mut(..self.params.block_count())
            .ok_or(Error::MemoryTooLittle)?;

        let initial = initial(self, password, salt, out.len())?;
        self.start(&initial[..], blocks)?;
        for pass in 0..self.params.t_cost() {
            fill(compression, self, pass, blocks);
        }
        self.finish(blocks, out)
    }

    /// Computes the first two blocks of each lane.
    pub(crate) fn start(&self, initial: &[u8], blocks: &mut [Block]) -> Result<()> {
        let mut bytes = Zeroizing::new([0; Block::SIZE]);
        let lanes = blocks.chunks_exact_mut(self.lane_length());
        for (lane, blocks) in (0_u32..).zip(lanes) {
            for (index, block) in (0_u32..).zip(&mut blocks[..2]) {
                let inputs = [initial, &index.to_le_bytes(), &lane.to_le_bytes()];
                long(inputs, &mut *bytes)?;
                for (word, bytes) in block.as_mut().iter_mut().zip(bytes.as_chunks().0) {
                    *word = u64::from_le_bytes(*bytes);
                }
            }
        }
        Ok(())
    }

    /// Fills `out` with the hash of the last blocks of all lanes.
    pub(crate) fn finish(&self, blocks: &[Block], out: &mut [u8]) -> Result<()> {
        let lane_length = self.lane_length();
        let mut last = Zeroizing::new(Block::new());
        for lane in blocks.chunks_exact(lane_length) {
            *last ^= &lane[lane_length - 1];
        }
        let mut bytes = Zeroizing::new([0; Block::SIZE]);
        for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(last.as_ref()) {
            *bytes = word.to_le_bytes();
        }
        long([&*bytes, &[], &[]], out)
    }

    fn lane_length(&self) -> usize {
        self.params.block_count() / self.params.p_cost() as usize
    }
}

/// Overwrites blocks with zeros, which the compiler does not leave out.
pub fn wipe(blocks: &mut [Block]) {
    for block in &mut *blocks {
        block.as_mut().fill(0);
    }
    // The zeros count as read here.
    std::hint::black_box(blocks);
}

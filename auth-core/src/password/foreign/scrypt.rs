//! scrypt with its parameters and salt.

use zeroize::Zeroizing;

use crate::password::error::PasswordHashError::{self, OutOfBounds};
use crate::password::memory::Memory;
use crate::password::parameters::Parameters;
use crate::password::work::Work;

/// The same as Argon2's, which shares the memory.
const MAX_SCRYPT_MEMORY: u64 = Parameters::MAX_MEMORY as u64 * 1024;
/// Limits the memory used in addition.
const MAX_SCRYPT_BLOCK_SIZE: u32 = 64;
const MAX_SCRYPT_PARALLELISM: u32 = 16;
/// The KiB that scrypt needs in addition to that memory: its parallel parts, a working block, and the allocator's
/// overhead.
pub(in crate::password) const MORE_SCRYPT_MEMORY: usize =
    (128 * MAX_SCRYPT_BLOCK_SIZE * (MAX_SCRYPT_PARALLELISM + 1)) as usize / 1024 + 16;

/// The inputs of scrypt except the password.
pub(in crate::password) struct Scrypt {
    costs: ::scrypt::Params,
    salt: Vec<u8>,
}

impl Scrypt {
    pub(super) fn new(ln: u32, r: u32, p: u32, salt: Vec<u8>) -> Result<Self, PasswordHashError> {
        let within = (1..=MAX_SCRYPT_MEMORY.ilog2()).contains(&ln)
            && (1..=MAX_SCRYPT_BLOCK_SIZE).contains(&r)
            && (1..=MAX_SCRYPT_PARALLELISM).contains(&p)
            && (128 * u64::from(r)) << ln <= MAX_SCRYPT_MEMORY;
        if !within {
            return Err(OutOfBounds);
        }
        let costs = ::scrypt::Params::new(ln as u8, r, p).map_err(|_| OutOfBounds)?;
        Ok(Self { costs, salt })
    }

    pub(super) fn work(&self) -> Work {
        Work::Scrypt {
            log_n: self.costs.log_n().into(),
            r: self.costs.r(),
            p: self.costs.p(),
        }
    }

    pub(super) fn derive(
        &self,
        memory: &mut Memory,
        password: &str,
        len: usize,
    ) -> Result<Zeroizing<Vec<u8>>, PasswordHashError> {
        let mut derived = Zeroizing::new(vec![0; len]);
        let password = password.as_bytes();
        let blocks = self.work().cost().memory as usize + MORE_SCRYPT_MEMORY;
        memory
            .give_back(blocks, || {
                ::scrypt::scrypt(password, &self.salt, &self.costs, &mut derived)
            })?
            .map_err(|_| OutOfBounds)?;
        Ok(derived)
    }
}

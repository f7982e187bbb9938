//! BLAKE2b in the two ways in which Argon2 uses it.

use argon2::{Error, Result};
use blake2::digest::block_api::{UpdateCore as _, VariableOutputCore as _};
use blake2::digest::block_buffer::LazyBuffer;
use blake2::{Blake2b512, Blake2bVarCore, Digest as _};
use zeroize::{Zeroize as _, Zeroizing};

use crate::context::Argon2;

/// The length of a full BLAKE2b hash.
const FULL: usize = 64;

/// Returns H0 (RFC 9106, section 3.2), the hash of all inputs. Their lengths fit in 32 bits.
pub(crate) fn initial(
    context: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    output_len: usize,
) -> Zeroizing<[u8; FULL]> {
    let params = &context.params;
    let mut hash = Blake2b512::new();
    for number in [
        params.p_cost(),
        output_len as u32,
        params.m_cost(),
        params.t_cost(),
        context.version.into(),
        context.algorithm as u32,
    ] {
        hash.update(number.to_le_bytes());
    }
    for input in [password, salt, context.secret, params.data()] {
        hash.update((input.len() as u32).to_le_bytes());
        hash.update(input);
    }
    finish(hash)
}

/// Fills `out` with H' (RFC 9106, section 3.3), a hash of any length.
pub(crate) fn long(inputs: &[&[u8]], out: &mut [u8]) -> Result<()> {
    let len = u32::try_from(out.len()).map_err(|_| Error::OutputTooLong)?;
    let len = len.to_le_bytes();
    if out.len() <= FULL {
        return short(std::iter::once(&len[..]).chain(inputs.iter().copied()), out);
    }
    let mut hash = Blake2b512::new_with_prefix(len);
    for input in inputs {
        hash.update(input);
    }
    let mut last = finish(hash);
    let mut rest = out;
    // Each hash contributes its first half and is the input of the next one. The final one is as long as the rest.
    while rest.len() > FULL {
        let (chunk, after) = rest.split_at_mut(FULL / 2);
        chunk.copy_from_slice(&last[..FULL / 2]);
        rest = after;
        if rest.len() > FULL {
            last = finish(Blake2b512::new_with_prefix(&last[..]));
        }
    }
    short([&last[..]], rest)
}

/// Fills `out`, of at most 64 bytes, with a BLAKE2b hash of its length.
fn short<'a>(inputs: impl IntoIterator<Item = &'a [u8]>, out: &mut [u8]) -> Result<()> {
    let mut hash = Blake2bVarCore::new(out.len()).map_err(|_| Error::OutputTooLong)?;
    let mut buffer = LazyBuffer::default();
    for input in inputs {
        buffer.digest_blocks(input, |blocks| hash.update_blocks(blocks));
    }
    let mut full = Default::default();
    hash.finalize_variable_core(&mut buffer, &mut full);
    out.copy_from_slice(&full[..out.len()]);
    full[..].zeroize();
    Ok(())
}

fn finish(hash: Blake2b512) -> Zeroizing<[u8; FULL]> {
    Zeroizing::new(hash.finalize().into())
}

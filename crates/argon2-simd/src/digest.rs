//! BLAKE2b in the two ways in which Argon2 uses it.

use argon2::{Error, Result};
use blake2::Blake2bVarCore;
use blake2::digest::block_api::{UpdateCore as _, VariableOutputCore as _};
use blake2::digest::block_buffer::LazyBuffer;
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
) -> Result<Zeroizing<[u8; FULL]>> {
    let params = &context.params;
    let numbers = [
        params.p_cost(),
        output_len as u32,
        params.m_cost(),
        params.t_cost(),
        context.version.into(),
        context.algorithm as u32,
    ];
    let numbers = numbers.map(u32::to_le_bytes);
    let [secret, data] = [context.secret, params.data()];
    let len = |input: &[u8]| (input.len() as u32).to_le_bytes();
    let inputs = [
        numbers.as_flattened(),
        &len(password),
        password,
        &len(salt),
        salt,
        &len(secret),
        secret,
        &len(data),
        data,
    ];
    let mut hash = Zeroizing::new([0; FULL]);
    blake2b(&inputs, &mut *hash)?;
    Ok(hash)
}

/// Fills `out` with H' (RFC 9106, section 3.3), a hash of any length.
pub(crate) fn long([first, second, third]: [&[u8]; 3], out: &mut [u8]) -> Result<()> {
    let len = u32::try_from(out.len()).map_err(|_| Error::OutputTooLong)?;
    let inputs = [&len.to_le_bytes(), first, second, third];
    if out.len() <= FULL {
        return blake2b(&inputs, out);
    }
    let mut last = Zeroizing::new([0; FULL]);
    blake2b(&inputs, &mut *last)?;
    let mut rest = out;
    // Each hash contributes its first half and is the input of the next one. The final one is as long as the rest.
    loop {
        let (chunk, after) = rest.split_at_mut(FULL / 2);
        chunk.copy_from_slice(&last[..FULL / 2]);
        rest = after;
        if rest.len() <= FULL {
            return blake2b(&[&last[..]], rest);
        }
        let before = last.clone();
        blake2b(&[&before[..]], &mut *last)?;
    }
}

/// Fills `out`, of at most 64 bytes, with a BLAKE2b hash of its length. It is called rarely, and long when inlined.
#[inline(never)]
fn blake2b(inputs: &[&[u8]], out: &mut [u8]) -> Result<()> {
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

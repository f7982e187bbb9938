//! The compression function for every target.

use argon2::Block;

use crate::compression::Compression;

/// The compression function in 64-bit integers.
pub(crate) struct Portable;

impl Compression for Portable {
    fn compress<const XOR: bool>(&self, x: &Block, y: &Block, out: &mut Block) {
        let mut r = *x;
        r ^= y;
        let mut z = r;
        let words = z.as_mut();
        for row in 0..8 {
            permute(words, |i| 16 * row + i);
        }
        for column in 0..8 {
            permute(words, |i| 2 * column + 16 * (i / 2) + i % 2);
        }
        z ^= &r;
        if XOR {
            *out ^= &z;
        } else {
            *out = z;
        }
    }
}

/// The permutation P (RFC 9106, section 3.6) of 16 words, whose positions `at` maps to those in the block.
#[inline(always)]
fn permute(words: &mut [u64], at: impl Fn(usize) -> usize) {
    let mut v: [u64; 16] = std::array::from_fn(|i| words[at(i)]);
    for column in 0..4 {
        mix(&mut v, [column, column + 4, column + 8, column + 12]);
    }
    for diagonal in 0..4 {
        mix(
            &mut v,
            [
                diagonal,
                (diagonal + 1) % 4 + 4,
                (diagonal + 2) % 4 + 8,
                (diagonal + 3) % 4 + 12,
            ],
        );
    }
    for (i, word) in v.into_iter().enumerate() {
        words[at(i)] = word;
    }
}

/// The function GB (RFC 9106, section 3.6).
#[inline(always)]
fn mix(v: &mut [u64; 16], [a, b, c, d]: [usize; 4]) {
    v[a] = multiply_add(v[a], v[b]);
    v[d] = (v[d] ^ v[a]).rotate_right(32);
    v[c] = multiply_add(v[c], v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(24);
    v[a] = multiply_add(v[a], v[b]);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = multiply_add(v[c], v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(63);
}

/// The sum of two words and twice the product of their lower halves.
#[inline(always)]
fn multiply_add(x: u64, y: u64) -> u64 {
    const LOW: u64 = u32::MAX as u64;
    let product = (x & LOW) * (y & LOW);
    x.wrapping_add(y).wrapping_add(product.wrapping_mul(2))
}

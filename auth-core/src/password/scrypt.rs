//! scrypt (RFC 7914) in memory that the caller has; the crate of this name takes its own at each call.
//!
//! Blocks of 64 bytes are kept as four rows of the diagonals of Salsa20's matrix, so that a round works on whole rows.

use argon2::Block;
use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

/// Bytes of a block of Salsa20.
const UNIT: usize = 64;
/// Blocks of Salsa20 in a block of memory.
const UNITS: usize = Block::SIZE / UNIT;
/// Where each word of the rows stands in the matrix.
const DIAGONALS: [usize; 16] = [0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11];

type Row = [u32; 4];
type Rows = [Row; 4];

/// Costs of scrypt, which the caller has checked: their memory can be counted and had.
#[derive(Clone, Copy)]
pub(super) struct Costs {
    /// The logarithm of N to base 2.
    pub(super) ln: u32,
    /// Block size.
    pub(super) r: u32,
    /// Parallelism.
    pub(super) p: u32,
}

impl Costs {
    /// Blocks of memory, of a KiB.
    pub(super) const fn blocks(self) -> usize {
        ((2 * self.r as usize) << self.ln).div_ceil(UNITS)
    }

    /// How often a block of Salsa20 is computed.
    pub(super) const fn units(self) -> u64 {
        (2 * 2 * self.r as u64 * self.p as u64) << self.ln
    }
}

/// Fills `output` with what scrypt derives of a password. `memory` has the blocks that the costs say.
pub(super) fn scrypt(
    password: &[u8],
    salt: &[u8],
    costs: Costs,
    memory: &mut [Block],
    output: &mut [u8],
) {
    let len = 2 * costs.r as usize;
    let mut derived = Zeroizing::new(vec![0; len * UNIT * costs.p as usize]);
    pbkdf2_hmac::<Sha256>(password, salt, 1, &mut derived);
    let mut now = vec![Rows::default(); len];
    let mut next = now.clone();
    for part in derived.chunks_exact_mut(len * UNIT) {
        for (rows, bytes) in now.iter_mut().zip(part.chunks_exact(UNIT)) {
            *rows = read(bytes);
        }
        mix_all(&mut now, &mut next, 1 << costs.ln, memory);
        for (rows, bytes) in now.iter().zip(part.chunks_exact_mut(UNIT)) {
            write(rows, bytes);
        }
    }
    pbkdf2_hmac::<Sha256>(password, &derived, 1, output);
    now.iter_mut().for_each(|rows| rows.zeroize());
    next.iter_mut().for_each(|rows| rows.zeroize());
}

/// scryptROMix (section 5).
fn mix_all(now: &mut Vec<Rows>, next: &mut Vec<Rows>, n: usize, memory: &mut [Block]) {
    let len = now.len();
    for step in 0..n {
        for (at, rows) in now.iter().enumerate() {
            store(memory, step * len + at, rows);
        }
        mix(now, next, |_| Rows::default());
        core::mem::swap(now, next);
    }
    for _ in 0..n {
        // The last block's first word, which is the first of its diagonals; N is a power of two.
        let step = now[len - 1][0][0] as usize & (n - 1);
        mix(now, next, |at| load(memory, step * len + at));
        core::mem::swap(now, next);
    }
}

/// scryptBlockMix (section 4) of a list of blocks, each exclusive-or'ed with another.
#[inline(always)]
fn mix(blocks: &[Rows], mixed: &mut [Rows], other: impl Fn(usize) -> Rows) {
    let half = blocks.len() / 2;
    let mut last = xor(blocks[blocks.len() - 1], other(blocks.len() - 1));
    for (at, block) in blocks.iter().enumerate() {
        last = salsa20_8(xor(last, xor(*block, other(at))));
        mixed[at / 2 + at % 2 * half] = last;
    }
}

/// The core of Salsa20 with 8 rounds (section 3).
#[inline(always)]
fn salsa20_8(input: Rows) -> Rows {
    let [mut a, mut b, mut c, mut d] = input;
    for _ in 0..4 {
        // A round of columns, and one of rows, whose diagonals are these turned.
        quarter(&mut a, &mut b, &mut c, &mut d);
        (b, c, d) = (turn::<3>(b), turn::<2>(c), turn::<1>(d));
        quarter(&mut a, &mut d, &mut c, &mut b);
        (b, c, d) = (turn::<1>(b), turn::<2>(c), turn::<3>(d));
    }
    let add = |one: Row, other: Row| each(one, other, u32::wrapping_add);
    [
        add(a, input[0]),
        add(b, input[1]),
        add(c, input[2]),
        add(d, input[3]),
    ]
}

/// Four quarter rounds at once.
#[inline(always)]
fn quarter(a: &mut Row, b: &mut Row, c: &mut Row, d: &mut Row) {
    let step = |to: &mut Row, one: &Row, other: &Row, by: u32| {
        let sum = each(*one, *other, u32::wrapping_add);
        *to = each(*to, sum, |to, sum| to ^ sum.rotate_left(by));
    };
    step(b, a, d, 7);
    step(c, b, a, 9);
    step(d, c, b, 13);
    step(a, d, c, 18);
}

#[inline(always)]
fn turn<const BY: usize>(row: Row) -> Row {
    core::array::from_fn(|at| row[(at + BY) % 4])
}

#[inline(always)]
fn each(one: Row, other: Row, what: impl Fn(u32, u32) -> u32) -> Row {
    core::array::from_fn(|at| what(one[at], other[at]))
}

#[inline(always)]
fn xor(one: Rows, other: Rows) -> Rows {
    core::array::from_fn(|at| each(one[at], other[at], |one, other| one ^ other))
}

fn store(memory: &mut [Block], unit: usize, rows: &Rows) {
    let words = &mut memory[unit / UNITS].as_mut()[unit % UNITS * 8..][..8];
    let pairs = rows.as_flattened().chunks_exact(2);
    for (word, pair) in words.iter_mut().zip(pairs) {
        *word = u64::from(pair[0]) | u64::from(pair[1]) << 32;
    }
}

#[inline(always)]
fn load(memory: &[Block], unit: usize) -> Rows {
    let words = &memory[unit / UNITS].as_ref()[unit % UNITS * 8..][..8];
    core::array::from_fn(|row| {
        core::array::from_fn(|at| (words[2 * row + at / 2] >> (at % 2 * 32)) as u32)
    })
}

fn read(bytes: &[u8]) -> Rows {
    let word = |at: usize| {
        let start = 4 * DIAGONALS[at];
        let mut word = [0; 4];
        word.copy_from_slice(&bytes[start..start + 4]);
        u32::from_le_bytes(word)
    };
    core::array::from_fn(|row| core::array::from_fn(|at| word(4 * row + at)))
}

fn write(rows: &Rows, bytes: &mut [u8]) {
    for (word, at) in rows.as_flattened().iter().zip(DIAGONALS) {
        bytes[4 * at..4 * at + 4].copy_from_slice(&word.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn derive(password: &[u8], salt: &[u8], costs: Costs, len: usize) -> Vec<u8> {
        // Whatever lies there.
        let mut dirt = Block::new();
        dirt.as_mut().fill(0x5555_5555_5555_5555);
        let mut memory = vec![dirt; costs.blocks()];
        let mut output = vec![0; len];
        scrypt(password, salt, costs, &mut memory, &mut output);
        output
    }

    /// Section 12, but for the last, which takes a GiB.
    #[test]
    fn the_vectors_of_rfc_7914() {
        for (password, salt, ln, r, p, start) in [
            ("", "", 4, 1, 1, [0x77, 0xd6, 0x57, 0x62]),
            ("password", "NaCl", 10, 8, 16, [0xfd, 0xba, 0xbe, 0x1c]),
            (
                "pleaseletmein",
                "SodiumChloride",
                14,
                8,
                1,
                [0x70, 0x23, 0xbd, 0xcb],
            ),
        ] {
            let derived = derive(password.as_bytes(), salt.as_bytes(), Costs { ln, r, p }, 64);
            assert_eq!(derived[..4], start, "{password}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn it_is_what_the_crate_of_its_name_computes(
            password: Vec<u8>,
            salt: Vec<u8>,
            ln in 1u32..8,
            r in 1u32..18,
            p in 1u32..4,
            len in 10usize..100,
        ) {
            let params = ::scrypt::Params::new(ln as u8, r, p).unwrap();
            let mut expected = vec![0; len];
            ::scrypt::scrypt(&password, &salt, &params, &mut expected).unwrap();
            prop_assert_eq!(derive(&password, &salt, Costs { ln, r, p }, len), expected);
        }
    }
}

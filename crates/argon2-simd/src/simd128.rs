//! The compression function in WebAssembly's vector instructions.
//!
//! A vector holds two neighbouring words. The permutation P works on 16 words as eight vectors, the rows of a 4×4
//! matrix in two vectors each. One step of GB then mixes all four columns at once: two vectors for each operand. The
//! multiplication profits from such pairs, because one shuffle moves the lower halves of four words into one vector.
//!
//! Rotations by 24 and 16 bits move whole bytes. The fastest instruction for them is a swizzle with positions in a
//! register. LLVM makes a shuffle of it if it knows the positions, and V8 then loads these for every rotation again,
//! which costs a tenth of a hash. [`Positions`] therefore hides them from LLVM.

use std::arch::wasm32::{
    i8x16, i8x16_swizzle, i32x4_shuffle, i64x2_add, i64x2_shuffle, u64x2_extmul_high_u32x4,
    u64x2_extmul_low_u32x4, u64x2_shr, v128, v128_load, v128_store, v128_xor,
};
use std::hint::black_box;

use argon2::Block;

use crate::compression::Compression;

/// The compression function in vector instructions.
pub(crate) struct Simd128;

/// Four words: a row of the matrix.
type Row = [v128; 2];

/// The positions of bytes after a rotation.
#[derive(Clone, Copy)]
struct Positions {
    right_24: v128,
    right_16: v128,
}

impl Positions {
    #[inline(always)]
    fn hidden() -> Self {
        black_box(Self {
            right_24: i8x16(3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10),
            right_16: i8x16(2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9),
        })
    }
}

impl Compression for Simd128 {
    #[inline(never)]
    fn compress<const XOR: bool>(&self, x: &Block, y: &Block, out: &mut Block) {
        let positions = Positions::hidden();
        // The inputs go to `out` at once, so that one copy of them is enough. The permuted words are added below.
        let rows: [[v128; 8]; 8] = std::array::from_fn(|row| {
            let mut vectors: [v128; 8] = std::array::from_fn(|i| {
                let at = 8 * row + i;
                let r = v128_xor(load(x, at), load(y, at));
                let addend = if XOR { v128_xor(r, load(out, at)) } else { r };
                store(out, at, addend);
                r
            });
            permute(&mut vectors, positions);
            vectors
        });
        for column in 0..8 {
            let mut vectors = rows.each_ref().map(|row| row[column]);
            permute(&mut vectors, positions);
            for (row, vector) in vectors.into_iter().enumerate() {
                let at = 8 * row + column;
                let sum = v128_xor(load(out, at), vector);
                store(out, at, sum);
            }
        }
    }
}

/// Returns a vector of a block.
#[inline(always)]
fn load(block: &Block, at: usize) -> v128 {
    let words: &[u64; 2] = &block.as_ref().as_chunks().0[at];
    // SAFETY: the two words are the 16 bytes that the instruction reads. It takes any alignment, and every bit pattern
    // is a vector.
    unsafe { v128_load(words.as_ptr().cast()) }
}

/// Replaces a vector of a block.
#[inline(always)]
fn store(block: &mut Block, at: usize, vector: v128) {
    let words: &mut [u64; 2] = &mut block.as_mut().as_chunks_mut().0[at];
    // SAFETY: the two words are the 16 bytes that the instruction writes, and they are borrowed for that. It takes any
    // alignment, and every bit pattern is two words.
    unsafe { v128_store(words.as_mut_ptr().cast(), vector) }
}

/// The permutation P (RFC 9106, section 3.6).
#[inline(always)]
fn permute(v: &mut [v128; 8], positions: Positions) {
    let [a0, a1, b0, b1, c0, c1, d0, d1] = *v;
    let [a, b, c, d] = mix([a0, a1], [b0, b1], [c0, c1], [d0, d1], positions);
    // The diagonals become columns.
    let [a, b, c, d] = mix(a, left(b), [c[1], c[0]], right(d), positions);
    let [b, c, d] = [right(b), [c[1], c[0]], left(d)];
    *v = [a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]];
}

/// The function GB (RFC 9106, section 3.6) of four columns.
#[inline(always)]
fn mix(mut a: Row, mut b: Row, mut c: Row, mut d: Row, positions: Positions) -> [Row; 4] {
    a = multiply_add(a, b);
    d = each(d, a, |d, a| rotate_right_32(v128_xor(d, a)));
    c = multiply_add(c, d);
    b = each(b, c, |b, c| {
        i8x16_swizzle(v128_xor(b, c), positions.right_24)
    });
    a = multiply_add(a, b);
    d = each(d, a, |d, a| {
        i8x16_swizzle(v128_xor(d, a), positions.right_16)
    });
    c = multiply_add(c, d);
    b = each(b, c, |b, c| rotate_right_63(v128_xor(b, c)));
    [a, b, c, d]
}

/// The sums of words and twice the products of their lower halves.
#[inline(always)]
fn multiply_add(x: Row, y: Row) -> Row {
    let low_x = i32x4_shuffle::<0, 2, 4, 6>(x[0], x[1]);
    let low_y = i32x4_shuffle::<0, 2, 4, 6>(y[0], y[1]);
    let products = [
        u64x2_extmul_low_u32x4(low_x, low_y),
        u64x2_extmul_high_u32x4(low_x, low_y),
    ];
    // The sum of the words doesn't wait for the multiplication.
    let sums = each(x, y, |x, y| i64x2_add(x, y));
    each(sums, products, |sum, product| {
        i64x2_add(i64x2_add(sum, product), product)
    })
}

#[inline(always)]
fn each(x: Row, y: Row, f: impl Fn(v128, v128) -> v128) -> Row {
    [f(x[0], y[0]), f(x[1], y[1])]
}

/// Moves each word of a row one place to the left, the first one to the end.
#[inline(always)]
fn left(x: Row) -> Row {
    [
        i64x2_shuffle::<1, 2>(x[0], x[1]),
        i64x2_shuffle::<1, 2>(x[1], x[0]),
    ]
}

/// Moves each word of a row one place to the right, the last one to the beginning.
#[inline(always)]
fn right(x: Row) -> Row {
    [
        i64x2_shuffle::<1, 2>(x[1], x[0]),
        i64x2_shuffle::<1, 2>(x[0], x[1]),
    ]
}

#[inline(always)]
fn rotate_right_32(x: v128) -> v128 {
    i32x4_shuffle::<1, 0, 3, 2>(x, x)
}

#[inline(always)]
fn rotate_right_63(x: v128) -> v128 {
    v128_xor(u64x2_shr(x, 63), i64x2_add(x, x))
}

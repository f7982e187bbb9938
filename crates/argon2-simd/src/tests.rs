//! The compression functions agree, every intermediate value is right, and a fault of one bit changes a hash.

use std::cell::Cell;
use std::fmt::Write as _;

use argon2::{Algorithm, AssociatedData, Block, Params, ParamsBuilder, Version};
use sha2::{Digest as _, Sha256};

use crate::compression::Compression;
use crate::context::Argon2;
use crate::digest::initial;
use crate::fill::fill;
use crate::hash::Fastest;
use crate::portable::Portable;

const BITS: usize = 8 * Block::SIZE;

/// A block of pseudo-random words.
fn block(seed: u64) -> Block {
    let mut block = Block::new();
    let mut state = seed;
    for word in block.as_mut() {
        state = state
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        *word = state ^ (state >> 29);
    }
    block
}

fn flip(block: &mut Block, bit: usize) {
    block.as_mut()[bit / 64] ^= 1 << (bit % 64);
}

fn result<const XOR: bool>(compression: &impl Compression, x: &Block, y: &Block) -> Block {
    let mut out = block(3);
    compression.compress::<XOR>(x, y, &mut out);
    out
}

/// Both compression functions, which must agree.
fn both<const XOR: bool>(x: &Block, y: &Block) -> Block {
    let fastest = result::<XOR>(&Fastest, x, y);
    assert_eq!(
        fastest.as_ref(),
        result::<XOR>(&Portable, x, y).as_ref(),
        "the compression functions differ"
    );
    fastest
}

#[test]
fn every_bit_of_a_block_takes_part() {
    let (x, y) = (block(1), block(2));
    let (written, added) = (both::<false>(&x, &y), both::<true>(&x, &y));
    for bit in 0..BITS {
        let mut other = x;
        flip(&mut other, bit);
        assert_ne!(both::<false>(&other, &y).as_ref(), written.as_ref());
        assert_ne!(both::<true>(&other, &y).as_ref(), added.as_ref());
        // The function takes the XOR of its inputs.
        let mut same = y;
        flip(&mut same, bit);
        assert_eq!(both::<false>(&other, &same).as_ref(), written.as_ref());
    }
    let mut sum = block(3);
    sum ^= &written;
    assert_eq!(added.as_ref(), sum.as_ref(), "the result is XORed");
}

#[test]
fn blocks_with_few_bits_and_with_many() {
    let full = {
        let mut block = Block::new();
        block.as_mut().fill(u64::MAX);
        block
    };
    for start in [Block::new(), full] {
        for bit in 0..BITS {
            let mut x = start;
            flip(&mut x, bit);
            both::<false>(&x, &Block::new());
        }
    }
    for seed in 0..2000 {
        both::<true>(&block(seed), &block(!seed));
    }
}

/// A compression function that flips one bit of its result in one of its calls.
struct Faulty {
    /// The calls until the fault.
    calls: Cell<usize>,
    bit: usize,
}

impl Compression for Faulty {
    fn compress<const XOR: bool>(&self, x: &Block, y: &Block, out: &mut Block) {
        Fastest.compress::<XOR>(x, y, out);
        // Blocks of addresses are left alone: a segment does not use all of their bits.
        let is_zero = |block: &Block| block.as_ref().iter().all(|word| *word == 0);
        if is_zero(x) {
            return;
        }
        if self.calls.get() == 0 {
            flip(out, self.bit);
        }
        self.calls.set(self.calls.get().wrapping_sub(1));
    }
}

#[test]
fn a_fault_of_one_bit_changes_the_hash() {
    for algorithm in [Algorithm::Argon2d, Algorithm::Argon2i, Algorithm::Argon2id] {
        for version in [Version::V0x10, Version::V0x13] {
            for lanes in [1, 3] {
                let params = Params::new(12 * lanes, 2, lanes, None).unwrap();
                let blocks = params.block_count();
                let argon2 = Argon2::new(algorithm, version, params);
                let hash = |calls, bit| {
                    let mut out = [0; 32];
                    let faulty = Faulty {
                        calls: Cell::new(calls),
                        bit,
                    };
                    let mut memory = vec![Block::new(); blocks];
                    argon2
                        .hash(&faulty, b"password", b"somesalt", &mut out, &mut memory)
                        .unwrap();
                    out
                };
                let calls = 2 * blocks - 2 * lanes as usize;
                let right = hash(calls, 0);
                for call in 0..calls {
                    for bit in (call % 61..BITS).step_by(61 * 17) {
                        let wrong = hash(call, bit);
                        // Every block takes part in the next one of its lane.
                        assert_ne!(wrong, right, "{argon2:?}, call {call}, bit {bit}");
                    }
                }
            }
        }
    }
}

/// SHA-256 of the files in the reference implementation's `kats`, which have every block after each pass.
const KATS: [(Algorithm, &str, Version, &str); 6] = [
    (
        Algorithm::Argon2d,
        "Argon2d",
        Version::V0x13,
        "73619cfe0f35e52fdd1ca2595ffaa359879467407f98b61f4969c2861cc329ce",
    ),
    (
        Algorithm::Argon2d,
        "Argon2d",
        Version::V0x10,
        "4ec4569a016c3accc6a25a34252b03a6135939b3c452389917a3f3b65878165b",
    ),
    (
        Algorithm::Argon2i,
        "Argon2i",
        Version::V0x13,
        "40a3aeafb092d10cf457a8ee0139c114c911ecf97bd5accf5a99c7ddd6917061",
    ),
    (
        Algorithm::Argon2i,
        "Argon2i",
        Version::V0x10,
        "334f03e627afb67b946a530b90d2e11fb2e6abb44df992c0fb3198c7bacf5930",
    ),
    (
        Algorithm::Argon2id,
        "Argon2id",
        Version::V0x13,
        "ba05643e504fc5778dda99e2d9f42ebe7d22ebb3923cc719fd591b1b14a8d28d",
    ),
    (
        Algorithm::Argon2id,
        "Argon2id",
        Version::V0x10,
        "680774be1d3ad2e74bbc56ee715dd6eb97a58279bf22edc57d00e840ca1ae469",
    ),
];

/// A line of such a file.
fn line(name: &str, bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x} ")).collect();
    format!("{name}: {hex}\n")
}

/// The file that the reference implementation's `genkat` writes.
fn kat(
    algorithm: Algorithm,
    name: &str,
    version: Version,
    compression: &impl Compression,
) -> String {
    let params = ParamsBuilder::new()
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .data(AssociatedData::new(&[4; 12]).unwrap())
        .build()
        .unwrap();
    let secret = [3; 8];
    let argon2 = Argon2::new_with_secret(&secret, algorithm, version, params).unwrap();
    let (password, salt) = ([1; 32], [2; 16]);
    let rule = "=".repeat(39);
    let mut text = format!(
        "{rule}\n{name} version number {}\n{rule}\n\
         Memory: 32 KiB, Iterations: 3, Parallelism: 4 lanes, Tag length: 32 bytes\n",
        u32::from(version),
    );
    let first = initial(&argon2, &password, &salt, 32).unwrap();
    text += &line("Password[32]", &password);
    text += &line("Salt[16]", &salt);
    text += &line("Secret[8]", &secret);
    text += &line("Associated data[12]", &[4; 12]);
    text += &line("Pre-hashing digest", &*first);
    let mut blocks = vec![Block::new(); 32];
    argon2.start(&*first, &mut blocks).unwrap();
    for pass in 0..3 {
        fill(compression, &argon2, pass, &mut blocks);
        write!(text, "\n After pass {pass}:\n").unwrap();
        for (i, block) in blocks.iter().enumerate() {
            for (j, word) in block.as_ref().iter().enumerate() {
                writeln!(text, "Block {i:04} [{j:3}]: {word:016x}").unwrap();
            }
        }
    }
    let mut tag = [0; 32];
    argon2.finish(&blocks, &mut tag).unwrap();
    text + &line("Tag", &tag)
}

#[test]
fn every_block_of_the_known_answers() {
    for (algorithm, name, version, expected) in KATS {
        for text in [
            kat(algorithm, name, version, &Fastest),
            kat(algorithm, name, version, &Portable),
        ] {
            let hash: String = Sha256::digest(&text)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(hash, expected, "{name} {version:?}");
        }
    }
}

//! The hashes are those of the crate `argon2`, for random parameters and inputs.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use gatewright_argon2_simd::{
    Algorithm, Argon2, AssociatedData, Block, Params, ParamsBuilder, Version, wipe,
};

/// A seeded generator (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `min` to `max`.
    fn within(&mut self, min: u32, max: u32) -> u32 {
        min + (self.next() % u64::from(max - min + 1)) as u32
    }

    fn bytes(&mut self, min: u32, max: u32) -> Vec<u8> {
        let len = self.within(min, max);
        (0..len).map(|_| self.next() as u8).collect()
    }

    /// Memory costs of odd sizes. One in eight has segments of more than one block of addresses.
    fn params(&mut self) -> Params {
        let lanes = self.within(1, 8);
        let more = if self.within(0, 7) == 0 { 2500 } else { 200 };
        ParamsBuilder::new()
            .m_cost(8 * lanes + self.within(0, more))
            .t_cost(self.within(1, 4))
            .p_cost(lanes)
            .data(AssociatedData::new(&self.bytes(0, 32)).unwrap())
            .output_len(self.within(4, 260) as usize)
            .build()
            .unwrap()
    }
}

const ALGORITHMS: [Algorithm; 3] = [Algorithm::Argon2d, Algorithm::Argon2i, Algorithm::Argon2id];

#[test]
fn hashes_are_those_of_argon2() {
    let mut random = Random(21);
    // More than any of the hashes needs.
    let mut blocks = vec![Block::new(); 3000];
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..3000 {
        let algorithm = ALGORITHMS[random.within(0, 2) as usize];
        let version = [Version::V0x10, Version::V0x13][random.within(0, 1) as usize];
        let params = random.params();
        seen.insert((algorithm, version, params.p_cost()));
        let (password, salt) = (random.bytes(0, 200), random.bytes(8, 64));
        let secret = random.bytes(0, 64);
        let mut expected = vec![0; params.output_len().unwrap()];
        let mut hash = expected.clone();
        argon2::Argon2::new_with_secret(&secret, algorithm, version, params.clone())
            .unwrap()
            .hash_password_into(&password, &salt, &mut expected)
            .unwrap();
        // The blocks still have the contents of the previous hash, every other time.
        if round % 2 == 0 {
            wipe(&mut blocks);
        }
        let argon2 = Argon2::new_with_secret(&secret, algorithm, version, params).unwrap();
        argon2
            .hash_password_into_with_memory(&password, &salt, &mut hash, &mut blocks)
            .unwrap();
        assert_eq!(hash, expected, "round {round}: {argon2:?}");
    }
    assert_eq!(seen.len(), 3 * 2 * 8, "every combination was among them");
}

#[test]
fn a_context_without_secret_is_that_of_argon2() {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap();
    let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
    let (mut hash, mut expected) = ([0; 32], [0; 32]);
    Argon2::new(algorithm, version, params.clone())
        .hash_password_into(b"password", b"0123456789abcdef", &mut hash)
        .unwrap();
    argon2::Argon2::new(algorithm, version, params)
        .hash_password_into(b"password", b"0123456789abcdef", &mut expected)
        .unwrap();
    assert_eq!(hash, expected);
}

#[test]
fn nothing_of_a_hash_is_left_in_wiped_blocks() {
    let mut blocks = vec![Block::new(); 64];
    let params = Params::new(64, 1, 1, None).unwrap();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(b"password", b"somesalt", &mut [0; 32], &mut blocks)
        .unwrap();
    let used = |block: &Block| block.as_ref().iter().any(|word| *word != 0);
    assert!(blocks.iter().all(used));
    wipe(&mut blocks);
    assert!(!blocks.iter().any(used));
}

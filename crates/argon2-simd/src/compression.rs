//! The compression function of blocks.

use argon2::Block;

/// An implementation of the compression function G (RFC 9106, section 3.5).
pub(crate) trait Compression {
    /// Writes G(x, y) to `out`, or XORs it into `out` if `XOR`.
    fn compress<const XOR: bool>(&self, x: &Block, y: &Block, out: &mut Block);
}

//! Multiples of points that are used again: a table of each point, and sums by additions alone.
//!
//! Only the operations of the groups are used, and they take as long as the numbers say: for what everybody may see,
//! which public keys and signatures are, and never for secrets.

use std::ops::{AddAssign, SubAssign};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Bits of a digit. A table is 43 rows of 32 points, and a multiple 43 additions. One bit more is an eighth fewer
/// additions and nearly twice the table.
const BITS: usize = 6;

/// Digits of a number of 256 bits, with room for the last carry.
const DIGITS: usize = 257_usize.div_ceil(BITS);

/// Points of a row: the multiples of a digit, which has a sign, but zero.
const ROW: usize = 1 << (BITS - 1);

/// `digit · 2^(BITS · place)` of one point, for each digit and place.
pub(super) struct Comb<Entry>(Vec<Entry>);

impl<Entry> Comb<Entry> {
    /// The table of `point`, whose entries `entries` makes of the points all at once.
    pub(super) fn new<Point>(point: Point, entries: impl FnOnce(Vec<Point>) -> Vec<Entry>) -> Self
    where
        Point: Copy + for<'a> AddAssign<&'a Point>,
    {
        let mut points = Vec::with_capacity(DIGITS * ROW);
        let mut unit = point;
        for _ in 0..DIGITS {
            let mut multiple = unit;
            for _ in 1..ROW {
                points.push(multiple);
                multiple += &unit;
            }
            points.push(multiple);
            unit = multiple;
            unit += &multiple;
        }
        Self(entries(points))
    }

    /// Adds `number`, in little-endian bytes, times the table's point to `sum`.
    pub(super) fn add_multiple<Point>(&self, number: &[u8; 32], sum: &mut Point)
    where
        Point: for<'a> AddAssign<&'a Entry> + for<'a> SubAssign<&'a Entry>,
    {
        for (row, digit) in self.0.chunks_exact(ROW).zip(digits(number)) {
            let magnitude = usize::from(digit.unsigned_abs());
            if digit > 0 {
                *sum += &row[magnitude - 1];
            } else if digit < 0 {
                *sum -= &row[magnitude - 1];
            }
        }
    }
}

/// The digits of a number, lowest first, each of `-ROW < digit <= ROW`.
fn digits(number: &[u8; 32]) -> [i8; DIGITS] {
    let mut carry = 0;
    std::array::from_fn(|place| {
        let first = place * BITS;
        let byte = |index: usize| number.get(index).copied().map_or(0, u16::from);
        let pair = byte(first / 8) | byte(first / 8 + 1) << 8;
        let digit = (pair >> (first % 8)) as i8 & ((1 << BITS) - 1);
        let digit = digit + carry;
        carry = i8::from(digit > ROW as i8);
        digit - (carry << BITS)
    })
}

/// What a key gets when it is used often enough to be worth it, and keeps for as long as it lives.
pub(super) struct Earned<T> {
    uses: AtomicU32,
    value: OnceLock<T>,
}

impl<T> Earned<T> {
    /// Uses without it. It costs about as much as it saves in this many.
    const PRICE: u32 = 8;

    pub(super) const fn new() -> Self {
        Self {
            uses: AtomicU32::new(0),
            value: OnceLock::new(),
        }
    }

    /// Counts a use; none for the first of them.
    pub(super) fn get(&self, make: impl FnOnce() -> T) -> Option<&T> {
        if let Some(value) = self.value.get() {
            return Some(value);
        }
        (self.uses.fetch_add(1, Ordering::Relaxed) >= Self::PRICE)
            .then(|| self.value.get_or_init(make))
    }
}

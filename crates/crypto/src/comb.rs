//! Multiples of reused points: a table of each point, and sums with additions only.
//!
//! Only the operations of the groups are used, and their duration depends on the numbers. This is for public data, such
//! as public keys and signatures, and never for secrets.

use std::ops::{AddAssign, SubAssign};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The number of bits in a digit. A table has 37 rows of 64 points, and a multiple takes 37 additions. One bit fewer
/// would need a sixth more additions and three fifths of the table.
const BITS: usize = 7;

/// The number of digits in a number of 256 bits, with room for the last carry.
const DIGITS: usize = 257_usize.div_ceil(BITS);

/// The number of points in a row: the multiples of a signed digit, except zero.
const ROW: usize = 1 << (BITS - 1);

/// `digit · 2^(BITS · place)` of one point, for each digit and place.
pub(crate) struct Comb<Entry>(Vec<Entry>);

impl<Entry> Comb<Entry> {
    /// Creates the table of `point`. `entries` converts all points at once to entries.
    pub(crate) fn new<Point>(point: Point, entries: impl FnOnce(Vec<Point>) -> Vec<Entry>) -> Self
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
    pub(crate) fn add_multiple<Point>(&self, number: &[u8; 32], sum: &mut Point)
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

/// Returns the digits of a number, lowest first, each with `-ROW < digit <= ROW`.
fn digits(number: &[u8; 32]) -> [i16; DIGITS] {
    let mut carry = 0;
    std::array::from_fn(|place| {
        let first = place * BITS;
        let byte = |index: usize| number.get(index).copied().map_or(0, u16::from);
        let pair = byte(first / 8) | byte(first / 8 + 1) << 8;
        let digit = (pair >> (first % 8)) as i16 & ((1 << BITS) - 1);
        let digit = digit + carry;
        carry = i16::from(digit > ROW as i16);
        digit - (carry << BITS)
    })
}

/// A value that is created after enough uses to be worth its cost, and is kept as long as the key.
pub(crate) struct Earned<T> {
    uses: AtomicU32,
    value: OnceLock<T>,
}

impl<T> Earned<T> {
    /// The number of uses without the value. It costs about as much as it saves in this many uses.
    const PRICE: u32 = 16;

    pub(crate) const fn new() -> Self {
        Self {
            uses: AtomicU32::new(0),
            value: OnceLock::new(),
        }
    }

    /// Counts a use. Returns `None` for the first ones.
    pub(crate) fn get(&self, make: impl FnOnce() -> T) -> Option<&T> {
        if let Some(value) = self.value.get() {
            return Some(value);
        }
        (self.uses.fetch_add(1, Ordering::Relaxed) >= Self::PRICE)
            .then(|| self.value.get_or_init(make))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(digits: [i16; DIGITS]) -> Vec<i64> {
        // In base 256, like the number's bytes.
        let mut bytes = vec![0_i64; 40];
        for (place, digit) in digits.into_iter().enumerate() {
            let bit = place * BITS;
            bytes[bit / 8] += i64::from(digit) << (bit % 8);
        }
        for index in 0..39 {
            let carry = bytes[index].div_euclid(256);
            bytes[index] -= carry * 256;
            bytes[index + 1] += carry;
        }
        bytes
    }

    fn stand_for(number: &[u8; 32]) -> bool {
        let digits = digits(number);
        let row = ROW as i16;
        let mut expected: Vec<_> = number.iter().copied().map(i64::from).collect();
        expected.resize(40, 0);
        digits.iter().all(|digit| (1 - row..=row).contains(digit)) && value(digits) == expected
    }

    proptest! {
        #[test]
        fn digits_are_the_number(number: [u8; 32]) {
            prop_assert!(stand_for(&number));
        }
    }

    #[test]
    fn digits_that_carry() {
        for byte in 0..=255 {
            assert!(stand_for(&[byte; 32]), "{byte}");
            for place in 0..32 {
                let mut number = [0; 32];
                number[place] = byte;
                assert!(stand_for(&number), "{byte} at {place}");
                number = [255; 32];
                number[place] = byte;
                assert!(stand_for(&number), "{byte} at {place} of ones");
            }
        }
    }

    #[test]
    fn earned_after_its_price() {
        let earned = Earned::new();
        for _ in 0..Earned::<u8>::PRICE {
            assert_eq!(earned.get(|| unreachable!("too early")), None);
        }
        assert_eq!(earned.get(|| 1), Some(&1));
        assert_eq!(earned.get(|| unreachable!("it is kept")), Some(&1));
    }
}

//! Digests of rows, which are equal in every database.

use gatewright_storage_postgres::Value;
use sha2::{Digest as _, Sha256};

/// The rows of a table in the order of their keys.
#[derive(Clone, Default)]
pub(crate) struct RowsDigest {
    rows: u64,
    hash: Sha256,
}

/// The number of rows, and their digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) rows: u64,
    pub(crate) digest: [u8; 32],
}

impl RowsDigest {
    /// Adds a row. Each value is preceded by its type and its length.
    pub(crate) fn add(&mut self, row: &[Value]) {
        self.rows += 1;
        for value in row {
            match value {
                Value::Null => self.hash.update([0]),
                Value::Boolean(flag) => self.hash.update([1, u8::from(*flag)]),
                Value::Integer(number) => self.integer(*number),
                Value::Text(text) => self.text(3, text),
                Value::Texts(texts) => {
                    self.hash.update([4]);
                    self.hash.update((texts.len() as u64).to_be_bytes());
                    for text in texts {
                        match text {
                            Some(text) => self.text(3, text),
                            None => self.hash.update([0]),
                        }
                    }
                }
                Value::Integers(numbers) => {
                    self.hash.update([5]);
                    self.hash.update((numbers.len() as u64).to_be_bytes());
                    for number in numbers {
                        match number {
                            Some(number) => self.integer(*number),
                            None => self.hash.update([0]),
                        }
                    }
                }
            }
        }
    }

    fn integer(&mut self, number: i64) {
        self.hash.update([2]);
        self.hash.update(number.to_be_bytes());
    }

    fn text(&mut self, kind: u8, text: &str) {
        self.hash.update([kind]);
        self.hash.update((text.len() as u64).to_be_bytes());
        self.hash.update(text);
    }

    pub(crate) fn finish(self) -> Sum {
        Sum {
            rows: self.rows,
            digest: self.hash.finalize().into(),
        }
    }
}

/// Returns the digest of a whole database, in hexadecimal digits.
pub(crate) fn whole(sums: &[Sum]) -> String {
    let mut hash = Sha256::new();
    for sum in sums {
        hash.update(sum.rows.to_be_bytes());
        hash.update(sum.digest);
    }
    let bytes: [u8; 32] = hash.finalize().into();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

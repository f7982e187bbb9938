//! Values and rows of SQLite. Integers stay below 2^53, so that every host passes them on unrounded.

use gatewright_storage::{StorageError, Timestamp};

/// One value of a parameter or a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `NULL`.
    Null,
    /// `INTEGER`.
    Integer(i64),
    /// `TEXT`.
    Text(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        time.as_millis().into()
    }
}

impl From<Value> for serde_json::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(number) => number.into(),
            Value::Text(text) => text.into(),
        }
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, T::into)
    }
}

/// One row of a result. Columns are read from left to right, as the statement selects them.
#[derive(Debug, Clone)]
pub struct Row(std::vec::IntoIter<Value>);

impl Row {
    /// Creates a row of these columns.
    pub fn new(columns: Vec<Value>) -> Self {
        Self(columns.into_iter())
    }

    /// Reads the next column.
    pub(crate) fn next<T: FromValue>(&mut self) -> Result<T, StorageError> {
        T::from_value(self.0.next().unwrap_or(Value::Null))
    }
}

/// A type that a column can be read as.
pub(crate) trait FromValue: Sized {
    fn from_value(value: Value) -> Result<Self, StorageError>;
}

fn unexpected<T>(wanted: &str) -> Result<T, StorageError> {
    Err(StorageError::Invalid(format!(
        "a column does not contain {wanted}"
    )))
}

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self, StorageError> {
        Ok(value)
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self, StorageError> {
        match value {
            Value::Text(text) => Ok(text),
            _ => unexpected("text"),
        }
    }
}

impl FromValue for u64 {
    fn from_value(value: Value) -> Result<Self, StorageError> {
        match value {
            Value::Integer(number) if number >= 0 => Ok(number.unsigned_abs()),
            _ => unexpected("a non-negative integer"),
        }
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self, StorageError> {
        Ok(u64::from_value(value)? != 0)
    }
}

impl FromValue for Timestamp {
    fn from_value(value: Value) -> Result<Self, StorageError> {
        u64::from_value(value).map(Self::from_millis)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, StorageError> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// A list of names, stored as names separated by commas.
pub(crate) struct Names(pub(crate) Vec<String>);

impl FromValue for Names {
    fn from_value(value: Value) -> Result<Self, StorageError> {
        let joined = Option::<String>::from_value(value)?.unwrap_or_default();
        Ok(Self(
            joined
                .split(',')
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
        ))
    }
}

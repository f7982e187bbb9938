//! Values and rows of PostgreSQL.

use gatewright_storage::{StorageError, Timestamp};

/// One value of a parameter or a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `NULL`, of any type.
    Null,
    /// `boolean`.
    Boolean(bool),
    /// `bigint`, or a smaller integer of a column.
    Integer(i64),
    /// `text`.
    Text(String),
    /// `bigint[]`.
    Integers(Vec<Option<i64>>),
    /// `text[]`.
    Texts(Vec<Option<String>>),
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Boolean(flag)
    }
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

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        Self::Texts(texts.into_iter().map(Some).collect())
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

    /// Returns the columns.
    pub fn into_values(self) -> Vec<Value> {
        self.0.collect()
    }

    /// Returns the last column.
    pub fn last(&self) -> Option<&Value> {
        self.0.as_slice().last()
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

impl FromValue for Vec<String> {
    fn from_value(value: Value) -> Result<Self, StorageError> {
        match value {
            Value::Texts(texts) => texts
                .into_iter()
                .collect::<Option<_>>()
                .map_or_else(|| unexpected("a list without nulls"), Ok),
            _ => unexpected("a list of texts"),
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
        match value {
            Value::Boolean(flag) => Ok(flag),
            _ => unexpected("a truth value"),
        }
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

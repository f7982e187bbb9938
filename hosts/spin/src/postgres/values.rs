//! Values of Spin's client.

use auth_core::storage::StorageError;
use gatewright_storage_postgres::{Failure, Row, Value};

use super::bindings::{DbValue, ParameterValue};

/// Returns a parameter.
pub(super) fn parameter(value: Value) -> ParameterValue {
    match value {
        Value::Null => ParameterValue::DbNull,
        Value::Boolean(flag) => ParameterValue::Boolean(flag),
        Value::Integer(number) => ParameterValue::Int64(number),
        Value::Text(text) => ParameterValue::Str(text),
        Value::Integers(numbers) => ParameterValue::ArrayInt64(numbers),
        Value::Texts(texts) => ParameterValue::ArrayStr(texts),
    }
}

/// Returns a row.
pub(super) fn row(values: Vec<DbValue>) -> Result<Row, Failure> {
    let values = values.into_iter().map(column).collect::<Option<_>>();
    let unknown = "a column has a type that storage doesn't use";
    values
        .map(Row::new)
        .ok_or_else(|| Failure::Failed(StorageError::Invalid(unknown.to_owned())))
}

fn column(value: DbValue) -> Option<Value> {
    Some(match value {
        DbValue::DbNull => Value::Null,
        DbValue::Boolean(flag) => Value::Boolean(flag),
        DbValue::Int32(number) => Value::Integer(number.into()),
        DbValue::Int64(number) => Value::Integer(number),
        DbValue::Str(text) => Value::Text(text),
        DbValue::ArrayInt64(numbers) => Value::Integers(numbers),
        DbValue::ArrayStr(texts) => Value::Texts(texts),
        _ => return None,
    })
}

//! Values of `spin:postgres`, as far as storage needs them.

use std::error::Error;
use std::fmt;

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};

use crate::spin::bindings::postgres::{Column, DbDataType, DbValue, ParameterValue};

type Failure = Box<dyn Error + Sync + Send>;

/// A parameter. Its debug format leaves out the value, because the client logs parameters.
pub(super) struct Parameter(pub(super) ParameterValue);

impl fmt::Debug for Parameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

impl ToSql for Parameter {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match &self.0 {
            ParameterValue::DbNull => Ok(IsNull::Yes),
            ParameterValue::Boolean(flag) => flag.to_sql_checked(ty, out),
            ParameterValue::Int32(number) => number.to_sql_checked(ty, out),
            ParameterValue::Int64(number) => number.to_sql_checked(ty, out),
            ParameterValue::Str(text) => text.to_sql_checked(ty, out),
            ParameterValue::Binary(bytes) => bytes.to_sql_checked(ty, out),
            ParameterValue::ArrayInt32(numbers) => numbers.to_sql_checked(ty, out),
            ParameterValue::ArrayInt64(numbers) => numbers.to_sql_checked(ty, out),
            ParameterValue::ArrayStr(texts) => texts.to_sql_checked(ty, out),
            _ => Err("gatewright spin up does not support this type of parameter".into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        self.to_sql(ty, out)
    }
}

/// A value of a column.
struct Value(DbValue);

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        Ok(Self(match data_type(ty) {
            DbDataType::Boolean => DbValue::Boolean(bool::from_sql(ty, raw)?),
            DbDataType::Int32 => DbValue::Int32(i32::from_sql(ty, raw)?),
            DbDataType::Int64 => DbValue::Int64(i64::from_sql(ty, raw)?),
            DbDataType::Str => DbValue::Str(String::from_sql(ty, raw)?),
            DbDataType::Binary => DbValue::Binary(raw.to_vec()),
            DbDataType::ArrayInt32 => DbValue::ArrayInt32(Vec::from_sql(ty, raw)?),
            DbDataType::ArrayInt64 => DbValue::ArrayInt64(Vec::from_sql(ty, raw)?),
            DbDataType::ArrayStr => DbValue::ArrayStr(Vec::from_sql(ty, raw)?),
            _ => DbValue::Unsupported(raw.to_vec()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Self(DbValue::DbNull))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn data_type(ty: &Type) -> DbDataType {
    match *ty {
        Type::BOOL => DbDataType::Boolean,
        Type::INT4 => DbDataType::Int32,
        Type::INT8 => DbDataType::Int64,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => DbDataType::Str,
        Type::BYTEA => DbDataType::Binary,
        Type::INT4_ARRAY => DbDataType::ArrayInt32,
        Type::INT8_ARRAY => DbDataType::ArrayInt64,
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => DbDataType::ArrayStr,
        _ => DbDataType::Other(ty.name().to_owned()),
    }
}

/// Returns the columns of rows; like Spin, none if there is no row.
pub(super) fn columns(rows: &[Row]) -> Vec<Column> {
    let columns = rows.first().map(Row::columns).unwrap_or_default().iter();
    let column = |column: &tokio_postgres::Column| Column {
        name: column.name().to_owned(),
        data_type: data_type(column.type_()),
    };
    columns.map(column).collect()
}

/// Returns the values of a row.
pub(super) fn values(row: &Row) -> Result<Vec<DbValue>, tokio_postgres::Error> {
    let values = 0..row.len();
    values
        .map(|index| row.try_get::<_, Value>(index).map(|value| value.0))
        .collect()
}

//! Values in PostgreSQL's binary format.

use std::error::Error;
use std::fmt;

use bytes::BytesMut;
use gatewright_storage_postgres::Value;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

type Failure = Box<dyn Error + Sync + Send>;

/// A parameter. Its debug format leaves out the value, because the client logs parameters.
pub(crate) struct Parameter(pub(crate) Value);

impl fmt::Debug for Parameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

impl Parameter {
    /// Returns the type that a statement which isn't prepared declares.
    pub(crate) fn declared(&self) -> Type {
        match self.0 {
            Value::Null => Type::UNKNOWN,
            Value::Boolean(_) => Type::BOOL,
            Value::Integer(_) => Type::INT8,
            Value::Text(_) => Type::TEXT,
            Value::Integers(_) => Type::INT8_ARRAY,
            Value::Texts(_) => Type::TEXT_ARRAY,
        }
    }

    /// Whether a parameter of this type can have the value.
    pub(crate) fn fits(&self, ty: &Type) -> bool {
        match &self.0 {
            Value::Null => true,
            Value::Boolean(_) => *ty == Type::BOOL,
            Value::Integer(number) => {
                *ty == Type::INT8 || (*ty == Type::INT4 && i32::try_from(*number).is_ok())
            }
            Value::Text(_) => matches!(*ty, Type::TEXT | Type::VARCHAR),
            Value::Integers(_) => *ty == Type::INT8_ARRAY,
            Value::Texts(_) => *ty == Type::TEXT_ARRAY,
        }
    }
}

impl ToSql for Parameter {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match (&self.0, ty) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Boolean(flag), &Type::BOOL) => flag.to_sql(ty, out),
            (Value::Integer(number), &Type::INT8) => number.to_sql(ty, out),
            (Value::Integer(number), &Type::INT4) => i32::try_from(*number)?.to_sql(ty, out),
            (Value::Text(text), &Type::TEXT | &Type::VARCHAR) => text.to_sql(ty, out),
            (Value::Integers(numbers), &Type::INT8_ARRAY) => numbers.to_sql(ty, out),
            (Value::Texts(texts), &Type::TEXT_ARRAY) => texts.to_sql(ty, out),
            _ => Err(format!("a parameter can't be {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A column.
pub(crate) struct Column(pub(crate) Value);

impl<'a> FromSql<'a> for Column {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        Ok(Self(match *ty {
            Type::BOOL => Value::Boolean(bool::from_sql(ty, raw)?),
            Type::INT8 => Value::Integer(i64::from_sql(ty, raw)?),
            Type::INT4 => Value::Integer(i32::from_sql(ty, raw)?.into()),
            Type::TEXT | Type::VARCHAR => Value::Text(String::from_sql(ty, raw)?),
            Type::INT8_ARRAY => Value::Integers(Vec::from_sql(ty, raw)?),
            Type::TEXT_ARRAY => Value::Texts(Vec::from_sql(ty, raw)?),
            _ => return Err(format!("a column can't be {ty}").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

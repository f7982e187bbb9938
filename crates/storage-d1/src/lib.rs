//! The executor of [`gatewright_storage_sqlite`] on Cloudflare D1.

#![forbid(unsafe_code)]
#![cfg(target_family = "wasm")]

use std::fmt;

use gatewright_storage::StorageError;
use gatewright_storage_sqlite::{Executor, Row, Statement, Value, error_of_text};
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use wasm_bindgen::JsValue;
use worker::{D1Database, D1PreparedStatement, D1Result};

/// A D1 database.
pub struct D1(D1Database);

impl D1 {
    /// Creates an executor on the database of a binding.
    pub fn new(database: D1Database) -> Self {
        Self(database)
    }

    fn prepare(&self, statement: Statement) -> Result<D1PreparedStatement, StorageError> {
        let parameters: Vec<_> = statement
            .parameters
            .into_iter()
            .map(|value| match value {
                Value::Null => JsValue::NULL,
                // Integers are below 2^53, so none is rounded.
                Value::Integer(number) => JsValue::from_f64(number as f64),
                Value::Text(text) => JsValue::from_str(&text),
            })
            .collect();
        self.0
            .prepare(&*statement.sql)
            .bind(&parameters)
            .map_err(storage_error)
    }
}

impl Executor for D1 {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, StorageError> {
        rows(
            &self
                .prepare(statement)?
                .all()
                .await
                .map_err(storage_error)?,
        )
    }

    async fn execute(&self, statement: Statement) -> Result<Vec<Row>, StorageError> {
        self.query(statement).await
    }

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StorageError> {
        if statements.is_empty() {
            // D1 refuses an empty batch.
            return Ok(Vec::new());
        }
        let statements = statements
            .into_iter()
            .map(|statement| self.prepare(statement))
            .collect::<Result<_, _>>()?;
        let results = self.0.batch(statements).await.map_err(storage_error)?;
        results.iter().map(rows).collect()
    }
}

/// Returns the rows of a result. D1 returns each row as an object whose members are in the order of the columns.
fn rows(result: &D1Result) -> Result<Vec<Row>, StorageError> {
    let rows: Vec<Columns> = result.results().map_err(storage_error)?;
    Ok(rows
        .into_iter()
        .map(|Columns(values)| Row::new(values))
        .collect())
}

struct Columns(Vec<Value>);

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Columns;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a row")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Columns, A::Error> {
                let mut values = Vec::new();
                while let Some((IgnoredAny, Column(value))) = members.next_entry()? {
                    values.push(value);
                }
                Ok(Columns(values))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

struct Column(Value);

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = Column;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("text, an integer or null")
            }

            fn visit_unit<E: Error>(self) -> Result<Column, E> {
                Ok(Column(Value::Null))
            }

            fn visit_none<E: Error>(self) -> Result<Column, E> {
                self.visit_unit()
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Column, E> {
                Ok(Column(Value::Integer(number)))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Column, E> {
                if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
                    Ok(Column(Value::Integer(number as i64)))
                } else {
                    Err(E::custom(
                        "a column contains a number that is not an integer below 2^53",
                    ))
                }
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Column, E> {
                Ok(Column(Value::Text(text.to_owned())))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Column, E> {
                Ok(Column(Value::Text(text)))
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}

fn storage_error(error: worker::Error) -> StorageError {
    error_of_text(error.to_string())
}

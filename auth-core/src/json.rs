//! Reads JSON strictly: only an object is read as a struct.
//!
//! A `Deserialize` that serde derives for a struct also accepts a list of the values, in the order of the fields.
//! [`Objects`] refuses such a list, at any depth. Use it, [`from_str`] or [`from_slice`] for all input from outside.

use std::fmt;

use serde::de::{
    DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::{Deserialize, Deserializer};

/// Reads a value from text.
///
/// # Errors
/// The text is not JSON, or the value does not match the type.
pub fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> serde_json::Result<T> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Objects(&mut reader))?;
    reader.end()?;
    Ok(value)
}

/// Reads a value from bytes.
///
/// # Errors
/// The bytes are not JSON, or the value does not match the type.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> serde_json::Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = T::deserialize(Objects(&mut reader))?;
    reader.end()?;
    Ok(value)
}

/// A deserializer, or an access to parts of a value, that refuses a list instead of a struct. It passes everything else
/// through.
///
/// Enums that are derived as `untagged` or with a `tag`, and fields with `flatten`, read their content before they know
/// its type: don't derive `Deserialize` in these ways.
pub struct Objects<T>(pub T);

/// A visitor of the values that [`Objects`] reads. `STRUCT` is true if it expects a struct.
struct Within<V, const STRUCT: bool>(V);

/// Methods of [`Deserializer`] whose values have no parts.
macro_rules! simple {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method(visitor)
        }
    )+};
}

/// Methods of [`Deserializer`] whose values may have parts.
macro_rules! nested {
    ($($method:ident($($name:ident: $type:ty),*): $struct:literal;)+) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method($($name,)* Within::<_, $struct>(visitor))
        }
    )+};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Objects<D> {
    type Error = D::Error;

    simple! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_unit deserialize_identifier deserialize_ignored_any
    }

    nested! {
        deserialize_any(): false;
        deserialize_option(): false;
        deserialize_newtype_struct(name: &'static str): false;
        deserialize_seq(): false;
        deserialize_tuple(len: usize): false;
        deserialize_tuple_struct(name: &'static str, len: usize): false;
        deserialize_map(): false;
        deserialize_struct(name: &'static str, fields: &'static [&'static str]): true;
        deserialize_enum(name: &'static str, variants: &'static [&'static str]): false;
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// Methods of [`Visitor`] whose values have no parts.
macro_rules! plain {
    ($($method:ident: $type:ty;)+) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.0.$method(value)
        }
    )+};
}

impl<'de, V: Visitor<'de>, const STRUCT: bool> Visitor<'de> for Within<V, STRUCT> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(formatter)
    }

    plain! {
        visit_bool: bool;
        visit_i8: i8;
        visit_i16: i16;
        visit_i32: i32;
        visit_i64: i64;
        visit_i128: i128;
        visit_u8: u8;
        visit_u16: u16;
        visit_u32: u32;
        visit_u64: u64;
        visit_u128: u128;
        visit_f32: f32;
        visit_f64: f64;
        visit_char: char;
        visit_str: &str;
        visit_borrowed_str: &'de str;
        visit_string: String;
        visit_bytes: &[u8];
        visit_borrowed_bytes: &'de [u8];
        visit_byte_buf: Vec<u8>;
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Objects(value))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Objects(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        if STRUCT {
            return Err(Error::invalid_type(Unexpected::Seq, &self));
        }
        self.0.visit_seq(Objects(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Objects(object))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(Objects(variant))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Objects<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Objects(value))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Objects(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Objects(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Objects<A> {
    type Error = A::Error;
    type Variant = Objects<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (name, variant) = self.0.variant_seed(seed)?;
        Ok((name, Objects(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Objects(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, Within::<_, false>(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, Within::<_, true>(visitor))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::value::RawValue;
    use serde_json::{Map, Value, json};

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Point {
        x: u8,
        #[serde(default)]
        y: Option<i64>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Wrapped(Point);

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Shape {
        Empty,
        Dot(Point),
        Line(Point, Point),
        Circle { centre: Point, radius: u8 },
    }

    /// Reads a value with and without [`Objects`].
    fn both<'de, T: Deserialize<'de>>(text: &'de str) -> (Option<T>, Option<T>) {
        (from_str(text).ok(), serde_json::from_str(text).ok())
    }

    #[test]
    fn a_list_is_no_struct_at_any_depth() {
        fn refused<'de, T: Deserialize<'de>>(text: &'de str) {
            let (here, plain) = both::<T>(text);
            assert!(here.is_none() && plain.is_some(), "{text}");
            assert!(from_slice::<T>(text.as_bytes()).is_err(), "{text}");
        }
        refused::<Point>("[1,2]");
        refused::<Point>("[1,null]");
        refused::<Wrapped>("[1,2]");
        refused::<Box<Point>>("[1,2]");
        refused::<Option<Point>>("[1,2]");
        refused::<Vec<Point>>(r#"[{"x":1},[1,2]]"#);
        refused::<[Point; 1]>("[[1,2]]");
        refused::<(u8, Point)>("[1,[1,2]]");
        refused::<BTreeMap<String, Point>>(r#"{"a":[1,2]}"#);
        refused::<BTreeMap<String, Vec<Option<Wrapped>>>>(r#"{"a":[null,[1,2]]}"#);
        refused::<Shape>(r#"{"dot":[1,2]}"#);
        refused::<Shape>(r#"{"line":[{"x":1},[1,2]]}"#);
        refused::<Shape>(r#"{"circle":[{"x":1},2]}"#);
        refused::<Shape>(r#"{"circle":{"centre":[1,2],"radius":2}}"#);
    }

    #[test]
    fn everything_else_is_read_as_before() {
        fn same<'de, T: Deserialize<'de> + PartialEq + fmt::Debug>(text: &'de str) {
            let (here, plain) = both::<T>(text);
            assert!(plain.is_some(), "{text}");
            assert_eq!(here, plain, "{text}");
        }
        same::<Point>(r#" {"x":1,"y":-2,"other":[1]} "#);
        same::<Vec<Option<Wrapped>>>(r#"[{"x":1},null]"#);
        same::<(u8, String, [f64; 2])>(r#"[1,"a",[1.5,2]]"#);
        same::<Shape>(r#""empty""#);
        same::<Shape>(r#"{"dot":{"x":1}}"#);
        same::<Shape>(r#"{"line":[{"x":1},{"x":2}]}"#);
        same::<Shape>(r#"{"circle":{"centre":{"x":1},"radius":2}}"#);
        same::<()>("null");
        same::<(u128, i128, char, bool)>(r#"[1,-1,"c",true]"#);
        same::<Map<String, Value>>(r#"{"a":[1,{"b":[]}]}"#);
        same::<Cow<'_, str>>(r#""\u0061""#);
        assert_eq!(from_str::<&str>(r#""borrowed""#).unwrap(), "borrowed");
        let kept: Vec<&RawValue> = from_str(r#"[ [1, 2],{"x": 1}]"#).unwrap();
        assert_eq!([kept[0].get(), kept[1].get()], ["[1, 2]", r#"{"x": 1}"#]);
        for trailing in ["1 2", "1,", "{}{}", ""] {
            assert!(from_str::<Value>(trailing).is_err(), "{trailing}");
            assert!(from_slice::<Value>(trailing.as_bytes()).is_err());
        }
    }

    #[test]
    fn the_error_says_what_was_found() {
        let error = from_str::<Vec<Point>>("[[1,2]]").unwrap_err();
        assert!(error.is_data(), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("sequence") && text.contains("struct Point"),
            "{text}"
        );
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f32>().prop_map(|number| json!(number)),
            ".{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Values without a struct are read the same with and without [`Objects`].
        #[test]
        fn values_pass_through(value in any_json()) {
            let text = value.to_string();
            prop_assert_eq!(from_str::<Value>(&text).unwrap(), serde_json::from_str::<Value>(&text).unwrap());
            prop_assert_eq!(from_slice::<Value>(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(&text).unwrap());
        }

        /// Only an object is read as a struct.
        #[test]
        fn only_objects_are_structs(value in any_json()) {
            let text = value.to_string();
            if !value.is_object() {
                prop_assert!(from_str::<Point>(&text).is_err());
            }
        }
    }
}

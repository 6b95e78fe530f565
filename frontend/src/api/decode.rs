//! From an answer's JSON to the types of an operation.
//!
//! `serde_json::from_value` accepts each struct also as a list of its fields and each name also as bytes or a number, and
//! the module would carry the code for that for every struct of every operation: a seventh of what a first visit transfers.
//! An answer has objects with named fields; this takes those and nothing else.

use std::fmt::Display;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer as _, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value, map};

/// What is wrong with an answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable(String);

impl Display for Unreadable {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

impl Error for Unreadable {
    fn custom<T: Display>(what: T) -> Self {
        Self(what.to_string())
    }
}

/// Reads an answer.
///
/// # Errors
/// What does not fit, in the words of `serde`.
pub fn decode<T: DeserializeOwned>(answer: &Value) -> Result<T, Unreadable> {
    T::deserialize(Answer(answer))
}

#[derive(Clone, Copy)]
struct Answer<'a>(&'a Value);

impl Answer<'_> {
    fn not(self, wanted: &str) -> Unreadable {
        let found = match self.0 {
            Value::Null => "nothing",
            Value::Bool(_) => "yes or no",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        Unreadable(format!("{found} where {wanted} should be"))
    }
}

macro_rules! whole_numbers {
    ($($method:ident)*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
            visitor.visit_i64(self.0.as_i64().ok_or_else(|| self.not("a whole number"))?)
        }
    )* };
}

macro_rules! numbers {
    ($($method:ident)*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
            visitor.visit_f64(self.0.as_f64().ok_or_else(|| self.not("a number"))?)
        }
    )* };
}

macro_rules! texts {
    ($($method:ident)*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
            visitor.visit_str(self.0.as_str().ok_or_else(|| self.not("a text"))?)
        }
    )* };
}

impl<'de> Deserializer<'de> for Answer<'de> {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(it) => visitor.visit_bool(*it),
            Value::Number(it) => match (it.as_i64(), it.as_u64()) {
                (Some(it), _) => visitor.visit_i64(it),
                (None, Some(it)) => visitor.visit_u64(it),
                (None, None) => visitor.visit_f64(it.as_f64().unwrap_or_default()),
            },
            Value::String(it) => visitor.visit_borrowed_str(it),
            Value::Array(items) => visitor.visit_seq(Items(items.iter())),
            Value::Object(fields) => visitor.visit_map(Fields::of(fields)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_bool(self.0.as_bool().ok_or_else(|| self.not("yes or no"))?)
    }

    whole_numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }
    numbers! { deserialize_f32 deserialize_f64 }
    texts! { deserialize_str deserialize_string deserialize_identifier }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_seq(Items(self.0.as_array().ok_or_else(|| self.not("a list"))?.iter()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_map(Fields::of(self.0.as_object().ok_or_else(|| self.not("an object"))?))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_enum(Word(self.0.as_str().ok_or_else(|| self.not("a word"))?))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct }
}

struct Items<'a>(std::slice::Iter<'a, Value>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unreadable> {
        self.0.next().map(|item| seed.deserialize(Answer(item))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Fields<'a> {
    rest: map::Iter<'a>,
    value: &'a Value,
}

impl<'a> Fields<'a> {
    fn of(fields: &'a Map<String, Value>) -> Self {
        Self { rest: fields.iter(), value: &Value::Null }
    }
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unreadable> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.value = value;
        let name: StrDeserializer<'_, Unreadable> = name.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unreadable> {
        seed.deserialize(Answer(self.value))
    }
}

/// A word of the schema's enumerations.
struct Word<'a>(&'a str);

impl<'de> EnumAccess<'de> for Word<'de> {
    type Error = Unreadable;
    type Variant = Bare;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Bare), Unreadable> {
        Ok((seed.deserialize(BorrowedStrDeserializer::new(self.0))?, Bare))
    }
}

/// An enumeration's word carries nothing.
struct Bare;

impl<'de> VariantAccess<'de> for Bare {
    type Error = Unreadable;

    fn unit_variant(self) -> Result<(), Unreadable> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _seed: T) -> Result<T::Value, Unreadable> {
        Err(Unreadable("a word where more should be".to_owned()))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, Unreadable> {
        Err(Unreadable("a word where more should be".to_owned()))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Unreadable> {
        Err(Unreadable("a word where more should be".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::decode;
    use crate::graphql::types::{CartStatus, Json, Time};

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Row {
        id: String,
        status: CartStatus,
        item_count: i64,
        share: Option<f64>,
        at: Option<Time>,
        tags: Vec<String>,
        values: Json,
        #[serde(default)]
        done: bool,
    }

    #[test]
    fn an_answer_is_read_as_serde_json_would() {
        let answer = json!({
            "id": "cart_1", "status": "ABANDONED", "itemCount": 3, "share": 0.25, "at": "2026-03-01T12:00:00Z",
            "tags": ["a", "b"], "values": { "node": "wait", "n": [1, -2, 1.5, null, true] }, "done": true, "more": { "x": [] },
        });
        let row: Row = decode(&answer).unwrap();
        assert_eq!(row, serde_json::from_value(answer).unwrap());
        assert_eq!((row.status, row.values["n"][1].as_i64()), (CartStatus::Abandoned, Some(-2)));
    }

    #[test]
    fn what_is_null_or_absent_is_none() {
        let answer = json!({ "id": "", "status": "ACTIVE", "itemCount": 0, "share": null, "tags": [], "values": null });
        let row: Row = decode(&answer).unwrap();
        assert_eq!((row.share, row.at, row.values), (None, None, Json::Null));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let whole = json!({ "id": "1", "status": "ACTIVE", "itemCount": 1, "tags": [], "values": 1 });
        let wrong = [
            ("id", json!(1), "a number where a text should be"),
            ("status", json!("GONE"), "unknown variant `GONE`"),
            ("itemCount", json!(1.5), "a number where a whole number should be"),
            ("tags", json!({}), "an object where a list should be"),
            ("at", json!("yesterday"), "no time: yesterday"),
        ];
        for (field, value, told) in wrong {
            let mut answer = whole.clone();
            answer[field] = value;
            let said = decode::<Row>(&answer).unwrap_err().to_string();
            assert!(said.contains(told), "{field}: {said}");
        }
        let said = decode::<Row>(&json!({ "id": "1" })).unwrap_err().to_string();
        assert!(said.contains("missing field"), "{said}");
        assert!(decode::<Row>(&json!(["1", "ACTIVE"])).is_err(), "a list is no object");
    }
}

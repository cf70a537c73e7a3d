//! Reads a TOML value into a struct and finds the keys the struct does not know.

use std::cell::RefCell;
use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use toml::{Table, Value};

/// What is wrong with one key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No such key.
    #[error("unknown key `{key}`; {}", hint(.nearest.as_deref(), .known))]
    Unknown {
        /// The key with all that it lies in.
        key: String,
        /// The key that was probably meant.
        nearest: Option<String>,
        /// The keys that exist there.
        known: Vec<&'static str>,
    },
    /// A key that must be there is not.
    #[error("missing key `{0}`")]
    Missing(String),
    /// Its value has the wrong shape.
    #[error("`{key}`: {problem}")]
    Value {
        /// The key with all that it lies in.
        key: String,
        /// What is wrong with the value.
        problem: String,
    },
}

fn hint(nearest: Option<&str>, known: &[&str]) -> String {
    match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("known here are {}", known.join(", ")),
    }
}

/// Reads the value; all unknown keys are told together.
pub(super) fn read<T: DeserializeOwned>(value: Value) -> Result<T, Vec<KeyError>> {
    let unknown = RefCell::new(Vec::new());
    let result = T::deserialize(Reader { value, key: String::new(), unknown: &unknown });
    let unknown = unknown.into_inner();
    match result {
        Ok(read) if unknown.is_empty() => Ok(read),
        Ok(_) => Err(unknown),
        // a misspelt key also makes the right one missing: the misspelling says more
        Err(Problem(KeyError::Missing(_))) if !unknown.is_empty() => Err(unknown),
        Err(Problem(error)) => Err(unknown.into_iter().chain([error]).collect()),
    }
}

/// An error on its way up; it gets its key where it passes the value it is about.
#[derive(Debug)]
struct Problem(KeyError);

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::error::Error for Problem {}

impl serde::de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(KeyError::Value { key: String::new(), problem: message.to_string() })
    }

    fn missing_field(field: &'static str) -> Self {
        Self(KeyError::Missing(field.to_owned()))
    }
}

impl Problem {
    fn at(self, key: &str) -> Self {
        match self.0 {
            KeyError::Value { key: known, problem } if known.is_empty() => {
                Self(KeyError::Value { key: key.to_owned(), problem })
            }
            KeyError::Missing(field) if !field.contains('.') && !key.is_empty() => {
                Self(KeyError::Missing(format!("{key}.{field}")))
            }
            other => Self(other),
        }
    }
}

/// A value, where it stands, and where unknown keys are gathered.
struct Reader<'a> {
    value: Value,
    key: String,
    unknown: &'a RefCell<Vec<KeyError>>,
}

impl<'a> Reader<'a> {
    fn child(&self, value: Value, name: &str) -> Self {
        let key = if self.key.is_empty() { name.to_owned() } else { format!("{}.{name}", self.key) };
        Self { value, key, unknown: self.unknown }
    }

    fn note_unknown(&self, fields: &'static [&'static str]) {
        let Value::Table(table) = &self.value else { return };
        for name in table.keys().filter(|name| !fields.contains(&name.as_str())) {
            let key = self.child(Value::Boolean(false), name).key;
            let nearest = nearest(name, fields).map(str::to_owned);
            self.unknown.borrow_mut().push(KeyError::Unknown { key, nearest, known: fields.to_vec() });
        }
    }

    fn table<'de, V: Visitor<'de>>(self, table: Table, visitor: V) -> Result<V::Value, Problem> {
        let entries =
            table.into_iter().map(|(name, value)| (self.child(value, &name), name)).collect::<Vec<_>>();
        visitor.visit_map(Entries { entries: entries.into_iter(), value: None })
    }

    fn list<'de, V: Visitor<'de>>(self, list: Vec<Value>, visitor: V) -> Result<V::Value, Problem> {
        let element =
            |(index, value)| Reader { value, key: format!("{}[{index}]", self.key), unknown: self.unknown };
        let elements: Vec<Reader<'_>> = list.into_iter().enumerate().map(element).collect();
        visitor.visit_seq(Elements(elements.into_iter()))
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Problem> {
        let key = self.key.clone();
        let result = match std::mem::replace(&mut self.value, Value::Boolean(false)) {
            Value::String(text) => visitor.visit_string(text),
            Value::Integer(number) => visitor.visit_i64(number),
            Value::Float(number) => visitor.visit_f64(number),
            Value::Boolean(truth) => visitor.visit_bool(truth),
            Value::Datetime(moment) => visitor.visit_string(moment.to_string()),
            Value::Array(list) => self.list(list, visitor),
            Value::Table(table) => self.table(table, visitor),
        };
        result.map_err(|problem| problem.at(&key))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.note_unknown(fields);
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let key = self.key.clone();
        visitor.visit_newtype_struct(self).map_err(|problem| problem.at(&key))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let key = self.key.clone();
        let result = match std::mem::replace(&mut self.value, Value::Boolean(false)) {
            Value::String(name) => visitor.visit_enum(name.into_deserializer()),
            Value::Table(table) if table.len() == 1 => {
                let variant = table.into_iter().next().map(|(name, value)| (self.child(value, &name), name));
                visitor.visit_enum(Variant(variant))
            }
            _ => Err(Problem::custom("expected a name, or a table with one name")),
        };
        result.map_err(|problem| problem.at(&key))
    }

    /// A text may be read into anything that parses texts; keep its key with the error.
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

struct Entries<'a> {
    entries: std::vec::IntoIter<(Reader<'a>, String)>,
    value: Option<Reader<'a>>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        let Some((value, name)) = self.entries.next() else { return Ok(None) };
        self.value = Some(value);
        let name: StringDeserializer<Problem> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        let value = self.value.take().ok_or_else(|| Problem::custom("a value without its key"))?;
        let key = value.key.clone();
        seed.deserialize(value).map_err(|problem| problem.at(&key))
    }
}

struct Elements<'a>(std::vec::IntoIter<Reader<'a>>);

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        let Some(element) = self.0.next() else { return Ok(None) };
        let key = element.key.clone();
        seed.deserialize(element).map(Some).map_err(|problem| problem.at(&key))
    }
}

/// `{ name = … }` as a variant of an enum.
struct Variant<'a>(Option<(Reader<'a>, String)>);

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Problem;
    type Variant = Reader<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Reader<'a>), Problem> {
        let (value, name) = self.0.ok_or_else(|| Problem::custom("a table without a name"))?;
        let name: StringDeserializer<Problem> = name.into_deserializer();
        Ok((seed.deserialize(name)?, value))
    }
}

impl<'de> VariantAccess<'de> for Reader<'_> {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        Err(Problem::invalid_type(Unexpected::Map, &"a name alone"))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Problem> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.note_unknown(fields);
        self.deserialize_any(visitor)
    }
}

/// The known key that is spelt most alike, if any is near.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let allowed = (name.chars().count() / 3).max(1) + 1;
    let near = known.iter().map(|key| (distance(name, key), *key));
    near.filter(|(distance, _)| *distance <= allowed).min().map(|(_, key)| key)
}

/// How many letters to add, drop or change to make one text of the other (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(row.first_mut().unwrap_or(&mut 0), index + 1);
        let mut before = index + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(right.chars()) {
            let changed = diagonal + usize::from(letter != other);
            diagonal = *cell;
            *cell = changed.min(diagonal + 1).min(before + 1);
            before = *cell;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (left, right, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "ab", 2),
            ("prot", "port", 2),
            ("kitten", "sitting", 3),
            ("same", "same", 0),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }
}

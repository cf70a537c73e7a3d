//! JSON whose objects keep their order, written the way the recordings' own player writes it.
//!
//! Order matters here and nowhere else: generated ids are numbered in the order in which an answer
//! mentions them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Json {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number without fraction.
    Int(i128),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Self>),
    /// An object.
    Object(Object),
}

/// The members of a JSON object in their order; names are unique.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(Vec<(String, Json)>);

/// How JSON is written.
#[derive(Clone, Copy, Debug)]
pub enum Style {
    /// `{"a": 1, "b": 2}`
    Spaced,
    /// `{"a":1,"b":2}`
    Compact,
    /// Spaced, the members of every object by name.
    Sorted,
}

impl Json {
    /// Reads JSON.
    ///
    /// # Errors
    /// When the bytes are not one JSON value.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The member `name`, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// The members, if this is an object.
    pub const fn as_object(&self) -> Option<&Object> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// False for what counts as nothing: null, false, zero, and whatever is empty.
    pub fn is_something(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Object(object) => !object.0.is_empty(),
        }
    }

    /// The value as it stands inside a longer text.
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Null => "None".to_owned(),
            other => other.write(Style::Spaced),
        }
    }

    /// The value as a query or form parameter.
    pub fn to_parameter(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Null => String::new(),
            other => other.to_text(),
        }
    }

    /// The value as JSON text, in ASCII.
    pub fn write(&self, style: Style) -> String {
        let mut out = String::new();
        self.write_to(&mut out, style);
        out
    }

    fn write_to(&self, out: &mut String, style: Style) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Int(value) => out.push_str(&value.to_string()),
            Self::Float(value) => out.push_str(&format!("{value:?}")),
            Self::Text(text) => write_text(text, out),
            Self::List(items) => {
                out.push('[');
                for (position, item) in items.iter().enumerate() {
                    separate(out, position, style);
                    item.write_to(out, style);
                }
                out.push(']');
            }
            Self::Object(object) => object.write_to(out, style),
        }
    }
}

impl Object {
    /// The member `name`.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Sets a member; one that exists keeps its place.
    pub fn set(&mut self, name: impl Into<String>, value: Json) {
        let name = name.into();
        match self.0.iter_mut().find(|(key, _)| *key == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// The members in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The number of members.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no member.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn write_to(&self, out: &mut String, style: Style) {
        let mut members: Vec<_> = self.0.iter().collect();
        if matches!(style, Style::Sorted) {
            members.sort_by(|a, b| a.0.cmp(&b.0));
        }
        out.push('{');
        for (position, (key, value)) in members.into_iter().enumerate() {
            separate(out, position, style);
            write_text(key, out);
            out.push_str(if matches!(style, Style::Compact) { ":" } else { ": " });
            value.write_to(out, style);
        }
        out.push('}');
    }
}

impl<K: Into<String>> FromIterator<(K, Json)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, Json)>>(members: I) -> Self {
        let mut object = Self::default();
        for (key, value) in members {
            object.set(key, value);
        }
        object
    }
}

impl<K: Into<String>, const N: usize> From<[(K, Self); N]> for Json {
    fn from(members: [(K, Self); N]) -> Self {
        Self::Object(members.into_iter().collect())
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Int(value.into())
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Vec<Self>> for Json {
    fn from(items: Vec<Self>) -> Self {
        Self::List(items)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write(Style::Spaced))
    }
}

fn separate(out: &mut String, position: usize, style: Style) {
    if position > 0 {
        out.push_str(if matches!(style, Style::Compact) { "," } else { ", " });
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Json::deserialize(deserializer)? {
            Json::Object(object) => Ok(object),
            _ => Err(D::Error::custom("expected an object")),
        }
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_none<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        Json::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Int(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Object::default();
        while let Some((key, value)) = members.next_entry::<String, Json>()? {
            object.set(key, value);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_keep_their_order_and_the_last_of_equal_names() {
        let value = Json::parse(br#"{"b": 1, "a": [true, null, 1.5], "b": 18446744073709551615}"#).unwrap();
        assert_eq!(value.write(Style::Spaced), r#"{"b": 18446744073709551615, "a": [true, null, 1.5]}"#);
        assert_eq!(value.write(Style::Sorted), r#"{"a": [true, null, 1.5], "b": 18446744073709551615}"#);
        assert_eq!(value.write(Style::Compact), r#"{"b":18446744073709551615,"a":[true,null,1.5]}"#);
    }

    #[test]
    fn text_is_written_in_ascii() {
        let value = Json::from("q\"\\\n\u{1}\u{7f}é😀");
        assert_eq!(value.write(Style::Spaced), r#""q\"\\\n\u0001\u007f\u00e9\ud83d\ude00""#);
        assert_eq!(Json::parse(value.write(Style::Spaced).as_bytes()).unwrap(), value);
    }
}

//! What a line of a contract struct means: reading, writing and checking a field.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::SerializeMap;
use serde_json::value::RawValue;

use super::loose::Loose;
use crate::Timestamp;
use crate::names::Grammar;

/// Whether a field must be there, and whether an empty one is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Always written (null when absent); a request without it is refused.
    Required,
    /// Written when neither absent nor empty.
    Optional,
    /// Written when not absent (`x_allowempty` of the contract).
    MayBeEmpty,
}

/// An arbitrary JSON object, kept as the text it came in so that no digit of a number is lost.
pub type Struct = Box<RawValue>;

/// A request that does not fit the contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A required field is absent.
    #[error("Missing required field: {field} for type {of} in data")]
    Missing {
        /// JSON name of the field.
        field: &'static str,
        /// The struct it belongs to.
        of: &'static str,
    },
    /// A text does not match the grammar of its type.
    #[error("String pattern mismatch (expected \"{expression}\")  for type {of} in data.{field}")]
    Pattern {
        /// The grammar as a regular expression.
        expression: &'static str,
        /// JSON name of the field.
        field: &'static str,
        /// The struct it belongs to.
        of: &'static str,
    },
    /// A list holds a null.
    #[error("Missing element in list {field} for type {of} in data")]
    NullElement {
        /// JSON name of the field.
        field: &'static str,
        /// The struct it belongs to.
        of: &'static str,
    },
}

/// A struct of the contract.
pub trait Wire: Sized + Default {
    /// Name of the type in the contract.
    const NAME: &'static str;

    /// JSON names of the fields with their presence, in the order of the contract.
    const FIELDS: &'static [(&'static str, Presence)];

    /// Checks a request against the contract and fills in defaults, in nested structs too.
    ///
    /// # Errors
    /// The first field that is missing or does not match its grammar.
    fn check(&mut self) -> Result<(), Violation>;
}

/// A value that can stand in a field.
pub trait Field: Sized {
    /// Whether an optional field with this value is left out.
    fn is_empty(&self) -> bool;

    /// Checks the value against the grammar of its type.
    ///
    /// # Errors
    /// The text, or a text within it, does not match.
    fn check_field(
        &mut self,
        grammar: Grammar,
        field: &'static str,
        of: &'static str,
    ) -> Result<(), Violation>;
}

macro_rules! scalar_fields {
    ($($ty:ty),*) => {$(
        impl Field for $ty {
            fn is_empty(&self) -> bool {
                false
            }
            fn check_field(&mut self, _: Grammar, _: &'static str, _: &'static str) -> Result<(), Violation> {
                Ok(())
            }
        }
    )*};
}

scalar_fields!(i32, i64, bool, Timestamp, Struct);

impl Field for String {
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }

    fn check_field(
        &mut self,
        grammar: Grammar,
        field: &'static str,
        of: &'static str,
    ) -> Result<(), Violation> {
        if grammar.matches(self) {
            Ok(())
        } else {
            Err(Violation::Pattern { expression: grammar.expression(), field, of })
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }

    fn check_field(
        &mut self,
        grammar: Grammar,
        field: &'static str,
        of: &'static str,
    ) -> Result<(), Violation> {
        self.iter_mut().try_for_each(|element| element.check_field(grammar, field, of))
    }
}

impl<T: Field> Field for Option<T> {
    fn is_empty(&self) -> bool {
        self.as_ref().is_none_or(Field::is_empty)
    }

    fn check_field(
        &mut self,
        grammar: Grammar,
        field: &'static str,
        of: &'static str,
    ) -> Result<(), Violation> {
        match self {
            Some(value) => value.check_field(grammar, field, of),
            None => Err(Violation::NullElement { field, of }),
        }
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }

    /// `grammar` is that of the keys.
    fn check_field(
        &mut self,
        grammar: Grammar,
        field: &'static str,
        of: &'static str,
    ) -> Result<(), Violation> {
        for (key, value) in self {
            if !grammar.matches(key) {
                return Err(Violation::Pattern { expression: grammar.expression(), field, of });
            }
            value.check_field(Grammar::Any, field, of)?;
        }
        Ok(())
    }
}

/// Checks one field: presence, default, grammar.
pub(super) fn check<T: Field>(
    value: &mut Option<T>,
    presence: Presence,
    default: Option<T>,
    grammar: Grammar,
    field: &'static str,
    of: &'static str,
) -> Result<(), Violation> {
    if value.is_none() {
        *value = default;
    }
    match value {
        Some(value) => value.check_field(grammar, field, of),
        None if presence == Presence::Required => Err(Violation::Missing { field, of }),
        None => Ok(()),
    }
}

/// Writes one field, or leaves it out.
pub(super) fn write<M: SerializeMap, T: Field + Serialize>(
    map: &mut M,
    name: &'static str,
    value: &Option<T>,
    presence: Presence,
) -> Result<(), M::Error> {
    match (value, presence) {
        (Some(value), Presence::Optional) if value.is_empty() => Ok(()),
        (Some(value), _) => map.serialize_entry(name, value),
        (None, Presence::Required) => map.serialize_entry(name, &None::<bool>),
        (None, _) => Ok(()),
    }
}

/// Reads one field loosely.
pub(super) fn read<'de, A: serde::de::MapAccess<'de>, T: Loose<'de>>(
    map: &mut A,
) -> Result<Option<T>, A::Error> {
    map.next_value_seed(super::loose::Seed::default())
}

/// Declares structs of the contract; see the module documentation of [`super`].
macro_rules! wire {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $ty:ty = $json:literal, $presence:ident, $grammar:ident, $default:expr;)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default)]
        #[allow(missing_docs, reason = "the fields are those of the contract, with their names")]
        pub struct $name { $(pub $field: Option<$ty>,)* }

        impl $crate::wire::Wire for $name {
            const NAME: &'static str = stringify!($name);
            const FIELDS: &'static [(&'static str, $crate::wire::Presence)] =
                &[$(($json, $crate::wire::Presence::$presence)),*];

            fn check(&mut self) -> Result<(), $crate::wire::Violation> {
                $($crate::wire::fields::check(
                    &mut self.$field, $crate::wire::Presence::$presence, $default,
                    $crate::names::Grammar::$grammar, $json, stringify!($name),
                )?;)*
                Ok(())
            }
        }

        impl $crate::wire::fields::Field for $name {
            fn is_empty(&self) -> bool {
                false
            }
            fn check_field(&mut self, _: $crate::names::Grammar, _: &'static str, _: &'static str) -> Result<(), $crate::wire::Violation> {
                $crate::wire::Wire::check(self)
            }
        }

        impl serde::Serialize for $name {
            #[allow(unused_mut, reason = "some structs have no fields")]
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                $($crate::wire::fields::write(&mut map, $json, &self.$field, $crate::wire::Presence::$presence)?;)*
                serde::ser::SerializeMap::end(map)
            }
        }

        impl<'de> $crate::wire::loose::Loose<'de> for $name {
            const EXPECTING: &'static str = concat!("a ", stringify!($name), " object");

            #[allow(unused_mut, reason = "some structs have no fields")]
            fn from_map<A: serde::de::MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
                let mut read = Self::default();
                while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    match key.as_ref() {
                        $($json => read.$field = $crate::wire::fields::read(&mut map)?,)*
                        _ => { map.next_value::<serde::de::IgnoredAny>()?; }
                    }
                }
                Ok(Some(read))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::wire::loose::required(deserializer)
            }
        }
    )*};
}

/// Declares enums of the contract: exact names, nothing else.
macro_rules! wire_enum {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $json:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[allow(missing_docs, reason = "the variants are those of the contract, with their names")]
        pub enum $name { $(#[serde(rename = $json)] $variant,)* }

        impl $name {
            /// The symbol of the contract.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $json,)* }
            }
        }

        impl $crate::wire::fields::Field for $name {
            fn is_empty(&self) -> bool {
                false
            }
            fn check_field(&mut self, _: $crate::names::Grammar, _: &'static str, _: &'static str) -> Result<(), $crate::wire::Violation> {
                Ok(())
            }
        }

        impl<'de> $crate::wire::loose::Loose<'de> for $name {
            const EXPECTING: &'static str = concat!("a symbol of ", stringify!($name));

            fn from_text<E: serde::de::Error>(text: &str) -> Result<Option<Self>, E> {
                match text {
                    $($json => Ok(Some(Self::$variant)),)*
                    _ => Err(E::custom(Self::EXPECTING)),
                }
            }
        }
    )*};
}

pub(super) use {wire, wire_enum};

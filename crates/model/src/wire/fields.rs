//! What a line of a contract struct means: reading, writing and checking a field.

use std::collections::BTreeMap;
use std::fmt;

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
    #[error("Missing required field: {field} for type {of} in {at}")]
    Missing {
        /// JSON name of the field.
        field: &'static str,
        /// The struct it belongs to.
        of: &'static str,
        /// Where that struct stands, from `data` on.
        at: String,
    },
    /// A text does not match the grammar of its type.
    #[error("String pattern mismatch (expected \"{expression}\")  for type {of} in {at}")]
    Pattern {
        /// The grammar as a regular expression.
        expression: &'static str,
        /// The type of the text.
        of: &'static str,
        /// Where the text stands, from `data` on.
        at: String,
    },
    /// A list holds a null.
    #[error("Not a valid {of}, null in {at}")]
    NullElement {
        /// The type of the elements.
        of: &'static str,
        /// Where the element stands, from `data` on.
        at: String,
    },
}

/// Where a value stands in a request. As in Athenz, elements of lists and maps stand in what holds
/// the list: `data[0].memberName`.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    holder: Option<&'a Self>,
    step: Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Request,
    Field(&'static str),
    Element(usize),
    Key,
}

impl Place<'_> {
    /// The request itself.
    pub const REQUEST: Self = Self { holder: None, step: Step::Request };

    /// A field of the struct that stands here.
    pub(super) const fn field(&self, name: &'static str) -> Place<'_> {
        Place { holder: Some(self), step: Step::Field(name) }
    }

    /// Within the list or map that stands here; the name of a field that holds one is not told.
    fn within(&self, step: Step) -> Place<'_> {
        let holder = match self.step {
            Step::Field(_) => self.holder,
            _ => Some(self),
        };
        Place { holder, step }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(holder) = self.holder {
            write!(out, "{holder}")?;
        }
        match self.step {
            Step::Request => out.write_str("data"),
            Step::Field(name) => write!(out, ".{name}"),
            Step::Element(index) => write!(out, "[{index}]"),
            Step::Key => out.write_str("[key]value"),
        }
    }
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
    fn check(&mut self) -> Result<(), Violation> {
        self.check_at(&Place::REQUEST)
    }

    /// The same for a struct that stands somewhere in a request.
    ///
    /// # Errors
    /// The first field that is missing or does not match its grammar.
    fn check_at(&mut self, at: &Place<'_>) -> Result<(), Violation>;
}

/// A value that can stand in a field.
pub trait Field: Sized {
    /// Whether an optional field with this value is left out.
    fn is_empty(&self) -> bool;

    /// Checks the value against the grammar of its type `of`.
    ///
    /// # Errors
    /// The text, or a text within it, does not match.
    fn check_field(&mut self, grammar: Grammar, of: &'static str, at: &Place<'_>) -> Result<(), Violation>;
}

macro_rules! scalar_fields {
    ($($ty:ty),*) => {$(
        impl Field for $ty {
            fn is_empty(&self) -> bool {
                false
            }
            fn check_field(&mut self, _: Grammar, _: &'static str, _: &Place<'_>) -> Result<(), Violation> {
                Ok(())
            }
        }
    )*};
}

scalar_fields!(i32, i64, bool, Timestamp, Struct);

fn check_text(text: &str, grammar: Grammar, of: &'static str, at: &Place<'_>) -> Result<(), Violation> {
    if grammar.matches(text) {
        return Ok(());
    }
    Err(Violation::Pattern { expression: grammar.expression(), of, at: at.to_string() })
}

impl Field for String {
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }

    fn check_field(&mut self, grammar: Grammar, of: &'static str, at: &Place<'_>) -> Result<(), Violation> {
        check_text(self, grammar, of, at)
    }
}

impl<T: Field> Field for Vec<T> {
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }

    fn check_field(&mut self, grammar: Grammar, of: &'static str, at: &Place<'_>) -> Result<(), Violation> {
        let mut elements = self.iter_mut().enumerate();
        elements.try_for_each(|(index, element)| {
            element.check_field(grammar, of, &at.within(Step::Element(index)))
        })
    }
}

impl<T: Field> Field for Option<T> {
    fn is_empty(&self) -> bool {
        self.as_ref().is_none_or(Field::is_empty)
    }

    fn check_field(&mut self, grammar: Grammar, of: &'static str, at: &Place<'_>) -> Result<(), Violation> {
        match self {
            Some(value) => value.check_field(grammar, of, at),
            // as in Athenz, null is the empty tag, which no text is
            None if grammar == Grammar::TagCompoundValue => Ok(()),
            None => Err(Violation::NullElement { of, at: at.to_string() }),
        }
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }

    /// `grammar` is that of the keys.
    fn check_field(&mut self, grammar: Grammar, of: &'static str, at: &Place<'_>) -> Result<(), Violation> {
        for (index, (key, value)) in self.iter_mut().enumerate() {
            check_text(key, grammar, of, &at.within(Step::Key))?;
            value.check_field(Grammar::Any, of, &at.within(Step::Element(index)))?;
        }
        Ok(())
    }
}

/// A field as the contract has it.
#[derive(Clone, Copy)]
pub(super) struct Contract {
    pub(super) field: &'static str,
    pub(super) presence: Presence,
    pub(super) grammar: Grammar,
    /// The type whose grammar that is.
    pub(super) of: &'static str,
}

/// Checks one field of a struct: presence, default, grammar.
pub(super) fn check<T: Field>(
    value: &mut Option<T>,
    contract: Contract,
    default: Option<T>,
    holder: &'static str,
    at: &Place<'_>,
) -> Result<(), Violation> {
    if value.is_none() {
        *value = default;
    }
    let Contract { field, presence, grammar, of } = contract;
    match value {
        Some(value) => value.check_field(grammar, of, &at.field(field)),
        None if presence == Presence::Required => {
            Err(Violation::Missing { field, of: holder, at: at.to_string() })
        }
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
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $ty:ty = $json:literal, $presence:ident, $grammar:ident of $leaf:literal, $default:expr;)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default)]
        #[allow(missing_docs, reason = "the fields are those of the contract, with their names")]
        pub struct $name { $(pub $field: Option<$ty>,)* }

        impl $crate::wire::Wire for $name {
            const NAME: &'static str = stringify!($name);
            const FIELDS: &'static [(&'static str, $crate::wire::Presence)] =
                &[$(($json, $crate::wire::Presence::$presence)),*];

            #[allow(unused_variables, reason = "some structs have no fields")]
            fn check_at(&mut self, at: &$crate::wire::fields::Place<'_>) -> Result<(), $crate::wire::Violation> {
                $($crate::wire::fields::check(
                    &mut self.$field,
                    $crate::wire::fields::Contract {
                        field: $json,
                        presence: $crate::wire::Presence::$presence,
                        grammar: $crate::names::Grammar::$grammar,
                        of: $leaf,
                    },
                    $default,
                    stringify!($name),
                    at,
                )?;)*
                Ok(())
            }
        }

        impl $crate::wire::fields::Field for $name {
            fn is_empty(&self) -> bool {
                false
            }
            fn check_field(&mut self, _: $crate::names::Grammar, _: &'static str, at: &$crate::wire::fields::Place<'_>) -> Result<(), $crate::wire::Violation> {
                $crate::wire::Wire::check_at(self, at)
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
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
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
            fn check_field(&mut self, _: $crate::names::Grammar, _: &'static str, _: &$crate::wire::fields::Place<'_>) -> Result<(), $crate::wire::Violation> {
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

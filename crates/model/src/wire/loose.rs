//! Reading JSON as loosely as Athenz does, in one place.
//!
//! A scalar may be written as another scalar; null, and `""` where no text is wanted, count as
//! absent. A wrong shape is an error: a list for an object, a word for a number, a number beyond
//! its width. A date that is none is an error too, where the reference takes it for absent: an
//! expiry that was mistyped must not mean "never".

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::Timestamp;

/// A value that reads itself from whatever scalar or structure stands there. `None` is absent.
pub trait Loose<'de>: Sized {
    /// What was wanted, for error texts.
    const EXPECTING: &'static str;

    /// From text.
    ///
    /// # Errors
    /// The text cannot be read as this.
    fn from_text<E: Error>(_: &str) -> Result<Option<Self>, E> {
        Err(E::custom(Self::EXPECTING))
    }

    /// From a whole number.
    ///
    /// # Errors
    /// Not wanted here, or too large.
    fn from_integer<E: Error>(_: i128) -> Result<Option<Self>, E> {
        Err(E::custom(Self::EXPECTING))
    }

    /// From a number with a fraction.
    ///
    /// # Errors
    /// Not wanted here, or too large.
    fn from_fraction<E: Error>(_: f64) -> Result<Option<Self>, E> {
        Err(E::custom(Self::EXPECTING))
    }

    /// From a truth value.
    ///
    /// # Errors
    /// Not wanted here.
    fn from_truth<E: Error>(_: bool) -> Result<Option<Self>, E> {
        Err(E::custom(Self::EXPECTING))
    }

    /// From a list.
    ///
    /// # Errors
    /// Not wanted here, or an element cannot be read.
    fn from_list<A: SeqAccess<'de>>(_: A) -> Result<Option<Self>, A::Error> {
        Err(A::Error::custom(Self::EXPECTING))
    }

    /// From an object.
    ///
    /// # Errors
    /// Not wanted here, or a field cannot be read.
    fn from_map<A: MapAccess<'de>>(_: A) -> Result<Option<Self>, A::Error> {
        Err(A::Error::custom(Self::EXPECTING))
    }

    /// From whatever comes.
    ///
    /// # Errors
    /// It cannot be read as this.
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

/// Reads a value that must not be absent.
pub(crate) fn required<'de, D: Deserializer<'de>, T: Loose<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)?.ok_or_else(|| D::Error::custom(T::EXPECTING))
}

/// Reads a [`Loose`] value inside a map or list.
#[derive(Debug)]
pub struct Seed<T>(PhantomData<T>);

impl<T> Default for Seed<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Loose<'de>> DeserializeSeed<'de> for Seed<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        T::read(deserializer)
    }
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: Loose<'de>> Visitor<'de> for Reader<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTING)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        T::from_text(text)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        T::from_integer(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        T::from_integer(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        T::from_fraction(number)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Self::Value, E> {
        T::from_truth(truth)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        T::from_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::from_map(map)
    }
}

impl Loose<'_> for String {
    const EXPECTING: &'static str = "a string";

    fn from_text<E: Error>(text: &str) -> Result<Option<Self>, E> {
        Ok(Some(text.to_owned()))
    }

    fn from_integer<E: Error>(number: i128) -> Result<Option<Self>, E> {
        Ok(Some(number.to_string()))
    }

    fn from_fraction<E: Error>(number: f64) -> Result<Option<Self>, E> {
        Ok(Some(number.to_string()))
    }

    fn from_truth<E: Error>(truth: bool) -> Result<Option<Self>, E> {
        Ok(Some(truth.to_string()))
    }
}

impl Loose<'_> for bool {
    const EXPECTING: &'static str = "a truth value";

    fn from_text<E: Error>(text: &str) -> Result<Option<Self>, E> {
        match text.trim() {
            "" => Ok(None),
            "true" | "True" | "TRUE" => Ok(Some(true)),
            "false" | "False" | "FALSE" => Ok(Some(false)),
            _ => Err(E::custom(Self::EXPECTING)),
        }
    }

    fn from_integer<E: Error>(number: i128) -> Result<Option<Self>, E> {
        Ok(Some(number != 0))
    }

    fn from_truth<E: Error>(truth: bool) -> Result<Option<Self>, E> {
        Ok(Some(truth))
    }
}

macro_rules! integers {
    ($($ty:ty, $expecting:literal;)*) => {$(
        impl Loose<'_> for $ty {
            const EXPECTING: &'static str = $expecting;

            fn from_text<E: Error>(text: &str) -> Result<Option<Self>, E> {
                if text.trim().is_empty() {
                    return Ok(None);
                }
                text.trim().parse().map(Some).map_err(|_| E::custom(Self::EXPECTING))
            }

            fn from_integer<E: Error>(number: i128) -> Result<Option<Self>, E> {
                number.try_into().map(Some).map_err(|_| E::custom(Self::EXPECTING))
            }

            fn from_fraction<E: Error>(number: f64) -> Result<Option<Self>, E> {
                #[expect(clippy::cast_possible_truncation, reason = "the fraction is cut off, and i128 saturates")]
                let whole = number.trunc() as i128;
                Self::from_integer(whole)
            }
        }
    )*};
}

integers! {
    i32, "a 32-bit number";
    i64, "a 64-bit number";
}

impl Loose<'_> for Timestamp {
    const EXPECTING: &'static str = "a moment such as 2030-01-31T00:00:00.000Z";

    fn from_text<E: Error>(text: &str) -> Result<Option<Self>, E> {
        if text.is_empty() {
            return Ok(None);
        }
        Self::parse(text).map(Some).ok_or_else(|| E::custom(Self::EXPECTING))
    }
}

impl<'de, T: Loose<'de>> Loose<'de> for Option<T> {
    const EXPECTING: &'static str = T::EXPECTING;

    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        T::read(deserializer).map(Some)
    }
}

impl<'de, T: Loose<'de>> Loose<'de> for Vec<T> {
    const EXPECTING: &'static str = "a list";

    fn from_list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut read = Self::new();
        while let Some(element) = list.next_element_seed(Seed::default())? {
            read.push(element.ok_or_else(|| A::Error::custom("no null in a list"))?);
        }
        Ok(Some(read))
    }
}

impl<'de, T: Loose<'de>> Loose<'de> for BTreeMap<String, T> {
    const EXPECTING: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut read = Self::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(Seed::default())?;
            read.insert(key, value.ok_or_else(|| A::Error::custom("no null in a map"))?);
        }
        Ok(Some(read))
    }
}

impl<'de> Loose<'de> for Box<RawValue> {
    const EXPECTING: &'static str = "an object";

    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let raw: Self = serde::Deserialize::deserialize(deserializer)?;
        match raw.get().as_bytes().first() {
            Some(b'{') => Ok(Some(raw)),
            Some(b'n') => Ok(None),
            _ => Err(D::Error::custom(<Self as Loose<'de>>::EXPECTING)),
        }
    }
}

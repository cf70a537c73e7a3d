//! Times and sizes as people write them.

use std::str::FromStr;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A text that is no period or size.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// No period.
    #[error("`{0}` is no period of time; write a whole number and ms, s, m, h or d, such as `30s`")]
    Period(String),
    /// No size.
    #[error("`{0}` is no size; write a whole number of bytes, or with KiB, MiB or GiB, such as `16MiB`")]
    Size(String),
}

/// A period of time: `250ms`, `30s`, `5m`, `12h`, `30d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub Duration);

/// A number of bytes: `4096`, `16MiB`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl FromStr for Period {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let period = split(text).and_then(|(number, unit)| {
            let millis: u64 = match unit {
                "ms" => 1,
                "s" => 1000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                _ => return None,
            };
            number.checked_mul(millis)
        });
        period
            .map(|millis| Self(Duration::from_millis(millis)))
            .ok_or_else(|| UnitError::Period(text.to_owned()))
    }
}

impl FromStr for ByteSize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let size = split(text).and_then(|(number, unit)| {
            let bytes: u64 = match unit {
                "" | "B" => 1,
                "KiB" => 1 << 10,
                "MiB" => 1 << 20,
                "GiB" => 1 << 30,
                _ => return None,
            };
            number.checked_mul(bytes)
        });
        size.map(Self).ok_or_else(|| UnitError::Size(text.to_owned()))
    }
}

/// The number and the unit behind it.
fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, unit.trim()))
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u64),
    Text(String),
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match NumberOrText::deserialize(deserializer) {
            Ok(NumberOrText::Number(bytes)) => Ok(Self(bytes)),
            Ok(NumberOrText::Text(text)) => text.parse().map_err(D::Error::custom),
            Err(_) => Err(D::Error::custom("expected a size such as `16MiB`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods() {
        for (text, millis) in [
            ("250ms", Some(250)),
            ("30s", Some(30_000)),
            ("5 m", Some(300_000)),
            ("12h", Some(43_200_000)),
            ("30d", Some(2_592_000_000)),
            ("30", None),
            ("-1s", None),
            ("1.5h", None),
            ("s", None),
            ("", None),
            ("99999999999999999999d", None),
            ("999999999999999999d", None),
        ] {
            let period = text.parse::<Period>().ok().map(|period| period.0.as_millis());
            assert_eq!(period, millis, "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("4096", Some(4096)),
            ("1KiB", Some(1024)),
            ("16 MiB", Some(16 << 20)),
            ("2GiB", Some(2 << 30)),
            ("16MB", None),
            ("x", None),
            ("99999999999999GiB", None),
        ] {
            assert_eq!(text.parse::<ByteSize>().ok().map(|size| size.0), bytes, "{text}");
        }
    }
}

//! UTC moments with millisecond precision, in the form Athenz writes them.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroI64;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds in a second, minute, hour and day.
const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;

const CIVIL_EPOCH: jiff::civil::DateTime = jiff::civil::datetime(1970, 1, 1, 0, 0, 0, 0);

/// Years that can be written in the RFC 3339 form.
const YEARS: std::ops::RangeInclusive<i16> = 1..=9999;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
///
/// The number is kept with its sign bit flipped and never zero, so that an optional moment takes
/// eight bytes; the one moment this gives up is `i64::MIN`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timestamp(NonZeroI64);

impl Timestamp {
    /// 1970-01-01T00:00:00.000Z
    pub const EPOCH: Self = Self::from_millis(0);
    /// 0001-01-01T00:00:00.000Z: the first moment that is read and written.
    pub const MIN: Self = Self::from_millis(-62_135_596_800_000);
    /// 9999-12-31T23:59:59.999Z: the last moment that RFC 3339 can write.
    pub const MAX: Self = Self::from_millis(253_402_300_799_999);

    /// The moment so many milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        match NonZeroI64::new(millis ^ i64::MIN) {
            Some(flipped) => Self(flipped),
            None => Self::from_millis(i64::MIN + 1),
        }
    }

    /// The moment so many seconds after the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self::from_millis(seconds.saturating_mul(SECOND))
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0.get() ^ i64::MIN
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.millis().div_euclid(SECOND)
    }

    /// The same moment without its fraction of a second.
    #[must_use]
    pub const fn truncated_to_seconds(self) -> Self {
        Self::from_millis(self.millis().div_euclid(SECOND).saturating_mul(SECOND))
    }

    /// This moment plus milliseconds (which may be negative), at most [`Self::MAX`].
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        let sum = self.millis().saturating_add(millis);
        if sum > Self::MAX.millis() { Self::MAX } else { Self::from_millis(sum) }
    }

    /// This moment plus seconds.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_millis(seconds.saturating_mul(SECOND))
    }

    /// This moment plus minutes.
    #[must_use]
    pub const fn plus_minutes(self, minutes: i64) -> Self {
        self.plus_millis(minutes.saturating_mul(MINUTE))
    }

    /// This moment plus days of 24 hours.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        self.plus_millis(days.saturating_mul(DAY))
    }

    /// Reads the date of HTTP behind its weekday (RFC 9110 §5.6.7): `21 Aug 2026 10:11:12 GMT`;
    /// a day of one digit will do.
    pub fn parse_http(text: &str) -> Option<Self> {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let mut words = text.split(' ');
        let day: i8 = words.next()?.parse().ok()?;
        let named = words.next()?;
        let month = MONTHS.iter().position(|month| *month == named)? + 1;
        let year: i16 = words.next()?.parse().ok()?;
        let mut clock = words.next()?.splitn(3, ':').map(|part| part.parse::<i8>().ok());
        let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
        if words.next() != Some("GMT") || words.next().is_some() {
            return None;
        }
        let civil =
            jiff::civil::DateTime::new(year, i8::try_from(month).ok()?, day, hour, minute, second, 0).ok()?;
        Some(Self::from_millis(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond()))
    }

    /// Reads RFC 3339 with `Z` or an offset, with or without a fraction. Days and months out of
    /// range are no date: nothing rolls over. Nor is what could not be written again.
    pub fn parse(text: &str) -> Option<Self> {
        // a date alone, or a time without offset, names no moment
        if text.len() < "2020-01-01T00:00:00Z".len() {
            return None;
        }
        let moment = match text.parse::<jiff::Timestamp>() {
            Ok(moment) => Self::from_millis(moment.as_millisecond()),
            // jiff keeps the last day for offsets, but clients write it for "never"
            Err(_) => Self::parse_by_parts(text)?,
        };
        (Self::MIN..=Self::MAX).contains(&moment).then_some(moment)
    }

    fn parse_by_parts(text: &str) -> Option<Self> {
        let parts = jiff::fmt::temporal::Pieces::parse(text).ok()?;
        let since = parts.date().to_datetime(parts.time()?).duration_since(CIVIL_EPOCH).as_millis();
        let offset = i64::from(parts.to_numeric_offset()?.seconds()).checked_mul(SECOND)?;
        Some(Self::from_millis(i64::try_from(since).ok()?.checked_sub(offset)?))
    }
}

impl Default for Timestamp {
    fn default() -> Self {
        Self::EPOCH
    }
}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.millis().cmp(&other.millis())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({})", self.millis())
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with exactly three fraction digits: `2020-01-01T00:00:00.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = CIVIL_EPOCH.saturating_add(jiff::SignedDuration::from_millis(self.millis()));
        let year = civil.year().clamp(*YEARS.start(), *YEARS.end());
        write!(
            f,
            "{year:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            civil.month(),
            civil.day(),
            civil.hour(),
            civil.minute(),
            civil.second(),
            civil.millisecond()
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 moment"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_optional_moment_is_small_and_ordered() {
        assert_eq!(size_of::<Option<Timestamp>>(), 8);
        let ordered = [i64::MIN + 1, -1, 0, 1, i64::MAX].map(Timestamp::from_millis);
        assert!(ordered.is_sorted(), "{ordered:?}");
        assert_eq!(Timestamp::from_millis(i64::MIN).millis(), i64::MIN + 1);
        assert_eq!(Timestamp::default(), Timestamp::EPOCH);
    }

    #[test]
    fn reads_the_forms_clients_send() {
        let moment = Timestamp::parse("2026-08-21T10:11:12.123Z").unwrap();
        assert_eq!(moment.to_string(), "2026-08-21T10:11:12.123Z");
        for (text, same) in [
            ("2026-08-21T12:11:12.123+02:00", "2026-08-21T10:11:12.123Z"),
            ("2026-08-21T10:11:12Z", "2026-08-21T10:11:12.000Z"),
            ("2026-08-21T10:11:12.5Z", "2026-08-21T10:11:12.500Z"),
            ("1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59.999+14:00", "9999-12-31T09:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), same, "{text}");
        }
    }

    #[test]
    fn reads_dates_of_http() {
        assert_eq!(
            Timestamp::parse_http("21 Aug 2026 10:11:12 GMT").unwrap().to_string(),
            "2026-08-21T10:11:12.000Z"
        );
        assert_eq!(Timestamp::parse_http("1 Jan 1970 00:00:00 GMT"), Some(Timestamp::EPOCH));
        for text in [
            "",
            "21 Aug 2026",
            "32 Aug 2026 10:11:12 GMT",
            "21 aug 2026 10:11:12 GMT",
            "21 Aug 2026 10:11:12 CET",
        ] {
            assert_eq!(Timestamp::parse_http(text), None, "{text}");
        }
    }

    #[test]
    fn refuses_what_names_no_moment() {
        for text in [
            "",
            "2026-08-21",
            "2050-13-01T00:00:00.000Z",
            "2050-02-30T00:00:00.000Z",
            "9999-12-31T23:59:59-00:01",
            "9999-12-31T23:59:59.000",
            "10000-01-01T00:00:00.000Z",
            "0000-12-31T23:59:59Z",
            "-000100-06-01T00:00:00Z",
            "0001-01-01T00:00:00+00:01",
            "tomorrow",
            "17",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_last_moment_is_written_as_it_is_read() {
        let late = Timestamp::from_seconds(1_780_000_000).plus_days(i64::from(i32::MAX));
        assert_eq!(late, Timestamp::MAX);
        assert_eq!(late.to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::parse(&late.to_string()), Some(late), "a log tells what a row tells");
    }
}

//! The claims of a token, read strictly: a claim of the wrong JSON type is an error, not absent.

use athenz_model::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Last second of the year 9999; a moment beyond it is a mistake or an attack.
const LAST_SECOND: i64 = 253_402_300_799;

/// What is wrong with a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// A required claim is missing.
    #[error("the claim {0} is missing")]
    Missing(&'static str),
    /// A claim has another JSON type than it should.
    #[error("the claim {0} has the wrong type")]
    WrongType(&'static str),
    /// A moment out of bounds, or the claims do not fit the type they are read into.
    #[error("the claim {0} is out of range")]
    OutOfRange(&'static str),
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` lies ahead.
    #[error("the token is not valid yet")]
    NotYetValid,
}

/// The claims of a token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// Claims of an object that has been parsed already.
    pub const fn new(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// A claim of any type.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The claims as an object.
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The claims as an object, owned.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// A text, if the claim is there.
    ///
    /// # Errors
    /// The claim is no text.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, ClaimError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ClaimError::WrongType(name)),
        }
    }

    /// A text that must be there and not be empty.
    ///
    /// # Errors
    /// The claim is missing, empty, or no text.
    pub fn required_text(&self, name: &'static str) -> Result<&str, ClaimError> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or(ClaimError::Missing(name))
    }

    /// A list of texts; one text is a list of one (RFC 7519 section 4.1.3), and absent is empty.
    ///
    /// # Errors
    /// The claim is something else.
    pub fn texts(&self, name: &'static str) -> Result<Vec<&str>, ClaimError> {
        match self.0.get(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text]),
            Some(Value::Array(list)) => {
                list.iter().map(|value| value.as_str().ok_or(ClaimError::WrongType(name))).collect()
            }
            Some(_) => Err(ClaimError::WrongType(name)),
        }
    }

    /// The audiences (`aud`).
    ///
    /// # Errors
    /// The claim is neither a text nor a list of texts.
    pub fn audience(&self) -> Result<Vec<&str>, ClaimError> {
        self.texts("aud")
    }

    /// A boolean, if the claim is there.
    ///
    /// # Errors
    /// The claim is no boolean.
    pub fn boolean(&self, name: &'static str) -> Result<Option<bool>, ClaimError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(ClaimError::WrongType(name)),
        }
    }

    /// An object, if the claim is there.
    ///
    /// # Errors
    /// The claim is no object.
    pub fn object(&self, name: &'static str) -> Result<Option<&Map<String, Value>>, ClaimError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(_) => Err(ClaimError::WrongType(name)),
        }
    }

    /// Whole seconds since the epoch, if the claim is there.
    ///
    /// # Errors
    /// The claim is no integer, or lies before 1970 or behind the year 9999.
    pub fn moment(&self, name: &'static str) -> Result<Option<Timestamp>, ClaimError> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let Value::Number(number) = value else { return Err(ClaimError::WrongType(name)) };
        if number.is_f64() {
            return Err(ClaimError::WrongType(name));
        }
        match number.as_i64() {
            Some(seconds @ 0..=LAST_SECOND) => Ok(Some(Timestamp::from_seconds(seconds))),
            _ => Err(ClaimError::OutOfRange(name)),
        }
    }

    /// When the token expires (`exp`).
    ///
    /// # Errors
    /// The claim is missing or no moment.
    pub fn expires(&self) -> Result<Timestamp, ClaimError> {
        self.moment("exp")?.ok_or(ClaimError::Missing("exp"))
    }

    /// When the token was issued (`iat`), if it says so.
    ///
    /// # Errors
    /// The claim is no moment.
    pub fn issued(&self) -> Result<Option<Timestamp>, ClaimError> {
        self.moment("iat")
    }

    /// Checks `exp` (required), `nbf` and `iat`, with a tolerance for clocks that differ. Returns
    /// the expiry.
    ///
    /// # Errors
    /// A moment is missing, of the wrong type, passed, ahead, or `exp` before `iat`.
    pub fn check_times(&self, now: Timestamp, skew_seconds: i64) -> Result<Timestamp, ClaimError> {
        let expires = self.expires()?;
        if expires.plus_seconds(skew_seconds) <= now {
            return Err(ClaimError::Expired);
        }
        let latest_start = now.plus_seconds(skew_seconds);
        for name in ["nbf", "iat"] {
            match self.moment(name)? {
                Some(start) if start > latest_start => return Err(ClaimError::NotYetValid),
                Some(start) if start > expires => return Err(ClaimError::OutOfRange("exp")),
                _ => {}
            }
        }
        Ok(expires)
    }

    /// The claims as a type of the caller, which then is as strict as its fields.
    ///
    /// # Errors
    /// They do not fit.
    pub fn deserialize<T: DeserializeOwned>(self) -> Result<T, serde_json::Error> {
        serde_json::from_value(Value::Object(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn claims(text: &str) -> Claims {
        Claims::new(super::super::parse_object(text.as_bytes()).unwrap())
    }

    #[test]
    fn times_fail_closed() {
        for (text, expected) in [
            ("{}", Err(ClaimError::Missing("exp"))),
            (r#"{"exp":1800000100}"#, Ok(Timestamp::from_seconds(1_800_000_100))),
            (r#"{"exp":1799999941}"#, Ok(Timestamp::from_seconds(1_799_999_941))),
            (r#"{"exp":1799999940}"#, Err(ClaimError::Expired)),
            (r#"{"exp":"1800000100"}"#, Err(ClaimError::WrongType("exp"))),
            (r#"{"exp":1800000100.5}"#, Err(ClaimError::WrongType("exp"))),
            (r#"{"exp":1.8e9}"#, Err(ClaimError::WrongType("exp"))),
            (r#"{"exp":null}"#, Err(ClaimError::WrongType("exp"))),
            (r#"{"exp":true}"#, Err(ClaimError::WrongType("exp"))),
            (r#"{"exp":-1}"#, Err(ClaimError::OutOfRange("exp"))),
            (r#"{"exp":18446744073709551615}"#, Err(ClaimError::OutOfRange("exp"))),
            (r#"{"exp":99999999999999999999999}"#, Err(ClaimError::WrongType("exp"))),
            (r#"{"exp":253402300800}"#, Err(ClaimError::OutOfRange("exp"))),
            (r#"{"exp":1800000100,"nbf":1800000061}"#, Err(ClaimError::NotYetValid)),
            (r#"{"exp":1800000100,"nbf":1800000060}"#, Ok(Timestamp::from_seconds(1_800_000_100))),
            (r#"{"exp":1800000100,"nbf":"0"}"#, Err(ClaimError::WrongType("nbf"))),
            (r#"{"exp":1800000100,"iat":1800000061}"#, Err(ClaimError::NotYetValid)),
            (r#"{"exp":1800000010,"iat":1800000020}"#, Err(ClaimError::OutOfRange("exp"))),
        ] {
            assert_eq!(claims(text).check_times(NOW, 60), expected, "{text}");
        }
    }

    #[test]
    fn types_are_strict() {
        let claims =
            claims(r#"{"iss":1,"sub":"","aud":["a","b"],"one":"a","bad":["a",1],"cnf":{"x":1},"b":true}"#);
        assert_eq!(claims.text("iss"), Err(ClaimError::WrongType("iss")));
        assert_eq!(claims.required_text("sub"), Err(ClaimError::Missing("sub")));
        assert_eq!(claims.required_text("absent"), Err(ClaimError::Missing("absent")));
        assert_eq!(claims.audience(), Ok(vec!["a", "b"]));
        assert_eq!(claims.texts("one"), Ok(vec!["a"]));
        assert_eq!(claims.texts("bad"), Err(ClaimError::WrongType("bad")));
        assert_eq!(claims.texts("absent"), Ok(vec![]));
        assert_eq!(claims.object("cnf").unwrap().unwrap().len(), 1);
        assert_eq!(claims.object("b"), Err(ClaimError::WrongType("b")));
        assert_eq!(claims.boolean("b"), Ok(Some(true)));
    }
}

//! Bodies of requests: bounded, typed, and checked in the order Athenz has.

use athenz_model::ApiError;
use athenz_model::names::Grammar;
use athenz_model::wire::Wire;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use hyper::body::Body as HttpBody;
use serde::de::DeserializeOwned;

use super::{BoxError, Refusal};

/// What ZMS tells a client whose body cannot be read.
pub const INVALID_OBJECT_ZMS: &str = "Invalid Object: checkout \
    https://github.com/AthenZ/athenz/tree/master/core/zms/src/main/rdl for object definitions";

/// What ZTS tells a client whose body cannot be read, in its own spelling.
pub const INVALID_OBJECT_ZTS: &str = "Invalid Object: checkout \
    https://github.com/AthenZ/athenz/tree/master/core/zts/src/main/rdl for object defintions";

/// The form in which an operation takes its body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyForm {
    /// `application/json`
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`
    Form,
    /// Any content type.
    Any,
}

impl BodyForm {
    const fn media_type(self) -> Option<&'static str> {
        match self {
            Self::Json => Some("application/json"),
            Self::Form => Some("application/x-www-form-urlencoded"),
            Self::Any => None,
        }
    }
}

/// Whether the content type is what the operation reads. None at all is taken for an empty body
/// only: a browser may send a body without a type across origins.
pub fn content_type_fits(headers: &HeaderMap, form: BodyForm, empty: bool) -> bool {
    let Some(wanted) = form.media_type() else { return true };
    match headers.get(CONTENT_TYPE).map(|value| value.to_str()) {
        None => empty,
        Some(Err(_)) => false,
        Some(Ok(value)) => {
            value.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case(wanted))
        }
    }
}

/// All bytes of a body, up to a limit. `reserve` is asked before each part is kept.
///
/// # Errors
/// 413: the body is larger; 400: it ended before its end; or what `reserve` says.
pub async fn read_bounded<B>(
    body: B,
    limit: usize,
    mut reserve: impl FnMut(usize) -> Result<(), Refusal>,
) -> Result<Bytes, Refusal>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let too_large =
        || Refusal::from(ApiError::payload_too_large(format!("the body is larger than {limit} bytes")));
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    let mut body = std::pin::pin!(body);
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Refusal::from(ApiError::bad_request("the body ended too early")).noted(error.into().to_string())
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + rest.len() + data.len() > limit {
            return Err(too_large());
        }
        reserve(data.len())?;
        if first.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&data);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}

/// The deepest nesting of arrays and objects in a body: what the JSON reader takes in fields it
/// knows. It would skip others at any depth.
const DEEPEST: usize = 127;

/// Whether JSON nests deeper than [`DEEPEST`]; of what is no JSON the reader will say so.
fn is_too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > DEEPEST {
                    return true;
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// A body that could be read but is not checked yet: [`Input::check`] comes after authentication.
#[derive(Debug)]
pub struct Input<T>(Option<T>);

impl<T: DeserializeOwned> Input<T> {
    /// Reads JSON; an empty body and `null` are a missing object.
    ///
    /// # Errors
    /// 400 with `invalid_object`, the text clients know: not JSON, not of this shape, or nested too
    /// deep anywhere.
    pub fn parse(bytes: &[u8], invalid_object: &'static str) -> Result<Self, Refusal> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(None));
        }
        if is_too_deep(bytes) {
            let note = format!("body nests deeper than {DEEPEST}");
            return Err(Refusal::from(ApiError::bad_request(invalid_object)).noted(note));
        }
        serde_json::from_slice(bytes).map(Self).map_err(|error| {
            let place = format!("body refused at line {} column {}", error.line(), error.column());
            Refusal::from(ApiError::bad_request(invalid_object)).noted(place)
        })
    }
}

impl<T> Input<T> {
    /// The object as read, if there was one, without a check.
    pub fn unchecked(self) -> Option<T> {
        self.0
    }
}

impl<T: Wire> Input<T> {
    /// The object, checked against the contract and with its defaults filled in.
    ///
    /// # Errors
    /// 400: no object, or one that breaks the contract, in the words of the reference, which nests the
    /// text in itself.
    pub fn check(self) -> Result<T, ApiError> {
        let Some(mut value) = self.0 else {
            return Err(ApiError::bad_request(format!("Missing or malformed {}", T::NAME)));
        };
        match value.check() {
            Ok(()) => Ok(value),
            Err(violation) => Err(invalid(T::NAME, &violation)),
        }
    }
}

/// Checks a name of the path or query against the grammar of its type.
///
/// # Errors
/// 400 in the words of the reference, which nests the text in itself.
pub fn check_name(text: &str, grammar: Grammar, of: &str) -> Result<(), ApiError> {
    if grammar.matches(text) {
        return Ok(());
    }
    let expected = grammar.expression();
    let why = format!("String pattern mismatch (expected \"{expected}\")  for type {of} in data");
    Err(invalid(of, &why))
}

fn invalid(of: &str, why: &dyn std::fmt::Display) -> ApiError {
    ApiError::bad_request(format!(
        "Invalid {of} error: ResourceException (400): {{code: 400, message: \"Invalid {of} error: {why}\"}}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use athenz_model::wire::zms::Membership;
    use http::HeaderValue;

    const TEXT: &str = "Invalid Object";

    fn refusal(body: &str) -> (u16, String) {
        let error = match Input::<Membership>::parse(body.as_bytes(), TEXT) {
            Ok(input) => input.check().unwrap_err(),
            Err(refusal) => refusal.error().clone(),
        };
        (error.code, error.message)
    }

    #[test]
    fn bodies_are_refused_in_the_words_clients_know() {
        for (body, message) in [
            ("{", TEXT),
            ("[]", TEXT),
            ("{} x", TEXT),
            ("", "Missing or malformed Membership"),
            ("  ", "Missing or malformed Membership"),
            ("null", "Missing or malformed Membership"),
            (
                "{}",
                "Invalid Membership error: ResourceException (400): {code: 400, message: \"Invalid Membership \
                 error: Missing required field: memberName for type Membership in data\"}",
            ),
        ] {
            assert_eq!(refusal(body), (400, message.to_owned()), "{body}");
        }
    }

    #[test]
    fn a_deep_body_does_not_exhaust_the_stack() {
        let deep = format!("{{\"memberName\": {}", "[".repeat(1_000_000));
        assert_eq!(refusal(&deep).1, TEXT);
    }

    #[test]
    fn depth_counts_in_every_field_and_in_no_text() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let member = |rest: &str| format!(r#"{{"memberName": "user.a", {rest}}}"#);
        let text = "[{".repeat(200);
        for (body, refused) in [
            (member(&format!(r#""x": {}"#, nested(DEEPEST - 1))), false),
            (member(&format!(r#""x": {}"#, nested(DEEPEST))), true),
            (member(&format!(r#""memberName": {}"#, nested(DEEPEST))), true),
            (member(&format!(r#""x": "{text}""#)), false),
            (member(&format!(r#""x": "\"{text}\\", "y": "{text}""#)), false),
            (member(&format!(r#""x": "\\", "y": {}"#, nested(DEEPEST))), true),
            (member(&format!(r#""x": [{}]"#, vec!["{}"; 1_000].join(","))), false),
        ] {
            let read = Input::<Membership>::parse(body.as_bytes(), TEXT).err();
            let told = read.map(|refusal| refusal.error().message.clone());
            assert_eq!(told, refused.then(|| TEXT.to_owned()), "{body:.80}");
        }
    }

    #[test]
    fn content_types() {
        for (value, form, empty, fits) in [
            (Some("application/json"), BodyForm::Json, false, true),
            (Some("Application/JSON; charset=utf-8"), BodyForm::Json, false, true),
            (Some("text/plain"), BodyForm::Json, true, false),
            (Some("application/json"), BodyForm::Form, false, false),
            (None, BodyForm::Json, true, true),
            (None, BodyForm::Json, false, false),
            (None, BodyForm::Any, false, true),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(value));
            }
            assert_eq!(content_type_fits(&headers, form, empty), fits, "{value:?} {form:?} {empty}");
        }
    }

    #[test]
    fn names_are_checked() {
        assert!(check_name("sports", Grammar::CompoundName, "DomainName").is_ok());
        let error = check_name("a/b", Grammar::CompoundName, "EntityName").unwrap_err();
        assert!(error.message.starts_with("Invalid EntityName error: ResourceException (400): {code: 400"));
        assert!(error.message.ends_with("for type EntityName in data\"}"));
    }
}

//! Answers.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, ETAG, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::{Body, Refusal};

/// An HTTP response of ours.
pub type Response = http::Response<Body>;

/// What a handler returns.
pub type Answer = Result<Response, Refusal>;

/// 200 with a JSON body.
///
/// # Errors
/// The value cannot be written as JSON: 500.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Answer {
    json_status(StatusCode::OK, value)
}

/// A JSON body with a status of choice.
///
/// # Errors
/// The value cannot be written as JSON: 500.
pub fn json_status<T: Serialize + ?Sized>(status: StatusCode, value: &T) -> Answer {
    let text = serde_json::to_vec(value).map_err(|error| {
        Refusal::from(athenz_model::ApiError::internal("Internal Server Error")).noted(error.to_string())
    })?;
    let mut response = json_bytes(text);
    *response.status_mut() = status;
    Ok(response)
}

/// 200 with a body that is JSON already.
pub fn json_bytes(body: impl Into<Bytes>) -> Response {
    bytes("application/json", body)
}

/// 200 with a body of any type.
pub fn bytes(content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::from(body.into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A status with a line of plain text.
pub fn text(status: StatusCode, body: impl Into<String>) -> Response {
    let mut response = bytes("text/plain; charset=utf-8", body.into());
    *response.status_mut() = status;
    response
}

/// 204.
pub fn no_content() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// 304 with the entity tag that still holds (without quotes).
pub fn not_modified(etag: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    set_etag(&mut response, etag);
    response
}

/// Puts an `ETag` header on a response; quotes are added.
pub fn set_etag(response: &mut Response, etag: &str) {
    if let Ok(value) = HeaderValue::try_from(format!("\"{etag}\"")) {
        response.headers_mut().insert(ETAG, value);
    }
}

/// Whether an `If-None-Match` header names this entity tag (RFC 9110 §13.1.2, weak comparison;
/// tags without quotes are understood).
pub fn etag_matches(if_none_match: &str, etag: &str) -> bool {
    if_none_match.split(',').map(str::trim).any(|listed| {
        let listed = listed.strip_prefix("W/").unwrap_or(listed);
        listed == "*" || listed.trim_matches('"') == etag
    })
}

/// Whether the `Accept` headers of a request admit JSON; no header admits everything.
pub fn accepts_json(headers: &HeaderMap) -> bool {
    let mut present = false;
    for value in headers.get_all(ACCEPT) {
        present = true;
        let value = value.to_str().unwrap_or("*/*");
        if value.trim().is_empty() || value.split(',').any(range_admits_json) {
            return true;
        }
    }
    !present
}

fn range_admits_json(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    let refused = parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
    !refused
        && ["*/*", "application/*", "application/json", "*"]
            .iter()
            .any(|known| media.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_ranges() {
        for (accept, admitted) in [
            ("application/json", true),
            ("application/xml, */*;q=0.1", true),
            ("APPLICATION/JSON; charset=utf-8", true),
            ("", true),
            ("application/xml", false),
            ("text/plain", false),
            ("application/json;q=0", false),
            ("application/jsonp", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(accepts_json(&headers), admitted, "{accept}");
        }
        assert!(accepts_json(&HeaderMap::new()));
    }

    #[test]
    fn entity_tags_compare_weakly() {
        for (header, holds) in [
            ("\"a\"", true),
            ("a", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("", false),
        ] {
            assert_eq!(etag_matches(header, "a"), holds, "{header}");
        }
    }
}

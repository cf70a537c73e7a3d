//! Why a request gets no answer, and the form in which it is told.

use athenz_model::ApiError;
use http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};

use super::{Body, Response};

/// An error on its way to the client: the [`ApiError`] it sees, headers that belong to it, and a
/// note that only the operator sees.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{error}")]
pub struct Refusal {
    error: ApiError,
    bare: bool,
    headers: Option<Box<HeaderMap>>,
    note: Option<Box<str>>,
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self { error, bare: false, headers: None, note: None }
    }
}

impl Refusal {
    /// A refusal that Athenz gives without the error form: an unknown path, the wrong method, an
    /// unknown domain in an authorization. Clients go by the status; where Athenz's container puts
    /// a page (GET and POST) the error form is sent, elsewhere nothing.
    pub fn bare(error: ApiError) -> Self {
        Self { bare: true, ..Self::from(error) }
    }

    /// The same with a note for the operator's log. It must not hold secrets.
    #[must_use]
    pub fn noted(mut self, note: impl Into<Box<str>>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// The same with one more header; a value that is no header value is left out.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.get_or_insert_default().append(name, value);
        }
        self
    }

    /// 405 with the methods that the path knows.
    pub(crate) fn method_not_allowed(allow: &str) -> Self {
        Self::bare(ApiError::method_not_allowed("Method Not Allowed")).with_header(ALLOW, allow)
    }

    pub(crate) fn take_note(&mut self) -> Option<Box<str>> {
        self.note.take()
    }

    /// What the client is told.
    pub const fn error(&self) -> &ApiError {
        &self.error
    }

    /// What only the operator is told.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The refusal as an HTTP response to a request of this method.
    pub fn into_response(self, method: &Method) -> Response {
        let status = StatusCode::from_u16(self.error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        if let Some(headers) = self.headers {
            *response.headers_mut() = *headers;
        }
        if !self.bare || has_page(method, status) {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *response.body_mut() = Body::from(serde_json::to_vec(&self.error).unwrap_or_default());
        }
        response
    }
}

fn has_page(method: &Method, status: StatusCode) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::POST)
        && !matches!(status, StatusCode::NOT_ACCEPTABLE | StatusCode::METHOD_NOT_ALLOWED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_refusals_carry_the_form_only_where_a_page_stood() {
        for (method, code, has_body) in [
            (Method::GET, 404, true),
            (Method::POST, 404, true),
            (Method::PUT, 404, false),
            (Method::GET, 406, false),
        ] {
            let refusal = Refusal::bare(ApiError { code, message: "x".into() });
            let response = refusal.into_response(&method);
            assert_eq!(response.status().as_u16(), code);
            assert_eq!(response.body().length() != Some(0), has_body, "{method} {code}");
            assert_eq!(response.headers().contains_key(CONTENT_TYPE), has_body, "{method} {code}");
        }
    }

    #[test]
    fn the_note_stays_inside() {
        let refusal = Refusal::from(ApiError::forbidden("Forbidden")).noted("key id 7 unknown");
        assert_eq!(refusal.note(), Some("key id 7 unknown"));
        assert!(!refusal.to_string().contains("key id"));
    }
}

//! What the ZMS and the ZTS client share: paths, bodies, the error form.

use athenz_model::ApiError;
use reqwest::header::LOCATION;
use reqwest::{Method, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::http::{Answer, HttpClient, HttpError, Request};
use crate::tls::SetupError;
use crate::url::{join, server_url};

/// Characters of a foreign error page that are repeated.
const SHOWN: usize = 200;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server refused: Athenz's code and message.
    #[error("{operation}: {} (status {})", error.message, error.code)]
    Refused {
        /// What was asked for.
        operation: &'static str,
        /// The error as the server gave it.
        error: ApiError,
    },
    /// There was no answer.
    #[error("{operation}: {error}")]
    Http {
        /// What was asked for.
        operation: &'static str,
        /// Why.
        error: HttpError,
    },
    /// The answer is not what the operation answers with.
    #[error("{operation}: the answer cannot be read ({why}); is the URL that of an Athenz server?")]
    Unreadable {
        /// What was asked for.
        operation: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A name that cannot stand in a path.
    #[error("{operation}: `{name}` cannot be a name")]
    Name {
        /// What was asked for.
        operation: &'static str,
        /// The name.
        name: String,
    },
}

impl ClientError {
    /// The status that the server refused with.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Refused { error, .. } => Some(error.code),
            _ => None,
        }
    }

    /// Whether trying again later may help: no answer, or the server is overloaded or broken.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused { error, .. } => error.code == 429 || error.code >= 500,
            Self::Http { error, .. } => !matches!(error, HttpError::Egress(_) | HttpError::Header(_)),
            Self::Unreadable { .. } | Self::Name { .. } => false,
        }
    }
}

/// A text of the server with the tag it can be asked for again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The body, exactly as it came: not verified.
    pub unverified_text: String,
    /// The `ETag`, with its quotes.
    pub etag: Option<String>,
}

/// The result of asking with a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched<T> {
    /// Nothing newer than the tag.
    Unchanged {
        /// The tag that the server repeats.
        etag: Option<String>,
    },
    /// Newer content.
    Changed(T),
}

/// One server.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    http: HttpClient,
    base: Url,
}

impl Api {
    /// The server at a URL, to which `suffix` (`/zms/v1`) is added unless it is there.
    pub(crate) fn new(http: HttpClient, url: &str, suffix: &str) -> Result<Self, SetupError> {
        Ok(Self { http, base: server_url(url, suffix)? })
    }

    pub(crate) const fn base(&self) -> &Url {
        &self.base
    }

    pub(crate) const fn http(&self) -> &HttpClient {
        &self.http
    }

    /// A path with its query below the base; what `..` in it would lead to is refused.
    pub(crate) async fn get(&self, path_and_query: &str, etag: Option<&str>) -> Result<Answer, HttpError> {
        let outside = || HttpError::Path(path_and_query.to_owned());
        let text = format!("{}/{}", self.base, path_and_query.trim_start_matches('/'));
        let url = Url::parse(&text).map_err(|_| outside())?;
        if url.as_str() != text || !url.path().starts_with(self.base.path()) {
            return Err(outside());
        }
        let mut request = Request::new(Method::GET, url).header("accept", "application/json")?;
        if let Some(etag) = etag {
            request = request.header("if-none-match", etag)?;
        }
        self.http.send(request).await
    }

    pub(crate) fn call(&self, operation: &'static str, method: Method, path: &[&str]) -> Call<'_> {
        let url = join(&self.base, path).map_err(|name| ClientError::Name { operation, name });
        Call {
            http: &self.http,
            operation,
            request: url.map(|url| (method, url)),
            headers: Vec::new(),
            body: None,
        }
    }
}

/// A call being put together.
pub(crate) struct Call<'a> {
    http: &'a HttpClient,
    operation: &'static str,
    request: Result<(Method, Url), ClientError>,
    headers: Vec<(&'static str, String)>,
    body: Option<(&'static str, Result<Vec<u8>, String>)>,
}

impl Call<'_> {
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        if let Ok((_, url)) = &mut self.request {
            url.query_pairs_mut().append_pair(name, value);
        }
        self
    }

    pub(crate) fn query_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    pub(crate) fn header_if(mut self, name: &'static str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.headers.push((name, value.to_owned()));
        }
        self
    }

    pub(crate) fn json<T: Serialize>(mut self, value: &T) -> Self {
        let text = serde_json::to_vec(value).map_err(|error| error.to_string());
        self.body = Some(("application/json", text));
        self
    }

    pub(crate) fn form(mut self, pairs: &[(&str, String)]) -> Self {
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.body = Some(("application/x-www-form-urlencoded", Ok(text.into_bytes())));
        self
    }

    /// The answer of a call that succeeded, or that found nothing newer (304).
    pub(crate) async fn answer(self) -> Result<Answer, ClientError> {
        let operation = self.operation;
        let http = |error| ClientError::Http { operation, error };
        let (method, url) = self.request?;
        let mut request = Request::new(method, url).header("accept", "application/json").map_err(http)?;
        for (name, value) in &self.headers {
            request = request.header(name, value).map_err(http)?;
        }
        if let Some((content_type, body)) = self.body {
            let body = body.map_err(|why| ClientError::Unreadable { operation, why })?;
            request = request.body(content_type, body);
        }
        let answer = self.http.send(request).await.map_err(http)?;
        if answer.status.is_success() || answer.status == StatusCode::NOT_MODIFIED {
            return Ok(answer);
        }
        Err(ClientError::Refused { operation, error: error_of(&answer) })
    }

    /// Nothing but success.
    pub(crate) async fn done(self) -> Result<(), ClientError> {
        self.answer().await.map(|_| ())
    }

    /// The answer as a value.
    pub(crate) async fn value<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        let operation = self.operation;
        let answer = self.answer().await?;
        serde_json::from_slice(&answer.body)
            .map_err(|error| ClientError::Unreadable { operation, why: error.to_string() })
    }

    /// The answer as text, unless there is nothing newer.
    pub(crate) async fn document(self) -> Result<Fetched<Document>, ClientError> {
        let operation = self.operation;
        let answer = self.answer().await?;
        let etag = answer.etag().map(str::to_owned);
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(Fetched::Unchanged { etag });
        }
        let unverified_text = String::from_utf8(answer.body)
            .map_err(|_| ClientError::Unreadable { operation, why: "not UTF-8".to_owned() })?;
        Ok(Fetched::Changed(Document { unverified_text, etag }))
    }
}

fn error_of(answer: &Answer) -> ApiError {
    let code = answer.status.as_u16();
    if answer.status.is_redirection() {
        let target = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("nowhere");
        return ApiError {
            code,
            message: format!("the server redirects to {}, which is not followed", shown(target)),
        };
    }
    match serde_json::from_slice::<ApiError>(&answer.body) {
        Ok(error) => ApiError { code, message: shown(&error.message) },
        Err(_) if answer.body.is_empty() => {
            ApiError { code, message: answer.status.canonical_reason().unwrap_or("no message").to_owned() }
        }
        Err(_) => ApiError { code, message: shown(&String::from_utf8_lossy(&answer.body)) },
    }
}

/// A text of a server, without what could steer a terminal, and not endless.
fn shown(text: &str) -> String {
    let mut clean: String =
        text.chars().take(SHOWN * 10).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if let Some((at, _)) = clean.char_indices().nth(SHOWN * 5) {
        clean.truncate(at);
    }
    clean
}

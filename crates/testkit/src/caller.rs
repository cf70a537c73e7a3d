//! Whoever asks, and what comes back.

use athenz_conformance::{Answer, ClientCertificate, Exchange, Identity, Mint, Server, Transport as _};
use serde_json::Value;

use crate::world::{ADMIN, TestWorld};

/// Somebody who asks both servers. Paths are whole, such as `/zms/v1/domain/sports`.
#[derive(Clone, Debug)]
pub struct Caller<'a> {
    world: &'a TestWorld,
    identity: Identity,
    headers: Vec<(String, String)>,
}

impl TestWorld {
    /// A user, by the name without its domain.
    pub fn user(&self, name: &str) -> Caller<'_> {
        self.service(&format!("user.{name}"))
    }

    /// The administrator of the system.
    pub fn admin(&self) -> Caller<'_> {
        self.service(ADMIN)
    }

    /// A principal by its full name, such as `sports.api`.
    pub fn service(&self, name: &str) -> Caller<'_> {
        let certificate = self.authority.client(name).expect("a client certificate can be made");
        self.holder(certificate)
    }

    /// Whoever holds this certificate.
    pub fn holder(&self, certificate: ClientCertificate) -> Caller<'_> {
        Caller::new(self, Identity::Certificate(certificate))
    }

    /// Whoever holds a certificate of this shape.
    pub fn minted(&self, shape: &Mint) -> Caller<'_> {
        self.holder(self.authority.mint(shape).expect("a client certificate can be made"))
    }

    /// Somebody without a client certificate.
    pub fn anonymous(&self) -> Caller<'_> {
        Caller::new(self, Identity::Anonymous)
    }
}

impl<'a> Caller<'a> {
    const fn new(world: &'a TestWorld, identity: Identity) -> Self {
        Self { world, identity, headers: Vec::new() }
    }

    /// The same caller, sending this header with every request.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None).await
    }

    /// PUT of a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send("PUT", path, Some(body.to_string().into_bytes())).await
    }

    /// POST of a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, Some(body.to_string().into_bytes())).await
    }

    /// POST of form fields, already encoded.
    pub async fn post_form(&self, path: &str, form: &str) -> Reply {
        let form_type = "application/x-www-form-urlencoded";
        let caller = self.clone().with_header("content-type", form_type);
        caller.send("POST", path, Some(form.as_bytes().to_vec())).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, None).await
    }

    /// Any request; a body without a content type is JSON.
    ///
    /// # Panics
    /// The path is none that HTTP can carry.
    pub async fn send(&self, method: &str, path: &str, body: Option<Vec<u8>>) -> Reply {
        let mut headers = self.headers.clone();
        if body.is_some() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let exchange = Exchange {
            to: if path.starts_with("/zts/") { Server::Zts } else { Server::Zms },
            identity: self.identity.clone(),
            method: method.to_owned(),
            path_and_query: path.to_owned(),
            headers,
            body,
        };
        let answer = self.world.send(exchange).await.expect("a router answers every request");
        Reply::new(format!("{method} {path}"), answer)
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Method and path, for messages of tests.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
    /// The body; null when it is empty, a text when it is not JSON.
    pub json: Value,
    /// The answer as it came.
    pub answer: Answer,
}

impl Reply {
    fn new(request: String, answer: Answer) -> Self {
        let json = if answer.body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&answer.body)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&answer.body).into_owned()))
        };
        Self { request, status: answer.status, json, answer }
    }

    /// The same reply, if it has this status.
    ///
    /// # Panics
    /// It has another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.request, self.json);
        self
    }

    /// The message of an error in Athenz's form.
    ///
    /// # Panics
    /// The status is another, or the body is not `{"code": <status>, "message": "…"}`.
    #[track_caller]
    pub fn refused(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}: {}", self.request, self.json);
        let code = self.json.get("code").and_then(Value::as_u64);
        assert_eq!(code, Some(status.into()), "{}: {}", self.request, self.json);
        let message = self.json.get("message").and_then(Value::as_str).filter(|text| !text.is_empty());
        message.expect("an error has a message")
    }
}

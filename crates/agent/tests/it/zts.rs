//! A ZTS that signs what a test wants, without TLS: that is the client's concern.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use athenz_client::{Egress, HttpClient, HttpOptions, Trust, ZtsClient};
use athenz_crypto::jose::{CurveNames, FlattenedJws, JwkSet};
use athenz_crypto::keys::{Curve, PrivateKey, PublicKey, SignatureForm};
use athenz_crypto::random::SystemRandom;
use athenz_crypto::ring::{KeyId, SigningKey};
use athenz_crypto::x509::{Authority, ExtendedUsage, IssueRequest, Subject, UnverifiedCsr};
use athenz_model::{Clock, ManualClock, Timestamp};
use athenz_zpe::sources::{KeyRules, TrustedKeys};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// What the server answers, by path: status, body, tag.
type Answers = Arc<Mutex<HashMap<String, (u16, String, String)>>>;

pub(crate) struct Zts {
    pub(crate) client: ZtsClient,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) authority: Authority,
    key: SigningKey,
    answers: Answers,
    requests: Arc<Mutex<Vec<Value>>>,
}

fn signing_key(id: &str) -> SigningKey {
    SigningKey::in_process(id.parse::<KeyId>().unwrap(), PrivateKey::generate_ec(Curve::P256).unwrap())
}

impl Zts {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let clock = Arc::new(ManualClock::new(NOW));
        let ca = Subject::common_name("Test CA");
        let authority =
            Authority::self_signed(signing_key("ca"), &ca, NOW.plus_days(-1), 365, &SystemRandom).unwrap();
        let http = HttpClient::new(HttpOptions {
            egress: Egress::nothing().with_server_url(&url).unwrap(),
            trust: Trust::Authorities(vec![authority.certificate().clone()]),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ..HttpOptions::default()
        });
        let (answers, requests) = (Answers::default(), Arc::default());
        tokio::spawn(serve(listener, Arc::clone(&answers), Arc::clone(&requests)));
        let client = ZtsClient::new(http.unwrap(), &url).unwrap();
        Self { client, clock, authority, key: signing_key("zts_0"), answers, requests }
    }

    pub(crate) fn answer(&self, path: &str, status: u16, body: &str, etag: &str) {
        let answer = (status, body.to_owned(), etag.to_owned());
        self.answers.lock().unwrap().insert(format!("/zts/v1{path}"), answer);
    }

    /// The bodies of the requests so far.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn keys(&self) -> TrustedKeys {
        let keys = TrustedKeys::new(Arc::clone(&self.clock) as Arc<dyn Clock>, KeyRules::default());
        keys.use_key_set(&self.jwk_set()).unwrap();
        keys
    }

    fn jwk_set(&self) -> JwkSet {
        JwkSet::from_public_keys([("zts_0", self.key.public_key())], CurveNames::Rfc)
    }

    /// The key set as `GET /oauth2/keys` answers.
    pub(crate) fn key_set(&self) -> String {
        json!({"keys": self.jwk_set().jwks()}).to_string()
    }

    /// Policies of `shop` with this stamp and end.
    pub(crate) fn policies(&self, domain: &str, modified: Timestamp, expires: Timestamp) -> String {
        let payload = json!({
            "policyData": {"domain": domain, "policies": []},
            "modified": modified.to_string(), "expires": expires.to_string(),
        });
        self.sign(&payload)
    }

    /// A policy document with this content, in the JWS form.
    pub(crate) fn sign(&self, payload: &Value) -> String {
        let bytes = payload.to_string().into_bytes();
        serde_json::to_string(
            &FlattenedJws::sign_in_process(&self.key, &bytes, SignatureForm::P1363).unwrap(),
        )
        .unwrap()
    }

    /// A certificate as ZTS issues it: for this name and key.
    pub(crate) fn certificate(&self, name: &str, public_key: &PublicKey) -> String {
        let request = IssueRequest {
            subject: Subject::common_name(name),
            alt_names: vec![],
            not_before: NOW.plus_days(-1),
            not_after: NOW.plus_days(30),
            usages: vec![ExtendedUsage::Client],
            public_key: public_key.clone(),
        };
        self.authority.issue(&request, &SystemRandom).unwrap().to_pem()
    }
}

/// The key of the request in a body.
pub(crate) fn requested_key(body: &Value) -> PublicKey {
    let csr = UnverifiedCsr::parse_pem(body["csr"].as_str().unwrap()).unwrap().verify().unwrap();
    csr.public_key().clone()
}

async fn serve(listener: TcpListener, answers: Answers, requests: Arc<Mutex<Vec<Value>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (answers, requests) = (Arc::clone(&answers), Arc::clone(&requests));
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let (answers, requests) = (Arc::clone(&answers), Arc::clone(&requests));
            async move { Ok::<_, Infallible>(reply(request, &answers, &requests).await) }
        });
        tokio::spawn(async move {
            let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn reply(
    request: hyper::Request<Incoming>,
    answers: &Answers,
    requests: &Mutex<Vec<Value>>,
) -> hyper::Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let known = request.headers().get("if-none-match").cloned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    requests.lock().unwrap().push(serde_json::from_slice(&body).unwrap_or_default());
    let found = answers.lock().unwrap().get(&path).cloned();
    let (status, body, etag) = found.unwrap_or((404, String::new(), String::new()));
    let unchanged = known.is_some_and(|known| known == etag.as_str());
    hyper::Response::builder()
        .status(if unchanged { 304 } else { status })
        .header("etag", etag)
        .body(Full::from(if unchanged { String::new() } else { body }))
        .unwrap()
}

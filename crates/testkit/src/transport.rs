//! Requests to the routers, as a connection would make them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use athenz_conformance::{Answer, Exchange, Identity, Server, TransportError};
use athenz_serve::{Peer, Router};
use bytes::Bytes;
use http::header::HOST;
use http_body_util::Full;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The authorities of these URLs, as a `Host` header has them.
pub(crate) const ZMS_HOST: &str = "localhost:4443";
pub(crate) const ZTS_HOST: &str = "localhost:8443";

/// Whom the TLS layer would have seen.
pub fn peer_of(identity: &Identity) -> Peer {
    let remote = SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000));
    match identity {
        Identity::Anonymous => Peer::anonymous(remote),
        Identity::Certificate(certificate) => {
            let chain = CertificateDer::pem_slice_iter(certificate.chain_pem.as_bytes());
            let chain = chain.map(|der| der.expect("a certificate in PEM").into_owned());
            Peer::with_certificates(remote, chain.collect())
        }
    }
}

pub(crate) async fn exchange_with(router: &Router, exchange: Exchange) -> Result<Answer, TransportError> {
    let peer = peer_of(&exchange.identity);
    let host = match exchange.to {
        Server::Zms => ZMS_HOST,
        Server::Zts => ZTS_HOST,
    };
    let mut request = http::Request::builder()
        .method(exchange.method.as_str())
        .uri(&exchange.path_and_query)
        .header(HOST, host);
    for (name, value) in &exchange.headers {
        request = request.header(name, value);
    }
    let body = Full::new(Bytes::from(exchange.body.unwrap_or_default()));
    let request = request.body(body).map_err(|error| TransportError(error.to_string()))?;
    let (parts, body) = router.handle(request, Arc::new(peer)).await.into_parts();
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let headers = parts.headers.iter().map(header).collect();
    let body = body.collect_bytes().await.map_err(|error| TransportError(error.to_string()))?;
    Ok(Answer { status: parts.status.as_u16(), headers, body: body.to_vec() })
}

//! TLS of servers: client certificates are asked for, verified when they come, and not required.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use athenz_model::Clock;
use rustls::pki_types::CertificateDer;
use rustls::server::{ResolvesServerCert, ServerConfig, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, server::danger::ClientCertVerifier};

use super::{
    ClockTime, IdentityFiles, TlsError, TlsIdentity, application_protocols, provider, read_certificates,
};
use crate::x509::Certificate;

/// The files of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTlsFiles {
    /// Its own certificate and key.
    pub identity: IdentityFiles,
    /// The authorities of clients; without it nobody is asked for a certificate.
    pub client_authorities: Option<PathBuf>,
}

/// Settings of a server. A client may stay anonymous; one that shows a certificate must show one
/// that `client_authorities` vouch for, whatever names are in it.
///
/// Sessions are resumed with tickets, and a resumed session keeps its client certificate: whoever
/// relies on the certificate checks its expiry for each request.
///
/// # Errors
/// The certificate is not valid now, or the library refuses something.
pub fn server_config(
    identity: &TlsIdentity,
    client_authorities: &[Certificate],
    clock: &Arc<dyn Clock>,
) -> Result<Arc<ServerConfig>, TlsError> {
    identity.check_valid(clock.now())?;
    let time = Arc::new(ClockTime(Arc::clone(clock)));
    let mut config = ServerConfig::builder_with_details(provider(), time)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(client_verifier(client_authorities)?)
        .with_cert_resolver(Arc::new(OneCertificate(identity.certified_key()?)));
    config.alpn_protocols = application_protocols();
    config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?;
    Ok(Arc::new(config))
}

fn client_verifier(authorities: &[Certificate]) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    if authorities.is_empty() {
        return Ok(WebPkiClientVerifier::no_client_auth());
    }
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(CertificateDer::from(authority.der().to_vec()))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
    Ok(verifier.allow_unauthenticated().build()?)
}

/// The one certificate of a server, whatever name it is called by.
#[derive(Debug)]
struct OneCertificate(Arc<CertifiedKey>);

impl ResolvesServerCert for OneCertificate {
    fn resolve(&self, _hello: rustls::server::ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Settings of a server that follow their files. Each new connection takes [`Self::current`].
#[derive(Debug)]
pub struct ReloadableServerTls {
    files: ServerTlsFiles,
    clock: Arc<dyn Clock>,
    current: ArcSwap<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    config: Arc<ServerConfig>,
    identity: TlsIdentity,
    authorities: Vec<Certificate>,
}

impl Loaded {
    fn read(files: &ServerTlsFiles, clock: &Arc<dyn Clock>) -> Result<Self, TlsError> {
        let identity = TlsIdentity::read(&files.identity)?;
        let authorities = match &files.client_authorities {
            Some(path) => read_certificates(path)?,
            None => Vec::new(),
        };
        let config = server_config(&identity, &authorities, clock)?;
        Ok(Self { config, identity, authorities })
    }
}

impl ReloadableServerTls {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// One of them cannot be read or used.
    pub fn new(files: ServerTlsFiles, clock: Arc<dyn Clock>) -> Result<Self, TlsError> {
        let current = ArcSwap::from_pointee(Loaded::read(&files, &clock)?);
        Ok(Self { files, clock, current })
    }

    /// The settings for a new connection.
    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.load().config)
    }

    /// The server's certificate.
    pub fn certificate(&self) -> Option<Certificate> {
        self.current.load().identity.leaf().cloned()
    }

    /// Where it is read from.
    pub const fn files(&self) -> &ServerTlsFiles {
        &self.files
    }

    /// Reads the files again. Says whether anything changed; sessions of before are not resumed
    /// after a change.
    ///
    /// # Errors
    /// A file cannot be read or used: the settings of before stay.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let new = Loaded::read(&self.files, &self.clock)?;
        let old = self.current.load();
        if new.identity.chain() == old.identity.chain() && new.authorities == old.authorities {
            return Ok(false);
        }
        self.current.store(Arc::new(new));
        Ok(true)
    }
}

//! TLS of clients: which servers they believe, and who they are.

use std::sync::Arc;

use arc_swap::ArcSwap;
use athenz_model::{Clock, Timestamp};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};

use super::common_name::CommonNameVerifier;
use super::{ClockTime, IdentityFiles, TlsError, TlsIdentity, application_protocols, provider};
use crate::x509::Certificate;

/// By what a server is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ServerIs {
    /// The host of the URL stands in its certificate.
    #[default]
    Host,
    /// Its certificate has exactly this common name: the name of an Athenz service. The host says
    /// nothing.
    CommonName(String),
}

/// Settings of a client that believes these authorities, and perhaps shows an identity.
///
/// With an identity no session is resumed: a resumed one would show the certificate of before.
///
/// # Errors
/// An authority cannot be used.
pub fn client_config(
    authorities: &[Certificate],
    server: &ServerIs,
    identity: Option<&Arc<ReloadableIdentity>>,
    clock: &Arc<dyn Clock>,
) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(CertificateDer::from(authority.der().to_vec()))?;
    }
    let time = Arc::new(ClockTime(Arc::clone(clock)));
    let builder =
        ClientConfig::builder_with_details(provider(), time).with_safe_default_protocol_versions()?;
    let builder = match server {
        ServerIs::Host => builder.with_root_certificates(roots),
        ServerIs::CommonName(name) => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(CommonNameVerifier {
                roots,
                common_name: name.clone(),
                provider: provider(),
            }))
        }
    };
    let mut config = match identity {
        Some(identity) => {
            let resolver: Arc<dyn ResolvesClientCert> = Arc::clone(identity) as _;
            let mut config = builder.with_client_cert_resolver(resolver);
            config.resumption = Resumption::disabled();
            config
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = application_protocols();
    Ok(config)
}

/// An identity that can be exchanged while clients use it; each new connection shows the present one.
#[derive(Debug)]
pub struct ReloadableIdentity {
    files: Option<IdentityFiles>,
    clock: Arc<dyn Clock>,
    current: ArcSwap<Current>,
}

#[derive(Debug)]
struct Current {
    identity: TlsIdentity,
    certified: Arc<CertifiedKey>,
}

impl Current {
    fn new(identity: TlsIdentity, now: Timestamp) -> Result<Self, TlsError> {
        identity.check_valid(now)?;
        Ok(Self { certified: identity.certified_key()?, identity })
    }
}

impl ReloadableIdentity {
    /// An identity from memory.
    ///
    /// # Errors
    /// The certificate is not valid now.
    pub fn new(identity: TlsIdentity, clock: Arc<dyn Clock>) -> Result<Self, TlsError> {
        let current = ArcSwap::from_pointee(Current::new(identity, clock.now())?);
        Ok(Self { files: None, clock, current })
    }

    /// An identity from files, which [`Self::reload`] reads again.
    ///
    /// # Errors
    /// They cannot be read or used.
    pub fn from_files(files: IdentityFiles, clock: Arc<dyn Clock>) -> Result<Self, TlsError> {
        let identity = TlsIdentity::read(&files)?;
        Ok(Self { files: Some(files), ..Self::new(identity, clock)? })
    }

    /// The certificate that is shown.
    pub fn certificate(&self) -> Option<Certificate> {
        self.current.load().identity.leaf().cloned()
    }

    /// Shows another identity from now on.
    ///
    /// # Errors
    /// The certificate is not valid now: the one of before stays.
    pub fn replace(&self, identity: TlsIdentity) -> Result<(), TlsError> {
        self.current.store(Arc::new(Current::new(identity, self.clock.now())?));
        Ok(())
    }

    /// Reads the files again, if it came from files. Says whether anything changed.
    ///
    /// # Errors
    /// A file cannot be read or used: the identity of before stays.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let Some(files) = &self.files else { return Ok(false) };
        let identity = TlsIdentity::read(files)?;
        if identity.chain() == self.current.load().identity.chain() {
            return Ok(false);
        }
        self.replace(identity)?;
        Ok(true)
    }
}

impl ResolvesClientCert for ReloadableIdentity {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.load().certified))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

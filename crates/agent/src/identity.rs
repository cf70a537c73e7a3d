//! A service gets its certificate from ZTS, and the next one before it ends.

use std::path::{Path, PathBuf};

use athenz_client::{ClientError, ZtsClient};
use athenz_crypto::keys::{Curve, KeyError, PrivateKey};
use athenz_crypto::ntoken::{NewPrincipalToken, TokenError};
use athenz_crypto::random::Random;
use athenz_crypto::x509::{Certificate, CertificateError, CsrBuildError, CsrBuilder, Subject};
use athenz_model::Clock;
use athenz_model::names::{DomainName, SimpleName};
use athenz_model::wire::zts::{InstanceIdentity, InstanceRefreshInformation, InstanceRegisterInformation};
use serde::{Deserialize, Serialize};

use crate::files::{self, Readers, WriteError};

/// Life of a service token that is only shown once, in seconds.
const ATTESTATION_LIFE_SECONDS: i64 = 600;

/// Largest answer part that is written to a file, in bytes.
const CERTIFICATES_BYTES_MAX: usize = 1 << 20;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// ZTS refuses or does not answer.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// A file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A key that cannot be used.
    #[error("the private key {}: {error}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: KeyError,
    },
    /// There is no key, and none can be made: ZTS has to know it before.
    #[error("there is no private key at {}; make one, register its public half with `athenz service create`, and try again", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The request cannot be made.
    #[error("the certificate request cannot be made: {0}")]
    Csr(#[from] CsrBuildError),
    /// A key cannot be made.
    #[error("a private key cannot be made: {0}")]
    NewKey(#[from] KeyError),
    /// The service token cannot be made.
    #[error("the service token cannot be made: {0}")]
    Token(#[from] TokenError),
    /// ZTS gave something else than what was asked for.
    #[error("ZTS answered with {0}; nothing was written")]
    Answer(&'static str),
    /// The certificate in the answer cannot be read.
    #[error("the certificate that ZTS gave cannot be read: {0}; nothing was written")]
    Certificate(#[from] CertificateError),
    /// The state beside the certificate cannot be read.
    #[error("{} cannot be read: {error}; register the instance again", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: serde_json::Error,
    },
}

/// The SPIFFE id that a certificate is asked for with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SpiffeForm {
    /// `spiffe://<domain>/sa/<service>`
    #[default]
    Basic,
    /// `spiffe://<trust domain>/ns/default/sa/<domain>.<service>`
    TrustDomain(String),
    /// None.
    Omitted,
}

/// What convinces the provider that the instance is the service.
#[derive(Clone, Debug)]
pub enum Attestation {
    /// A token that the service signs with its own key, registered in ZMS under this id.
    ServiceToken {
        /// The id of the key.
        key_id: String,
    },
    /// What the provider gave: a register token, or the document of a cloud.
    Data(String),
    /// Nothing.
    None,
}

/// An instance of a service.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Domain of the service.
    pub domain: DomainName,
    /// Name of the service in its domain.
    pub service: SimpleName,
    /// The provider that vouches for it, in full.
    pub provider: String,
    /// The instance.
    pub id: String,
    /// What DNS names of services end with; without it the certificate has none.
    pub dns_suffix: Option<String>,
    /// The SPIFFE id.
    pub spiffe: SpiffeForm,
    /// Organization and unit of the subject, where the server wants them.
    pub organization: Option<String>,
    /// Unit of the subject.
    pub organizational_unit: Option<String>,
    /// Requested life of the certificate, in minutes.
    pub expiry_minutes: Option<i32>,
}

impl Instance {
    /// `domain.service`
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.domain, self.service)
    }

    /// The certificate request, signed with the key.
    ///
    /// # Errors
    /// A name that no certificate can hold.
    pub fn certificate_request(&self, key: &PrivateKey) -> Result<String, CsrBuildError> {
        let subject = Subject {
            organization: self.organization.clone(),
            organizational_units: self.organizational_unit.iter().cloned().collect(),
            ..Subject::common_name(&self.full_name())
        };
        let mut request = CsrBuilder::new(subject);
        if let Some(suffix) = &self.dns_suffix {
            let domain = self.domain.replace('.', "-");
            request = request.dns(&format!("{}.{domain}.{suffix}", self.service));
        }
        let (domain, service) = (&self.domain, &self.service);
        match &self.spiffe {
            SpiffeForm::Basic => request = request.uri(&format!("spiffe://{domain}/sa/{service}")),
            SpiffeForm::TrustDomain(trust) => {
                request = request.uri(&format!("spiffe://{trust}/ns/default/sa/{domain}.{service}"));
            }
            SpiffeForm::Omitted => {}
        }
        request.uri(&format!("athenz://instanceid/{}/{}", self.provider, self.id)).sign(key)
    }
}

/// Where an identity lies.
#[derive(Clone, Debug)]
pub struct IdentityPaths {
    /// The private key, PEM.
    pub key: PathBuf,
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// The certificates of the authority, PEM.
    pub authorities: Option<PathBuf>,
}

impl IdentityPaths {
    /// `<folder>/<domain>.<service>.key.pem`, `….cert.pem` and `ca.cert.pem`.
    pub fn in_folder(folder: &Path, domain: &DomainName, service: &SimpleName) -> Self {
        Self {
            key: folder.join(format!("{domain}.{service}.key.pem")),
            certificate: folder.join(format!("{domain}.{service}.cert.pem")),
            authorities: Some(folder.join("ca.cert.pem")),
        }
    }

    /// What a refresh needs to know beside key and certificate.
    pub fn state(&self) -> PathBuf {
        self.certificate.with_extension("instance.json")
    }
}

/// What is kept beside the certificate: who vouched for the instance, and with what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceState {
    /// The provider.
    pub provider: String,
    /// The instance.
    pub id: String,
    /// The id of the service's key, if a service token is the attestation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// The attestation data, if it may be shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation_data: Option<String>,
}

impl InstanceState {
    /// Reads what a registration left; absent if there was none.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(path: &Path) -> Result<Option<Self>, AgentError> {
        match std::fs::read(path) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .map_err(|error| AgentError::State { path: path.to_owned(), error }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(AgentError::Read { path: path.to_owned(), error }),
        }
    }

    fn of(instance: &Instance, attestation: &Attestation) -> Self {
        let (key_id, attestation_data) = match attestation {
            Attestation::ServiceToken { key_id } => (Some(key_id.clone()), None),
            Attestation::Data(data) => (None, Some(data.clone())),
            Attestation::None => (None, None),
        };
        Self { provider: instance.provider.clone(), id: instance.id.clone(), key_id, attestation_data }
    }
}

/// Whether the key of an instance stays at a refresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// It stays: a registered service key has to.
    #[default]
    KeepKey,
    /// A new key with every certificate.
    NewKey,
}

/// The agent: time, randomness and the server.
#[derive(Debug)]
pub struct IdentityAgent<'a> {
    /// ZTS; for a refresh with the present certificate as its identity.
    pub zts: &'a ZtsClient,
    /// The time.
    pub clock: &'a dyn Clock,
    /// For the salt of service tokens.
    pub random: &'a dyn Random,
}

impl IdentityAgent<'_> {
    /// Registers an instance and writes key, certificate and authorities. The key is made unless
    /// it is there; a service token needs one whose public half ZMS knows.
    ///
    /// # Errors
    /// Nothing was written, except perhaps a new key.
    pub async fn register(
        &self,
        instance: &Instance,
        attestation: &Attestation,
        paths: &IdentityPaths,
    ) -> Result<Certificate, AgentError> {
        files::finish_pair(&paths.key, &paths.certificate)?;
        let key = match (read_key(&paths.key)?, attestation) {
            (Some(key), _) => key,
            (None, Attestation::ServiceToken { .. }) => {
                return Err(AgentError::NoKey { path: paths.key.clone() });
            }
            (None, _) => PrivateKey::generate_ec(Curve::P256)?,
        };
        let information = InstanceRegisterInformation {
            provider: Some(instance.provider.clone()),
            domain: Some(instance.domain.to_string()),
            service: Some(instance.service.to_string()),
            attestation_data: self.attestation_data(instance, attestation, &key)?,
            csr: Some(instance.certificate_request(&key)?),
            expiry_time: instance.expiry_minutes,
            ..InstanceRegisterInformation::default()
        };
        let answer = self.zts.register_instance(&information).await?;
        install(instance, &answer, &key, attestation, paths)
    }

    /// Gets the next certificate of an instance and writes it.
    ///
    /// # Errors
    /// Nothing was written.
    pub async fn refresh(
        &self,
        instance: &Instance,
        attestation: &Attestation,
        rotation: Rotation,
        paths: &IdentityPaths,
    ) -> Result<Certificate, AgentError> {
        files::finish_pair(&paths.key, &paths.certificate)?;
        let present = read_key(&paths.key)?.ok_or_else(|| AgentError::NoKey { path: paths.key.clone() })?;
        let key = match rotation {
            Rotation::KeepKey => present.clone(),
            Rotation::NewKey => PrivateKey::generate_ec(Curve::P256)?,
        };
        let information = InstanceRefreshInformation {
            attestation_data: self.attestation_data(instance, attestation, &present)?,
            csr: Some(instance.certificate_request(&key)?),
            expiry_time: instance.expiry_minutes,
            ..InstanceRefreshInformation::default()
        };
        let (domain, service) = (&instance.domain, &instance.service);
        let answer = self
            .zts
            .refresh_instance(&instance.provider, domain, service, &instance.id, &information)
            .await?;
        install(instance, &answer, &key, attestation, paths)
    }

    fn attestation_data(
        &self,
        instance: &Instance,
        attestation: &Attestation,
        key: &PrivateKey,
    ) -> Result<Option<String>, AgentError> {
        match attestation {
            Attestation::None => Ok(None),
            Attestation::Data(data) => Ok(Some(data.clone())),
            Attestation::ServiceToken { key_id } => {
                let (domain, service) = (&instance.domain, &instance.service);
                let now = self.clock.now();
                let life = ATTESTATION_LIFE_SECONDS;
                let token = NewPrincipalToken::service(domain, service, key_id, now, life, self.random);
                Ok(Some(token.sign(key)?))
            }
        }
    }
}

/// Reads a key, if there is one.
fn read_key(path: &Path) -> Result<Option<PrivateKey>, AgentError> {
    match std::fs::read_to_string(path) {
        Ok(text) => PrivateKey::from_pem(&text)
            .map(Some)
            .map_err(|error| AgentError::Key { path: path.to_owned(), error }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(AgentError::Read { path: path.to_owned(), error }),
    }
}

/// Writes an answer, once it is what was asked for.
fn install(
    instance: &Instance,
    answer: &InstanceIdentity,
    key: &PrivateKey,
    attestation: &Attestation,
    paths: &IdentityPaths,
) -> Result<Certificate, AgentError> {
    let text = answer.x509_certificate.as_deref().ok_or(AgentError::Answer("no certificate"))?;
    let authorities = answer.x509_certificate_signer.as_deref().filter(|text| !text.trim().is_empty());
    if text.len() > CERTIFICATES_BYTES_MAX
        || authorities.is_some_and(|text| text.len() > CERTIFICATES_BYTES_MAX)
    {
        return Err(AgentError::Answer("a certificate of absurd size"));
    }
    let certificate = Certificate::from_pem(text)?;
    if certificate.spki_der() != key.public_key().to_spki_der() {
        return Err(AgentError::Answer("a certificate of another key"));
    }
    if certificate.common_name() != Some(instance.full_name().as_str()) {
        return Err(AgentError::Answer("a certificate of another service"));
    }
    let state = serde_json::to_vec_pretty(&InstanceState::of(instance, attestation)).unwrap_or_default();
    files::write(&paths.state(), &state, Readers::Owner)?;
    if let (Some(path), Some(authorities)) = (&paths.authorities, authorities) {
        files::write(path, authorities.as_bytes(), Readers::All)?;
    }
    write_identity(key, text, paths)?;
    Ok(certificate)
}

/// A key that is there already stays as it was written.
fn write_identity(key: &PrivateKey, certificate: &str, paths: &IdentityPaths) -> Result<(), AgentError> {
    let same = read_key(&paths.key)?.is_some_and(|held| held.public_key() == key.public_key());
    if same {
        return Ok(files::write(&paths.certificate, certificate.as_bytes(), Readers::All)?);
    }
    let text = key.to_pkcs8_pem()?;
    Ok(files::write_pair((&paths.key, text.as_bytes()), (&paths.certificate, certificate.as_bytes()))?)
}

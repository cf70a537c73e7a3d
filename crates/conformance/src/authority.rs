//! The authority of a test: keys by name, and the client certificates that servers under test trust.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use athenz_model::{Clock, Timestamp};
use x509_cert::Certificate;
use x509_cert::der::pem::{LineEnding, encode_string};
use x509_cert::der::{DecodePem, Encode};

use crate::der::{self, Der};
use crate::keys::{KeyError, KeyKind, TestKey, random};
use crate::recording::Mint;

/// What DNS names in certificates end with.
const DNS_SUFFIX: &str = "athenz.cloud";

/// How long a client certificate lives.
const CLIENT_DAYS: i64 = 30;

/// How long an authority made here lives.
const AUTHORITY_DAYS: i64 = 3650;

/// Why a key or certificate could not be made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A key cannot be made, read or used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A certificate cannot be read or encoded.
    #[error("certificate: {0}")]
    Certificate(String),
    /// Alternative names that are not `dns=…;uri=…;email=…;ip=…`.
    #[error("not a list of alternative names: {0:?}; write dns=…;uri=…;email=…;ip=…")]
    AlternativeNames(String),
}

/// A client certificate with its private key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientCertificate {
    /// The certificate, possibly followed by those of its issuers.
    pub chain_pem: String,
    /// The private key, PKCS#8.
    pub key_pem: String,
}

/// Keys by name, and client certificates signed by one authority. Each is made once and kept, so that
/// scenarios that play side by side see the same.
#[derive(Debug)]
pub struct TestAuthority {
    clock: Arc<dyn Clock>,
    certificate_pem: String,
    subject: Der,
    key: TestKey,
    keys: Cache<String, Arc<TestKey>>,
    clients: Cache<Shape, ClientCertificate>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Shape {
    Principal(String),
    Mint(Mint),
}

impl TestAuthority {
    /// An authority with a new P-256 key.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn make(clock: Arc<dyn Clock>) -> Result<Self, AuthorityError> {
        let key = TestKey::generate(KeyKind::P256)?;
        let subject = distinguished_name(&[
            (COUNTRY, "US"),
            (ORGANIZATION, "Athenz"),
            (COMMON_NAME, "Athenz test authority"),
        ]);
        let now = clock.now();
        let extensions = [
            extension("2.5.29.19", true, &der::sequence([der::boolean(true)])),
            extension("2.5.29.15", true, &der::tagged(0x03, &[1, 0x06])), // certificates and revocation lists
        ];
        let certificate_pem = certificate(&Contents {
            issuer: &subject,
            subject: &subject,
            public_key: key.public_der()?,
            from: now.plus_minutes(-60),
            until: now.plus_days(AUTHORITY_DAYS),
            extensions: &extensions,
            signer: &key,
        })?;
        Ok(Self::new(clock, certificate_pem, subject, key))
    }

    /// The authority with this certificate and PKCS#8 key.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn from_pem(
        certificate_pem: &str,
        key_pem: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AuthorityError> {
        let certificate = Certificate::from_pem(certificate_pem).map_err(certificate_error)?;
        let subject = certificate.tbs_certificate.subject.to_der().map_err(certificate_error)?;
        Ok(Self::new(clock, certificate_pem.to_owned(), subject, TestKey::from_pem(key_pem)?))
    }

    fn new(clock: Arc<dyn Clock>, certificate_pem: String, subject: Der, key: TestKey) -> Self {
        Self { clock, certificate_pem, subject, key, keys: Cache::default(), clients: Cache::default() }
    }

    /// The certificate that a server under test must trust for client certificates.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The private key of the authority, PKCS#8, for whoever needs other certificates of it.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn key_pem(&self) -> Result<String, AuthorityError> {
        Ok(self.key.private_pem()?)
    }

    /// The key of this name, made when first asked for; its kind follows from the end of the name.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn key(&self, name: &str) -> Result<Arc<TestKey>, AuthorityError> {
        self.keys.get(name.to_owned(), |name| Ok(Arc::new(TestKey::generate(KeyKind::of_name(name))?)))
    }

    /// The client certificate of a principal: a service has the name of its host in it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn client(&self, principal: &str) -> Result<ClientCertificate, AuthorityError> {
        self.clients.get(Shape::Principal(principal.to_owned()), |_| {
            let key = self.key(&format!("id-{principal}"))?;
            let names = match principal.rsplit_once('.') {
                Some((domain, service)) if !principal.starts_with("user.") => {
                    vec![dns_name(&format!("{service}.{}.{DNS_SUFFIX}", domain.replace('.', "-")))]
                }
                _ => Vec::new(),
            };
            self.client_certificate(&key, principal, &names, None)
        })
    }

    /// A client certificate of any shape.
    ///
    /// # Errors
    /// When it cannot be made, or its alternative names are not understood.
    pub fn mint(&self, shape: &Mint) -> Result<ClientCertificate, AuthorityError> {
        self.clients.get(Shape::Mint(shape.clone()), |_| {
            let key = TestKey::generate(KeyKind::P256)?;
            let names = alternative_names(&shape.san)?;
            self.client_certificate(&key, &shape.cn, &names, shape.ou.as_deref())
        })
    }

    fn client_certificate(
        &self,
        key: &TestKey,
        common_name: &str,
        names: &[Der],
        unit: Option<&str>,
    ) -> Result<ClientCertificate, AuthorityError> {
        Ok(ClientCertificate {
            chain_pem: self.issue(key, common_name, names, unit)?,
            key_pem: key.private_pem()?,
        })
    }

    /// A certificate for client authentication, valid from an hour ago.
    pub(crate) fn issue(
        &self,
        key: &TestKey,
        common_name: &str,
        names: &[Der],
        unit: Option<&str>,
    ) -> Result<String, AuthorityError> {
        let mut parts = vec![(COUNTRY, "US"), (ORGANIZATION, "Athenz")];
        parts.extend(unit.map(|unit| (ORGANIZATIONAL_UNIT, unit)));
        parts.push((COMMON_NAME, common_name));
        let now = self.clock.now();
        let mut extensions =
            vec![extension("2.5.29.37", false, &der::sequence([der::oid("1.3.6.1.5.5.7.3.2")]))];
        extensions.extend(alternative_names_extension(names));
        certificate(&Contents {
            issuer: &self.subject,
            subject: &distinguished_name(&parts),
            public_key: key.public_der()?,
            from: now.plus_minutes(-60),
            until: now.plus_days(CLIENT_DAYS),
            extensions: &extensions,
            signer: &self.key,
        })
    }
}

pub(crate) const COUNTRY: &str = "2.5.4.6";
pub(crate) const ORGANIZATION: &str = "2.5.4.10";
pub(crate) const ORGANIZATIONAL_UNIT: &str = "2.5.4.11";
pub(crate) const COMMON_NAME: &str = "2.5.4.3";

/// A name of one attribute for each (type, value).
pub(crate) fn distinguished_name(parts: &[(&str, &str)]) -> Der {
    let attributes: Vec<Der> = parts
        .iter()
        .map(|(kind, value)| {
            let value = if *kind == COUNTRY { der::printable(value) } else { der::utf8(value) };
            der::set(vec![der::sequence([der::oid(kind), value])])
        })
        .collect();
    der::sequence_of(&attributes)
}

/// Reads `dns=a;uri=b;email=c;ip=d`.
pub(crate) fn alternative_names(text: &str) -> Result<Vec<Der>, AuthorityError> {
    text.split(';')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let wrong = || AuthorityError::AlternativeNames(text.to_owned());
            let (kind, value) = part.split_once('=').ok_or_else(wrong)?;
            match kind {
                "dns" => Ok(dns_name(value)),
                "uri" => Ok(der::implicit(6, value.as_bytes())),
                "email" => Ok(der::implicit(1, value.as_bytes())),
                "ip" => match value.parse().map_err(|_| wrong())? {
                    IpAddr::V4(address) => Ok(der::implicit(7, &address.octets())),
                    IpAddr::V6(address) => Ok(der::implicit(7, &address.octets())),
                },
                _ => Err(wrong()),
            }
        })
        .collect()
}

/// The extension with these names; none if there are none.
pub(crate) fn alternative_names_extension(names: &[Der]) -> Option<Der> {
    (!names.is_empty()).then(|| extension("2.5.29.17", false, &der::sequence_of(names)))
}

pub(crate) fn pem(label: &str, der: &[u8]) -> Result<String, AuthorityError> {
    encode_string(label, LineEnding::LF, der).map_err(certificate_error)
}

pub(crate) fn certificate_error(error: impl std::fmt::Display) -> AuthorityError {
    AuthorityError::Certificate(error.to_string())
}

fn dns_name(name: &str) -> Der {
    der::implicit(2, name.as_bytes())
}

fn extension(kind: &str, critical: bool, value: &[u8]) -> Der {
    let mut parts = vec![der::oid(kind)];
    if critical {
        parts.push(der::boolean(true));
    }
    parts.push(der::octets(value));
    der::sequence_of(&parts)
}

struct Contents<'a> {
    issuer: &'a [u8],
    subject: &'a [u8],
    public_key: Der,
    from: Timestamp,
    until: Timestamp,
    extensions: &'a [Der],
    signer: &'a TestKey,
}

/// An X.509 version 3 certificate (RFC 5280 §4.1).
fn certificate(contents: &Contents<'_>) -> Result<String, AuthorityError> {
    let algorithm = contents.signer.signature_algorithm();
    let body = der::sequence([
        der::context(0, &der::integer(&[2])),
        der::integer(&random::<16>()?),
        algorithm.clone(),
        contents.issuer.to_vec(),
        der::sequence([der::time(contents.from), der::time(contents.until)]),
        contents.subject.to_vec(),
        contents.public_key.clone(),
        der::context(3, &der::sequence_of(contents.extensions)),
    ]);
    let signature = der::bits(&contents.signer.sign(&body)?);
    pem("CERTIFICATE", &der::sequence([body, algorithm, signature]))
}

/// Values made once for each name; making one holds up only those who want the same.
#[derive(Debug)]
struct Cache<K, V>(Mutex<HashMap<K, Slot<V>>>);

type Slot<V> = Arc<OnceLock<Result<V, AuthorityError>>>;

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    fn get(&self, name: K, make: impl FnOnce(&K) -> Result<V, AuthorityError>) -> Result<V, AuthorityError> {
        let slot = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(name.clone()).or_default())
        };
        slot.get_or_init(|| make(&name)).clone()
    }
}

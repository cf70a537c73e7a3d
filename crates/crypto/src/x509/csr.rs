//! Certificate requests (PKCS#10, RFC 2986): what they ask for, once they have proved their key.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME,
    ID_CE_SUBJECT_KEY_IDENTIFIER,
};
use const_oid::db::rfc5912::ID_EXTENSION_REQ;
use der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, SubjectAltName};
use x509_cert::request::CertReqInfo;

use super::signed::Signed;
use super::{DistinguishedName, SpiffeId, SubjectAltNames};
use crate::keys::{BadSignature, KeyError, PublicKey};
use crate::pem::{self, PemError};

/// Largest request, in bytes of PEM or DER.
pub const CSR_BYTES_MAX: usize = 64 * 1024;
/// Most alternative names of a request.
const ALT_NAMES_MAX: usize = 100;

const LABELS: [&str; 2] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsrError {
    /// More bytes or names than any honest request has.
    #[error("the certificate request is too large")]
    TooLarge,
    /// Not PEM of a request; the text is the reference's.
    #[error("Invalid csr provided")]
    Pem(#[from] PemError),
    /// Not DER of a request.
    #[error("the certificate request is malformed")]
    Malformed,
    /// The key is of an unsupported kind, or too weak.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The request is not signed by its own key, or with something older than SHA-256.
    #[error("the certificate request is not signed by its own key with SHA-256 or better")]
    Signature(#[from] BadSignature),
    /// Several common names; the text is the reference's.
    #[error("Unable to extract CN from CSR:CSR Subject contains multiple values for the same field.")]
    SeveralCommonNames,
    /// A name is in a string type, or has characters, that readers disagree about.
    #[error("the certificate request has a subject or an alternative name that readers disagree about")]
    Name,
    /// Extensions are asked for in several places, or one of them twice.
    #[error("the certificate request asks for an extension twice")]
    Twice,
    /// An extension that must be understood and is not.
    #[error("the certificate request has the unknown critical extension {0}")]
    UnknownCritical(ObjectIdentifier),
    /// Several SPIFFE URIs, or one that is none; the text is the reference's.
    #[error("Invalid SPIFFE URI present in CSR")]
    Spiffe,
}

/// A request that has not proved its key.
#[derive(Debug)]
pub struct UnverifiedCsr {
    der: Vec<u8>,
}

impl UnverifiedCsr {
    /// Takes the request out of PEM.
    ///
    /// # Errors
    /// Too large, or no request.
    pub fn parse_pem(text: &str) -> Result<Self, CsrError> {
        if text.len() > CSR_BYTES_MAX {
            return Err(CsrError::TooLarge);
        }
        let block = pem::read_one(text, &LABELS)?;
        Self::from_der(block.contents())
    }

    /// Takes a request in DER.
    ///
    /// # Errors
    /// Too large.
    pub fn from_der(der: &[u8]) -> Result<Self, CsrError> {
        if der.len() > CSR_BYTES_MAX {
            return Err(CsrError::TooLarge);
        }
        Ok(Self { der: der.to_vec() })
    }

    /// Checks key, proof of possession, and that all names can be read in one way only.
    ///
    /// # Errors
    /// What is wrong with the request.
    pub fn verify(&self) -> Result<Csr, CsrError> {
        let signed = Signed::parse(&self.der).map_err(|_| CsrError::Malformed)?;
        let contents = signed.contents().map_err(|_| CsrError::Malformed)?;
        let info = CertReqInfo::from_der(&contents).map_err(|_| CsrError::Malformed)?;
        let spki = info.public_key.to_der().map_err(|_| CsrError::Malformed)?;
        let public_key = PublicKey::from_spki_der(&spki)?;
        // strength before signature: a weak key is cheap to refuse
        public_key.check_strength()?;
        signed.verify(&public_key)?;
        let subject = DistinguishedName::read(&info.subject);
        if subject.common_names().len() > 1 {
            return Err(CsrError::SeveralCommonNames);
        }
        if subject.has_odd_identity() {
            return Err(CsrError::Name);
        }
        let extensions = requested_extensions(&info)?;
        let alt_names = alt_names(&extensions)?;
        Ok(Csr {
            subject,
            alt_names,
            public_key,
            asks_for_ca: asks_for_ca(&extensions)?,
            extensions: extensions.iter().map(RequestedExtension::of).collect(),
        })
    }
}

/// A request whose key is good and proved, with what it asks for.
#[derive(Clone, Debug)]
pub struct Csr {
    subject: DistinguishedName,
    alt_names: SubjectAltNames,
    public_key: PublicKey,
    asks_for_ca: bool,
    extensions: Vec<RequestedExtension>,
}

/// An extension that a request asks for. Only alternative names are ever read; the rest is a fact
/// for whoever decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedExtension {
    /// Dotted object identifier.
    pub oid: String,
    /// Whether it must be understood.
    pub critical: bool,
}

impl Csr {
    /// The common name, if there is one.
    pub fn common_name(&self) -> Option<&str> {
        self.subject.common_names().first().copied()
    }

    /// The whole subject.
    pub const fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// The alternative names.
    pub const fn alt_names(&self) -> &SubjectAltNames {
        &self.alt_names
    }

    /// The key it has proved.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Whether it wants to issue certificates (basic constraints or key usage).
    pub const fn asks_for_ca(&self) -> bool {
        self.asks_for_ca
    }

    /// All extensions it asks for.
    pub fn extensions(&self) -> &[RequestedExtension] {
        &self.extensions
    }
}

impl RequestedExtension {
    fn of(extension: &Extension) -> Self {
        Self { oid: extension.extn_id.to_string(), critical: extension.critical }
    }
}

/// The extensions of the one attribute that asks for them.
fn requested_extensions(info: &CertReqInfo) -> Result<Vec<Extension>, CsrError> {
    let mut requests = info.attributes.iter().filter(|attribute| attribute.oid == ID_EXTENSION_REQ);
    let Some(request) = requests.next() else { return Ok(Vec::new()) };
    let mut values = request.values.iter();
    let value = values.next().ok_or(CsrError::Malformed)?;
    if values.next().is_some() || requests.next().is_some() {
        return Err(CsrError::Twice);
    }
    let extensions: Vec<Extension> = value.decode_as().map_err(|_| CsrError::Malformed)?;
    let mut oids: Vec<ObjectIdentifier> = extensions.iter().map(|extension| extension.extn_id).collect();
    oids.sort_unstable();
    if oids.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(CsrError::Twice);
    }
    let known = [
        ID_CE_SUBJECT_ALT_NAME,
        ID_CE_KEY_USAGE,
        ID_CE_EXT_KEY_USAGE,
        ID_CE_BASIC_CONSTRAINTS,
        ID_CE_SUBJECT_KEY_IDENTIFIER,
    ];
    match extensions.iter().find(|extension| extension.critical && !known.contains(&extension.extn_id)) {
        Some(unknown) => Err(CsrError::UnknownCritical(unknown.extn_id)),
        None => Ok(extensions),
    }
}

fn alt_names(extensions: &[Extension]) -> Result<SubjectAltNames, CsrError> {
    let Some(SubjectAltName(names)) = decoded(extensions, ID_CE_SUBJECT_ALT_NAME)? else {
        return Ok(SubjectAltNames::default());
    };
    if names.len() > ALT_NAMES_MAX {
        return Err(CsrError::TooLarge);
    }
    let names =
        SubjectAltNames::read(&names).filter(SubjectAltNames::all_well_formed).ok_or(CsrError::Name)?;
    let mut spiffe = names.spiffe_uris();
    if let Some(uri) = spiffe.next()
        && (spiffe.next().is_some() || SpiffeId::parse(uri).is_err())
    {
        return Err(CsrError::Spiffe);
    }
    drop(spiffe);
    Ok(names)
}

fn asks_for_ca(extensions: &[Extension]) -> Result<bool, CsrError> {
    let constraints: Option<BasicConstraints> = decoded(extensions, ID_CE_BASIC_CONSTRAINTS)?;
    let usage: Option<KeyUsage> = decoded(extensions, ID_CE_KEY_USAGE)?;
    let signs = usage.is_some_and(|usage| usage.key_cert_sign() || usage.crl_sign());
    Ok(signs || constraints.is_some_and(|constraints| constraints.ca))
}

fn decoded<T: for<'a> Decode<'a>>(
    extensions: &[Extension],
    oid: ObjectIdentifier,
) -> Result<Option<T>, CsrError> {
    let extension = extensions.iter().find(|extension| extension.extn_id == oid);
    extension
        .map(|found| T::from_der(found.extn_value.as_bytes()).map_err(|_| CsrError::Malformed))
        .transpose()
}

//! Certificate requests of our own: for agents and clients.

use const_oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;
use const_oid::db::rfc5912::ID_EXTENSION_REQ;
use der::asn1::{Any, OctetString, SetOfVec};
use der::{Decode, Encode};
use x509_cert::attr::Attribute;
use x509_cert::ext::Extension;
use x509_cert::request::{CertReqInfo, Version};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::signed::{algorithm_of, assemble};
use super::{AltName, Subject};
use crate::keys::{KeyError, PrivateKey, SignatureForm};
use crate::pem;

/// Why a request cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsrBuildError {
    /// A value cannot be written.
    #[error("the subject or an alternative name cannot be written")]
    Name,
    /// Signing failed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<der::Error> for CsrBuildError {
    fn from(_: der::Error) -> Self {
        Self::Name
    }
}

/// Builds a certificate request.
#[derive(Clone, Debug, Default)]
pub struct CsrBuilder {
    subject: Subject,
    alt_names: Vec<AltName>,
}

impl CsrBuilder {
    /// A request for this subject.
    pub const fn new(subject: Subject) -> Self {
        Self { subject, alt_names: Vec::new() }
    }

    /// Adds a name.
    #[must_use]
    pub fn alt_name(mut self, name: AltName) -> Self {
        self.alt_names.push(name);
        self
    }

    /// Adds a DNS name.
    #[must_use]
    pub fn dns(self, name: &str) -> Self {
        self.alt_name(AltName::Dns(name.to_owned()))
    }

    /// Adds a URI.
    #[must_use]
    pub fn uri(self, uri: &str) -> Self {
        self.alt_name(AltName::Uri(uri.to_owned()))
    }

    /// Adds a mail address.
    #[must_use]
    pub fn email(self, address: &str) -> Self {
        self.alt_name(AltName::Email(address.to_owned()))
    }

    /// The signed request in PEM.
    ///
    /// # Errors
    /// A value cannot be written, or the library refuses.
    pub fn sign(&self, key: &PrivateKey) -> Result<String, CsrBuildError> {
        let der = self.sign_der(key)?;
        Ok(std::mem::take(&mut *pem::write("CERTIFICATE REQUEST", &der)))
    }

    /// The signed request in DER.
    ///
    /// # Errors
    /// As [`Self::sign`].
    pub fn sign_der(&self, key: &PrivateKey) -> Result<Vec<u8>, CsrBuildError> {
        let info = CertReqInfo {
            version: Version::V1,
            subject: self.subject.to_name().ok_or(CsrBuildError::Name)?,
            public_key: SubjectPublicKeyInfoOwned::from_der(key.public_key().to_spki_der())?,
            attributes: self.attributes()?,
        };
        let contents = info.to_der()?;
        let (hash, algorithm) = algorithm_of(key.kind());
        let signature = key.sign_as(hash, SignatureForm::Der, &contents)?;
        Ok(assemble(&contents, &algorithm, &signature)?)
    }

    fn attributes(&self) -> Result<SetOfVec<Attribute>, CsrBuildError> {
        let mut attributes = SetOfVec::new();
        if self.alt_names.is_empty() {
            return Ok(attributes);
        }
        let names: Option<Vec<_>> = self.alt_names.iter().map(AltName::to_general_name).collect();
        let extension = Extension {
            extn_id: ID_CE_SUBJECT_ALT_NAME,
            critical: false,
            extn_value: OctetString::new(names.ok_or(CsrBuildError::Name)?.to_der()?)?,
        };
        let mut values = SetOfVec::new();
        values.insert(Any::encode_from(&vec![extension])?)?;
        attributes.insert(Attribute { oid: ID_EXTENSION_REQ, values })?;
        Ok(attributes)
    }
}

//! Certificates as their readers need them.

use std::fmt;

use athenz_model::Timestamp;
use const_oid::AssociatedOid;
use der::{Decode, Encode};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, SubjectAltName, SubjectKeyIdentifier};
use x509_cert::time::Time;
use x509_cert::{Certificate as Asn1Certificate, TbsCertificate};

use super::signed::Signed;
use super::{DistinguishedName, SubjectAltNames};
use crate::digest::{sha1_key_identifier, sha256, sha256_base64url};
use crate::keys::{BadSignature, KeyError, PublicKey};
use crate::pem::{self, PemError};
use crate::random::to_hex;

const LABEL: &str = "CERTIFICATE";

/// Largest certificate, in bytes of DER.
const CERTIFICATE_BYTES_MAX: usize = 64 * 1024;

/// Why a certificate cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not PEM, or no certificate in it.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// Not DER of a certificate, or too large.
    #[error("the certificate is malformed")]
    Malformed,
    /// The subject is in a string type, or has characters, that readers disagree about.
    #[error("the certificate has a subject or an alternative name that readers disagree about")]
    Name,
    /// An extension is there twice.
    #[error("the certificate has an extension twice")]
    Twice,
}

/// A certificate. Whoever has one has read it, not verified it: that is the business of TLS, or of
/// [`Certificate::verify_signature`].
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    subject: DistinguishedName,
    issuer: DistinguishedName,
    alt_names: SubjectAltNames,
    not_before: Timestamp,
    not_after: Timestamp,
    serial: Vec<u8>,
    spki: Vec<u8>,
    is_ca: bool,
    extended_usages: Vec<String>,
    key_identifier: Option<Vec<u8>>,
}

impl Certificate {
    /// Reads DER.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > CERTIFICATE_BYTES_MAX {
            return Err(CertificateError::Malformed);
        }
        let tbs = Asn1Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?.tbs_certificate;
        let subject = DistinguishedName::read(&tbs.subject);
        let is_ca = extension::<BasicConstraints>(&tbs)?.is_some_and(|constraints| constraints.ca);
        // authorities are nobody's identity, and old ones have old string types
        if !is_ca && subject.has_odd_identity() {
            return Err(CertificateError::Name);
        }
        let alt_names = match extension::<SubjectAltName>(&tbs)? {
            Some(names) => SubjectAltNames::read(&names.0).ok_or(CertificateError::Name)?,
            None => SubjectAltNames::default(),
        };
        let usages = extension::<ExtendedKeyUsage>(&tbs)?.map_or_else(Vec::new, |usages| usages.0);
        Ok(Self {
            der: der.to_vec(),
            subject,
            issuer: DistinguishedName::read(&tbs.issuer),
            alt_names,
            not_before: moment(tbs.validity.not_before),
            not_after: moment(tbs.validity.not_after),
            serial: tbs.serial_number.as_bytes().to_vec(),
            spki: tbs.subject_public_key_info.to_der().map_err(|_| CertificateError::Malformed)?,
            is_ca,
            extended_usages: usages.iter().map(ToString::to_string).collect(),
            key_identifier: extension::<SubjectKeyIdentifier>(&tbs)?.map(|id| id.0.as_bytes().to_vec()),
        })
    }

    /// Reads the first certificate of a PEM text.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        Self::from_der(pem::read_one(text, &[LABEL])?.contents())
    }

    /// Reads all certificates of a PEM text; possibly none.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn from_pem_bundle(text: &str) -> Result<Vec<Self>, CertificateError> {
        let blocks = pem::read(text)?;
        blocks
            .iter()
            .filter(|block| block.label() == LABEL)
            .map(|block| Self::from_der(block.contents()))
            .collect()
    }

    /// The certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate in PEM, with a line end behind it.
    pub fn to_pem(&self) -> String {
        std::mem::take(&mut *pem::write(LABEL, &self.der))
    }

    /// Whom it is about.
    pub const fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// Who issued it.
    pub const fn issuer(&self) -> &DistinguishedName {
        &self.issuer
    }

    /// The common name, if there is exactly one.
    pub fn common_name(&self) -> Option<&str> {
        match self.subject.common_names().as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The alternative names.
    pub const fn alt_names(&self) -> &SubjectAltNames {
        &self.alt_names
    }

    /// Valid from.
    pub const fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Valid until, including this second.
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether the moment lies within its validity.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now.truncated_to_seconds() <= self.not_after
    }

    /// The serial number, big endian without leading zeros.
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// The serial number as Java prints it in decimal.
    pub fn serial_decimal(&self) -> String {
        decimal(&self.serial)
    }

    /// The serial number in lower-case hexadecimal.
    pub fn serial_hex(&self) -> String {
        to_hex(&self.serial)
    }

    /// The public key.
    ///
    /// # Errors
    /// It is of a kind that we do not use.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_spki_der(&self.spki)
    }

    /// The `SubjectPublicKeyInfo` in DER, whatever the kind.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// SHA-256 of the certificate, base64url without padding: `x5t#S256` (RFC 8705 section 3.1).
    pub fn thumbprint(&self) -> String {
        sha256_base64url(&self.der)
    }

    /// SHA-256 of the certificate.
    pub fn sha256(&self) -> [u8; 32] {
        sha256(&self.der)
    }

    /// Whether it may issue certificates.
    pub const fn is_ca(&self) -> bool {
        self.is_ca
    }

    /// Extended key usages, as dotted object identifiers.
    pub fn extended_usages(&self) -> &[String] {
        &self.extended_usages
    }

    /// The key identifier that certificates issued by this one refer to.
    pub(super) fn key_identifier(&self) -> Result<Vec<u8>, KeyError> {
        match &self.key_identifier {
            Some(identifier) => Ok(identifier.clone()),
            None => Ok(sha1_key_identifier(self.public_key()?.raw()).to_vec()),
        }
    }

    /// Whether the key has signed this certificate. Says nothing about names and times.
    ///
    /// # Errors
    /// It has not, or with something older than SHA-256.
    pub fn verify_signature(&self, issuer_key: &PublicKey) -> Result<(), BadSignature> {
        Signed::parse(&self.der).map_err(|_| BadSignature)?.verify(issuer_key)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, serial {})", self.subject.text(), self.serial_hex())
    }
}

/// An extension of the certificate, which must not be there twice.
fn extension<T: AssociatedOid + for<'a> Decode<'a>>(
    tbs: &TbsCertificate,
) -> Result<Option<T>, CertificateError> {
    let mut found = tbs.extensions.iter().flatten().filter(|extension| extension.extn_id == T::OID);
    let Some(extension) = found.next() else { return Ok(None) };
    if found.next().is_some() {
        return Err(CertificateError::Twice);
    }
    T::from_der(extension.extn_value.as_bytes()).map(Some).map_err(|_| CertificateError::Malformed)
}

fn moment(time: Time) -> Timestamp {
    Timestamp::from_seconds(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX))
}

/// A big-endian number in decimal.
fn decimal(bytes: &[u8]) -> String {
    // digits in groups of nine, the least significant group first
    let mut groups: Vec<u64> = vec![0];
    for byte in bytes {
        let mut carry = u64::from(*byte);
        for group in &mut groups {
            let value = *group * 256 + carry;
            *group = value % 1_000_000_000;
            carry = value / 1_000_000_000;
        }
        if carry > 0 {
            groups.push(carry);
        }
    }
    let mut groups = groups.iter().rev();
    let first = groups.next().map(ToString::to_string).unwrap_or_default();
    groups.fold(first, |text, group| format!("{text}{group:09}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_in_decimal() {
        for (bytes, text) in [
            (&[][..], "0"),
            (&[0], "0"),
            (&[255], "255"),
            (&[1, 0, 0, 0, 0], "4294967296"),
            (&[0x3b, 0x9a, 0xca, 0x00], "1000000000"),
            (&[0xff; 16], "340282366920938463463374607431768211455"),
        ] {
            assert_eq!(decimal(bytes), text);
        }
    }
}

//! A certificate authority: builds certificates from values, never from a request.

use std::time::Duration;

use athenz_model::Timestamp;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE,
    ID_CE_SUBJECT_ALT_NAME, ID_CE_SUBJECT_KEY_IDENTIFIER, ID_KP_CLIENT_AUTH, ID_KP_CODE_SIGNING,
    ID_KP_SERVER_AUTH, ID_KP_TIME_STAMPING,
};
use der::asn1::{GeneralizedTime, OctetString, UtcTime};
use der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{TbsCertificate, Version};

use super::certificate::CertificateError;
use super::signed::{algorithm_of, assemble};
use super::{AltName, Certificate, Subject};
use crate::digest::sha1_key_identifier;
use crate::keys::{Hash, KeyError, PublicKey, SignatureForm};
use crate::random::{self, Random};
use crate::ring::SigningKey;

/// Why a certificate cannot be issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// A value cannot be written.
    #[error("the subject or an alternative name cannot be written")]
    Name,
    /// The certificate would not be valid at any moment, or the authority's own has expired.
    #[error("the certificate would never be valid, or the authority's own has expired")]
    Validity,
    /// The certificate of the authority does not allow it to issue.
    #[error("the certificate of the authority is not one of an authority")]
    NotAuthority,
    /// Key and certificate of the authority do not belong together.
    #[error("the key of the authority does not belong to its certificate")]
    OtherKey,
    /// The key is elsewhere, and signing there takes an `await`.
    #[error("the key of the authority is not in this process")]
    NotInProcess,
    /// The key to certify is too weak, or signing failed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The certificate of the authority cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

impl From<der::Error> for IssueError {
    fn from(_: der::Error) -> Self {
        Self::Name
    }
}

/// What a certificate may be used for (RFC 5280 section 4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtendedUsage {
    /// The client of a TLS connection.
    Client,
    /// The server of a TLS connection.
    Server,
    /// Signing of code.
    CodeSigning,
    /// Signing of time stamps.
    TimeStamping,
}

impl ExtendedUsage {
    const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Client => ID_KP_CLIENT_AUTH,
            Self::Server => ID_KP_SERVER_AUTH,
            Self::CodeSigning => ID_KP_CODE_SIGNING,
            Self::TimeStamping => ID_KP_TIME_STAMPING,
        }
    }
}

/// Everything a certificate will say; nothing else gets in.
#[derive(Clone, Debug)]
pub struct IssueRequest {
    /// Whom it is about; may be empty when there are alternative names.
    pub subject: Subject,
    /// Its other names.
    pub alt_names: Vec<AltName>,
    /// Valid from; the fraction of a second is dropped.
    pub not_before: Timestamp,
    /// Valid until, but never beyond the authority itself.
    pub not_after: Timestamp,
    /// What it may be used for; none means anything.
    pub usages: Vec<ExtendedUsage>,
    /// The key it certifies.
    pub public_key: PublicKey,
}

/// A certificate that lacks its signature.
#[derive(Clone, Debug)]
pub struct PreparedCertificate {
    contents: Vec<u8>,
    algorithm: AlgorithmIdentifierOwned,
    hash: Hash,
}

impl PreparedCertificate {
    fn of(tbs: &TbsCertificate, hash: Hash) -> Result<Self, IssueError> {
        Ok(Self { contents: tbs.to_der()?, algorithm: tbs.signature.clone(), hash })
    }

    fn assemble(&self, signature: &[u8]) -> Result<Certificate, IssueError> {
        Ok(Certificate::from_der(&assemble(&self.contents, &self.algorithm, signature)?)?)
    }

    fn sign(&self, key: &SigningKey) -> Result<Certificate, IssueError> {
        let key = key.private_key().ok_or(IssueError::NotInProcess)?;
        self.assemble(&key.sign_as(self.hash, SignatureForm::Der, &self.contents)?)
    }

    async fn sign_with(&self, key: &SigningKey) -> Result<Certificate, IssueError> {
        self.assemble(&key.sign_as(self.hash, SignatureForm::Der, &self.contents).await?)
    }
}

/// An authority: its certificate, its key, and what all its certificates share.
#[derive(Clone, Debug)]
pub struct Authority {
    certificate: Certificate,
    key: SigningKey,
    issuer: Name,
    hash: Hash,
    algorithm: AlgorithmIdentifierOwned,
    basic_constraints: Extension,
    key_usage: Extension,
    key_identifier: Extension,
}

impl Authority {
    /// The authority of a certificate and its key.
    ///
    /// # Errors
    /// They do not belong together, or the certificate is not one of an authority.
    pub fn new(certificate: Certificate, key: SigningKey) -> Result<Self, IssueError> {
        if !certificate.is_ca() {
            return Err(IssueError::NotAuthority);
        }
        if certificate.public_key()? != *key.public_key() {
            return Err(IssueError::OtherKey);
        }
        let issuer = x509_cert::Certificate::from_der(certificate.der())?.tbs_certificate.subject;
        let (hash, algorithm) = algorithm_of(key.public_key().kind());
        let identifier = AuthorityKeyIdentifier {
            key_identifier: Some(OctetString::new(certificate.key_identifier()?)?),
            ..AuthorityKeyIdentifier::default()
        };
        let leaf = BasicConstraints { ca: false, path_len_constraint: None };
        let usage = KeyUsage(KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment);
        Ok(Self {
            issuer,
            hash,
            algorithm,
            basic_constraints: extension(ID_CE_BASIC_CONSTRAINTS, false, &leaf)?,
            key_usage: extension(ID_CE_KEY_USAGE, false, &usage)?,
            key_identifier: extension(ID_CE_AUTHORITY_KEY_IDENTIFIER, false, &identifier)?,
            certificate,
            key,
        })
    }

    /// A new authority that vouches for itself.
    ///
    /// # Errors
    /// The name cannot be written, the life is not positive, or the key is not in this process.
    pub fn self_signed(
        key: SigningKey,
        name: &Subject,
        not_before: Timestamp,
        days: i64,
        random: &dyn Random,
    ) -> Result<Self, IssueError> {
        let subject = name.to_name().ok_or(IssueError::Name)?;
        let (hash, algorithm) = algorithm_of(key.public_key().kind());
        let tbs = TbsCertificate {
            version: Version::V3,
            serial_number: serial_number(random)?,
            signature: algorithm,
            issuer: subject.clone(),
            validity: validity(not_before, not_before.plus_days(days))?,
            subject,
            subject_public_key_info: spki(key.public_key())?,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(authority_extensions(key.public_key(), None)?),
        };
        let certificate = PreparedCertificate::of(&tbs, hash)?.sign(&key)?;
        Self::new(certificate, key)
    }

    /// The certificate of an authority below this one, which issues to leaves only.
    ///
    /// # Errors
    /// The name cannot be written, the life is over before it begins, or the key is not in this process.
    pub fn issue_intermediate(
        &self,
        name: &Subject,
        public_key: &PublicKey,
        not_before: Timestamp,
        days: i64,
        random: &dyn Random,
    ) -> Result<Certificate, IssueError> {
        let mut extensions = authority_extensions(public_key, Some(0))?;
        extensions.push(self.key_identifier.clone());
        let until = not_before.plus_days(days);
        let tbs = self.tbs(
            name.to_name().ok_or(IssueError::Name)?,
            public_key,
            not_before,
            until,
            extensions,
            random,
        )?;
        PreparedCertificate::of(&tbs, self.hash)?.sign(&self.key)
    }

    /// The certificate of the authority.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The key of the authority.
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Issues a certificate with a key of this process.
    ///
    /// # Errors
    /// A value cannot be written, the certificate would never be valid, the key to certify is weak,
    /// or the key of the authority is elsewhere.
    pub fn issue(&self, request: &IssueRequest, random: &dyn Random) -> Result<Certificate, IssueError> {
        self.prepare(request, random)?.sign(&self.key)
    }

    /// Issues a certificate with a key that may be elsewhere.
    ///
    /// # Errors
    /// As [`Self::issue`], and the signer fails.
    pub async fn issue_with(
        &self,
        request: &IssueRequest,
        random: &dyn Random,
    ) -> Result<Certificate, IssueError> {
        self.prepare(request, random)?.sign_with(&self.key).await
    }

    /// Extensions in the order of the reference, byte for byte where the values are the same.
    fn prepare(
        &self,
        request: &IssueRequest,
        random: &dyn Random,
    ) -> Result<PreparedCertificate, IssueError> {
        request.public_key.check_strength()?;
        if request.subject.is_empty() && request.alt_names.is_empty() {
            return Err(IssueError::Name);
        }
        let mut extensions = vec![self.basic_constraints.clone()];
        if !request.usages.is_empty() {
            let usages = ExtendedKeyUsage(request.usages.iter().map(|usage| usage.oid()).collect());
            extensions.push(extension(ID_CE_EXT_KEY_USAGE, false, &usages)?);
        }
        extensions.push(self.key_usage.clone());
        extensions.push(self.key_identifier.clone());
        if !request.alt_names.is_empty() {
            let names: Option<Vec<_>> = request.alt_names.iter().map(AltName::to_general_name).collect();
            // RFC 5280 section 4.2.1.6: critical when there is no other name
            let critical = request.subject.is_empty();
            extensions.push(extension(ID_CE_SUBJECT_ALT_NAME, critical, &names.ok_or(IssueError::Name)?)?);
        }
        let subject = request.subject.to_name().ok_or(IssueError::Name)?;
        let (from, until) = (request.not_before, request.not_after);
        let tbs = self.tbs(subject, &request.public_key, from, until, extensions, random)?;
        PreparedCertificate::of(&tbs, self.hash)
    }

    fn tbs(
        &self,
        subject: Name,
        public_key: &PublicKey,
        not_before: Timestamp,
        not_after: Timestamp,
        extensions: Vec<Extension>,
        random: &dyn Random,
    ) -> Result<TbsCertificate, IssueError> {
        Ok(TbsCertificate {
            version: Version::V3,
            serial_number: serial_number(random)?,
            signature: self.algorithm.clone(),
            issuer: self.issuer.clone(),
            validity: validity(not_before, not_after.min(self.certificate.not_after()))?,
            subject,
            subject_public_key_info: spki(public_key)?,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(extensions),
        })
    }
}

/// Basic constraints, key usage and key identifier of an authority.
fn authority_extensions(key: &PublicKey, path_length: Option<u8>) -> Result<Vec<Extension>, IssueError> {
    let constraints = BasicConstraints { ca: true, path_len_constraint: path_length };
    let usage = KeyUsage(KeyUsages::DigitalSignature | KeyUsages::KeyCertSign | KeyUsages::CRLSign);
    let identifier = OctetString::new(sha1_key_identifier(key.raw()))?;
    Ok(vec![
        extension(ID_CE_BASIC_CONSTRAINTS, true, &constraints)?,
        extension(ID_CE_KEY_USAGE, true, &usage)?,
        extension(ID_CE_SUBJECT_KEY_IDENTIFIER, false, &identifier)?,
    ])
}

fn extension(oid: ObjectIdentifier, critical: bool, value: &impl Encode) -> Result<Extension, IssueError> {
    Ok(Extension { extn_id: oid, critical, extn_value: OctetString::new(value.to_der()?)? })
}

/// A random positive number of 127 bits: 16 octets at most.
fn serial_number(random: &dyn Random) -> Result<SerialNumber, IssueError> {
    let number = u128::from_be_bytes(random::bytes(random)) >> 1;
    Ok(SerialNumber::new(&number.max(1).to_be_bytes())?)
}

fn spki(key: &PublicKey) -> Result<SubjectPublicKeyInfoOwned, IssueError> {
    Ok(SubjectPublicKeyInfoOwned::from_der(key.to_spki_der())?)
}

fn validity(not_before: Timestamp, not_after: Timestamp) -> Result<Validity, IssueError> {
    if not_before.seconds() >= not_after.seconds() {
        return Err(IssueError::Validity);
    }
    Ok(Validity { not_before: time(not_before)?, not_after: time(not_after)? })
}

/// UTCTime through 2049, GeneralizedTime after (RFC 5280 section 4.1.2.5).
fn time(moment: Timestamp) -> Result<Time, IssueError> {
    let since_epoch = Duration::from_secs(u64::try_from(moment.seconds()).map_err(|_| IssueError::Validity)?);
    if let Ok(time) = UtcTime::from_unix_duration(since_epoch) {
        return Ok(Time::UtcTime(time));
    }
    let time = GeneralizedTime::from_unix_duration(since_epoch).map_err(|_| IssueError::Validity)?;
    Ok(Time::GeneralTime(time))
}

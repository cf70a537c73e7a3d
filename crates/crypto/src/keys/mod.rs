//! Keys and signatures: RSA from 2048 bits, and the NIST curves P-256, P-384 and P-521.
//!
//! A key knows which algorithms it may be used with; nothing else is ever tried with it.

mod ecdsa;
mod private;
mod public;

use std::fmt;
use std::str::FromStr;

pub use private::PrivateKey;
pub use public::PublicKey;

use crate::pem::PemError;

/// Smallest RSA key that new things may be made with, in bits.
pub const RSA_BITS_MIN: u32 = 2048;
/// Smallest RSA key that can be read at all, in bits: service keys registered long ago.
pub const RSA_BITS_LEGACY: u32 = 1024;
/// Largest RSA key: the cost of a check grows with the size, and the size is the caller's choice.
pub const RSA_BITS_MAX: u32 = 8192;

/// Why a key cannot be read or used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not PEM, or not of a kind that holds a key.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The encoding is broken.
    #[error("the key is malformed")]
    Malformed,
    /// Another kind of key, another curve, or explicit curve parameters.
    #[error("the key is of an unsupported kind: use RSA, or EC on P-256, P-384 or P-521")]
    Unsupported,
    /// Too small or too large, or with an exponent that asks for trouble.
    #[error("the key is too weak or too large: {0}")]
    Strength(&'static str),
    /// The algorithm does not belong to this kind of key.
    #[error("{algorithm} cannot be used with a key of kind {kind}")]
    WrongAlgorithm {
        /// What was asked for.
        algorithm: &'static str,
        /// What the key is.
        kind: KeyKind,
    },
    /// The library refused to sign or to make a key.
    #[error("the key could not be used")]
    Failed,
}

/// A signature does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not valid")]
pub struct BadSignature;

/// Curves of EC keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-256, also called secp256r1 and prime256v1.
    P256,
    /// NIST P-384, also called secp384r1.
    P384,
    /// NIST P-521, also called secp521r1.
    P521,
}

impl Curve {
    /// Bytes of a coordinate, and of each half of a signature.
    pub const fn field_bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The name in a JWK (RFC 7518 section 6.2.1.1).
    pub const fn rfc_name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The name that Athenz writes into a JWK unless asked for the RFC's.
    pub const fn athenz_name(self) -> &'static str {
        match self {
            Self::P256 => "prime256v1",
            Self::P384 => "secp384r1",
            Self::P521 => "secp521r1",
        }
    }

    /// The curve of any of the names in use.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "P-256" | "prime256v1" | "secp256r1" => Some(Self::P256),
            "P-384" | "secp384r1" => Some(Self::P384),
            "P-521" | "secp521r1" => Some(Self::P521),
            _ => None,
        }
    }

    /// The digest whose length fits the curve.
    pub(crate) const fn hash(self) -> Hash {
        match self {
            Self::P256 => Hash::Sha256,
            Self::P384 => Hash::Sha384,
            Self::P521 => Hash::Sha512,
        }
    }
}

/// What a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// An elliptic curve key.
    Ec(Curve),
    /// An RSA key.
    Rsa {
        /// Size of the modulus.
        bits: u32,
    },
}

impl KeyKind {
    /// The JOSE algorithms a key of this kind may be used with; the first is the usual one.
    pub const fn algorithms(self) -> &'static [Algorithm] {
        match self {
            Self::Ec(Curve::P256) => &[Algorithm::Es256],
            Self::Ec(Curve::P384) => &[Algorithm::Es384],
            Self::Ec(Curve::P521) => &[Algorithm::Es512],
            Self::Rsa { .. } => &[Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512],
        }
    }

    /// The usual JOSE algorithm of such a key.
    pub const fn default_algorithm(self) -> Algorithm {
        match self {
            Self::Ec(Curve::P256) => Algorithm::Es256,
            Self::Ec(Curve::P384) => Algorithm::Es384,
            Self::Ec(Curve::P521) => Algorithm::Es512,
            Self::Rsa { .. } => Algorithm::Rs256,
        }
    }

    /// Whether this is an RSA key.
    pub const fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa { .. })
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ec(curve) => write!(f, "EC {}", curve.rfc_name()),
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
        }
    }
}

/// Digests that signatures are made over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-256: every Athenz token and document.
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl Hash {
    pub(crate) fn library(self) -> &'static aws_lc_rs::digest::Algorithm {
        match self {
            Self::Sha256 => &aws_lc_rs::digest::SHA256,
            Self::Sha384 => &aws_lc_rs::digest::SHA384,
            Self::Sha512 => &aws_lc_rs::digest::SHA512,
        }
    }
}

/// JOSE signature algorithms (RFC 7518 section 3.1). There is no other: neither `none` nor HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    Rs384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    Rs512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Rs256, Self::Rs384, Self::Rs512, Self::Es256, Self::Es384, Self::Es512];

    /// The text of an `alg` header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }

    /// The digest it signs.
    pub const fn hash(self) -> Hash {
        match self {
            Self::Rs256 | Self::Es256 => Hash::Sha256,
            Self::Rs384 | Self::Es384 => Hash::Sha384,
            Self::Rs512 | Self::Es512 => Hash::Sha512,
        }
    }

    /// Whether a key of this kind may be used with it.
    pub fn fits(self, kind: KeyKind) -> bool {
        kind.algorithms().contains(&self)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No algorithm of ours has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unsupported signature algorithm")]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text).ok_or(UnknownAlgorithm)
    }
}

/// How the two numbers of an ECDSA signature are written. RSA has one form only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SignatureForm {
    /// A DER sequence: Athenz tokens, certificates, and flattened JWS unless asked otherwise.
    #[default]
    Der,
    /// Fixed width r‖s (IEEE P1363): every compact JWS.
    P1363,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithm_names_are_exact() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
        }
        for text in [
            "none", "None", "nOnE", "NONE", "", "es256", "ES256 ", "HS256", "HS512", "PS256", "EdDSA",
            "ES256K",
        ] {
            assert_eq!(text.parse::<Algorithm>(), Err(UnknownAlgorithm), "{text}");
        }
    }
}

//! Private keys.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RsaEncoding,
};
use zeroize::Zeroizing;

use super::{
    Algorithm, Curve, Hash, KeyError, KeyKind, PublicKey, RSA_BITS_MAX, RSA_BITS_MIN, SignatureForm, ecdsa,
};
use crate::pem::{self, Block, PemError};

const PKCS8: &str = "PRIVATE KEY";
const SEC1: &str = "EC PRIVATE KEY";
const PKCS1: &str = "RSA PRIVATE KEY";

/// A private key in this process. Cloning shares it.
#[derive(Clone)]
pub struct PrivateKey {
    pair: Arc<Pair>,
    public: PublicKey,
}

enum Pair {
    Ec(Curve, EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl PrivateKey {
    /// A new EC key.
    ///
    /// # Errors
    /// The library refuses.
    pub fn generate_ec(curve: Curve) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate(signing_algorithm(curve)).map_err(|_| KeyError::Failed)?;
        Self::from_ec(curve, pair)
    }

    /// A new RSA key of 2048, 3072, 4096 or 8192 bits. Takes a fraction of a second, or more.
    ///
    /// # Errors
    /// Another size.
    pub fn generate_rsa(bits: u32) -> Result<Self, KeyError> {
        let size = match bits {
            2048 => KeySize::Rsa2048,
            3072 => KeySize::Rsa3072,
            4096 => KeySize::Rsa4096,
            8192 => KeySize::Rsa8192,
            _ => return Err(KeyError::Strength("RSA keys are made with 2048, 3072, 4096 or 8192 bits")),
        };
        Self::from_rsa(RsaKeyPair::generate(size).map_err(|_| KeyError::Failed)?)
    }

    /// Reads PKCS#8, SEC1 (behind an `EC PARAMETERS` block or not) or PKCS#1, unencrypted.
    ///
    /// # Errors
    /// No such block, another kind of key, or RSA below 2048 bits.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let block = pem::read_one(text, &[PKCS8, SEC1, PKCS1])?;
        Self::from_block(&block)
    }

    /// Reads a block that [`crate::pem::read`] found.
    ///
    /// # Errors
    /// As [`Self::from_pem`].
    pub fn from_block(block: &Block) -> Result<Self, KeyError> {
        match block.label() {
            PKCS8 => Self::from_pkcs8_der(block.contents()),
            SEC1 => Self::from_any_curve(block.contents()).ok_or(KeyError::Unsupported)?,
            PKCS1 => Self::from_rsa(RsaKeyPair::from_der(block.contents()).map_err(|_| rejected_rsa())?),
            label => Err(PemError::OtherLabel { expected: PKCS8, found: label.to_owned() }.into()),
        }
    }

    /// Reads an unencrypted PKCS#8 `PrivateKeyInfo`.
    ///
    /// # Errors
    /// Another kind of key, or RSA below 2048 bits.
    pub fn from_pkcs8_der(contents: &[u8]) -> Result<Self, KeyError> {
        if let Some(key) = Self::from_any_curve(contents) {
            return key;
        }
        Self::from_rsa(RsaKeyPair::from_pkcs8(contents).map_err(|_| rejected_rsa())?)
    }

    /// The key as PKCS#8 PEM, for a file that only its owner reads.
    ///
    /// # Errors
    /// The library refuses.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        Ok(pem::write(PKCS8, &self.to_pkcs8_der()?))
    }

    /// The key as PKCS#8 DER.
    ///
    /// # Errors
    /// The library refuses.
    pub fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let contents = match &*self.pair {
            Pair::Ec(_, pair) => pair.to_pkcs8v1().map_err(|_| KeyError::Failed)?.as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let document: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Failed)?;
                document.as_ref().to_vec()
            }
        };
        Ok(Zeroizing::new(contents))
    }

    /// The public half.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// What the key is.
    pub fn kind(&self) -> KeyKind {
        self.public.kind()
    }

    /// The usual JOSE algorithm of the key.
    pub fn default_algorithm(&self) -> Algorithm {
        self.kind().default_algorithm()
    }

    /// Signs with a JOSE algorithm; ECDSA in fixed width, as JOSE has it.
    ///
    /// # Errors
    /// The algorithm is not one of this key.
    pub fn sign(&self, algorithm: Algorithm, data: &[u8]) -> Result<Vec<u8>, KeyError> {
        if !algorithm.fits(self.kind()) {
            return Err(KeyError::WrongAlgorithm { algorithm: algorithm.as_str(), kind: self.kind() });
        }
        self.sign_as(algorithm.hash(), SignatureForm::P1363, data)
    }

    /// Signs SHA-256 of the data, ECDSA as DER: Athenz's tokens and documents, with any key.
    ///
    /// # Errors
    /// The library refuses.
    pub fn sign_sha256(&self, data: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.sign_as(Hash::Sha256, SignatureForm::Der, data)
    }

    /// Signs with a digest and a form of choice; the form means nothing to RSA.
    ///
    /// # Errors
    /// The library refuses.
    pub fn sign_as(&self, hash: Hash, form: SignatureForm, data: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &*self.pair {
            Pair::Ec(curve, pair) => sign_ec(*curve, pair, hash, form, data),
            Pair::Rsa(pair) => sign_rsa(pair, hash, data),
        }
    }

    /// An EC key in PKCS#8 or SEC1; `None` when it is on no curve of ours, or no EC key at all.
    fn from_any_curve(contents: &[u8]) -> Option<Result<Self, KeyError>> {
        [Curve::P256, Curve::P384, Curve::P521].into_iter().find_map(|curve| {
            let pair = EcdsaKeyPair::from_private_key_der(signing_algorithm(curve), contents).ok()?;
            Some(Self::from_ec(curve, pair))
        })
    }

    fn from_ec(curve: Curve, pair: EcdsaKeyPair) -> Result<Self, KeyError> {
        let public = PublicKey::from_point(curve, pair.public_key().as_ref())?;
        Ok(Self { pair: Arc::new(Pair::Ec(curve, pair)), public })
    }

    fn from_rsa(pair: RsaKeyPair) -> Result<Self, KeyError> {
        let bits = u32::try_from(pair.public_modulus_len() * 8).map_err(|_| rejected_rsa())?;
        if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
            return Err(rejected_rsa());
        }
        let public = PublicKey::from_pkcs1_der(pair.public_key().as_ref())?;
        Ok(Self { pair: Arc::new(Pair::Rsa(pair)), public })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, <secret>)", self.kind())
    }
}

const fn rejected_rsa() -> KeyError {
    KeyError::Strength("not an EC key on P-256, P-384 or P-521, and not an RSA key of 2048 to 8192 bits")
}

fn sign_ec(
    curve: Curve,
    pair: &EcdsaKeyPair,
    hash: Hash,
    form: SignatureForm,
    data: &[u8],
) -> Result<Vec<u8>, KeyError> {
    let digest = ecdsa::digest_for(curve, hash, data)?;
    let signature = pair.sign_digest(&digest).map_err(|_| KeyError::Failed)?;
    match form {
        SignatureForm::P1363 => Ok(signature.as_ref().to_vec()),
        SignatureForm::Der => ecdsa::to_der(signature.as_ref()),
    }
}

fn sign_rsa(pair: &RsaKeyPair, hash: Hash, data: &[u8]) -> Result<Vec<u8>, KeyError> {
    let padding: &'static dyn RsaEncoding = match hash {
        Hash::Sha256 => &RSA_PKCS1_SHA256,
        Hash::Sha384 => &RSA_PKCS1_SHA384,
        Hash::Sha512 => &RSA_PKCS1_SHA512,
    };
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), data, &mut signature).map_err(|_| KeyError::Failed)?;
    Ok(signature)
}

const fn signing_algorithm(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
    }
}

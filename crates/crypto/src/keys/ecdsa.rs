//! The two forms of an ECDSA signature, and digests that do not have the length of the curve.

use aws_lc_rs::digest::{Digest, digest};
use der::asn1::UintRef;
use der::{Decode, Encode, Sequence};

use super::{BadSignature, Curve, Hash, KeyError};

/// `Ecdsa-Sig-Value` of RFC 3279 section 2.2.3.
#[derive(Sequence)]
struct SignatureValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// The digest in the length that the curve works with. ECDSA takes a digest as a number and uses
/// its leftmost bits (FIPS 186-5 section 6.4): zeros in front of a shorter one, or the tail of a
/// longer one cut off, leave that number as it is.
pub(super) fn digest_for(curve: Curve, hash: Hash, data: &[u8]) -> Result<Digest, KeyError> {
    let made = digest(hash.library(), data);
    if hash == curve.hash() {
        return Ok(made);
    }
    let fitting = curve.hash().library();
    let mut padded = vec![0; fitting.output_len().saturating_sub(made.as_ref().len())];
    padded.extend_from_slice(made.as_ref());
    padded.truncate(fitting.output_len());
    Digest::import_less_safe(&padded, fitting).map_err(|_| KeyError::Failed)
}

/// Fixed width to DER.
pub(super) fn to_der(fixed: &[u8]) -> Result<Vec<u8>, KeyError> {
    let (r, s) = fixed.split_at_checked(fixed.len() / 2).ok_or(KeyError::Failed)?;
    let number = |bytes| UintRef::new(bytes).map_err(|_| KeyError::Failed);
    SignatureValue { r: number(r)?, s: number(s)? }.to_der().map_err(|_| KeyError::Failed)
}

/// DER to fixed width; only the one DER encoding of a signature is accepted.
pub(super) fn to_fixed(curve: Curve, signature: &[u8]) -> Result<Vec<u8>, BadSignature> {
    let value = SignatureValue::from_der(signature).map_err(|_| BadSignature)?;
    let mut fixed = Vec::with_capacity(2 * curve.field_bytes());
    for number in [value.r.as_bytes(), value.s.as_bytes()] {
        let zeros = curve.field_bytes().checked_sub(number.len()).ok_or(BadSignature)?;
        fixed.resize(fixed.len() + zeros, 0);
        fixed.extend_from_slice(number);
    }
    Ok(fixed)
}

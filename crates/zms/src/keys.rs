//! Public keys as services register them: ybase64 of PEM text.

use athenz_crypto::keys::PublicKey;
use athenz_crypto::ybase64;

/// The key of a registered text.
pub(crate) fn public_key(text: &str) -> Option<PublicKey> {
    let pem = ybase64::decode(text).ok()?;
    PublicKey::from_pem(std::str::from_utf8(&pem).ok()?).ok()
}

/// Whether a text is the ybase64 of a PEM public key or certificate.
pub(crate) fn is_public_key(text: &str) -> bool {
    public_key(text).is_some()
}

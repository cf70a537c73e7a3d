//! Keys, signatures, tokens, certificates and TLS settings: the only crate with the crypto library.

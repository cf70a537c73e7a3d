//! What a decision needs of a certificate.

use athenz_crypto::x509::Certificate;

use crate::core::{PeerCertificate, RoleCertificate};

/// The client certificate of a connection, which the TLS layer has verified.
pub fn peer_certificate(certificate: &Certificate) -> PeerCertificate {
    PeerCertificate {
        thumbprint: certificate.thumbprint(),
        common_name: certificate.common_name().map(str::to_owned),
        spiffe_id: certificate.alt_names().spiffe_uri().map(str::to_owned),
        not_before: Some(certificate.not_before()),
    }
}

/// A role certificate, which the TLS layer has verified.
pub fn role_certificate(certificate: &Certificate) -> RoleCertificate {
    RoleCertificate {
        issuer: certificate.issuer().rfc2253(),
        common_name: certificate.common_name().map(str::to_owned),
    }
}

//! Requests made by OpenSSL, all with one key: names and wishes that no workload may have.

use athenz_crypto::x509::Certificate;
use serde_json::Value;

use super::{World, certificate};

#[tokio::test]
async fn what_a_request_wishes_beside_its_names_is_refused_or_left_out() {
    let plain = register_with(include_str!("odd_requests/plain.pem")).await;
    let plain = certificate(&plain);
    for (request, status) in [
        (include_str!("odd_requests/wishes.pem"), 201),
        (include_str!("odd_requests/key_usages.pem"), 400),
        (include_str!("odd_requests/name_constraints.pem"), 400),
        (include_str!("odd_requests/unknown_critical.pem"), 400),
        (include_str!("odd_requests/authority.pem"), 400),
        (include_str!("odd_requests/other_name.pem"), 400),
        (include_str!("odd_requests/directory_name.pem"), 400),
        (include_str!("odd_requests/registered_id.pem"), 400),
        (include_str!("odd_requests/client_address.pem"), 403),
    ] {
        let answer = register_with(request).await;
        assert_eq!(answer.0, status, "{request} {answer:?}");
        if status == 201 {
            let made = certificate(&answer);
            assert_eq!(made.extended_usages(), plain.extended_usages(), "{request}");
            assert_eq!(extensions(&made), extensions(&plain), "nothing is copied from {request}");
        }
    }
}

/// Registers by a register token, which proves any key once.
async fn register_with(request: &str) -> (u16, Value) {
    let world = World::new();
    let token = world.register_token("i-1").await;
    world.register(&token, request).await
}

/// The length of a certificate's extensions, which stand behind its key.
fn extensions(certificate: &Certificate) -> usize {
    let (der, spki) = (certificate.der(), certificate.spki_der());
    let at = der.windows(spki.len()).position(|window| window == spki).unwrap();
    let behind = &der[at + spki.len()..];
    for word in ["evil.example", "hello", "unknown"] {
        assert!(!behind.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
    // [3] and its length, in one of the forms of DER (X.690, section 8.1.3)
    match behind[1] {
        0x81 => usize::from(behind[2]),
        0x82 => usize::from(behind[2]) << 8 | usize::from(behind[3]),
        short => usize::from(short),
    }
}

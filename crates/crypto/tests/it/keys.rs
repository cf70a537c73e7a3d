use std::time::Instant;

use athenz_crypto::keys::{BadSignature, Curve, Hash, KeyError, KeyKind};
use athenz_crypto::{Algorithm, PrivateKey, PublicKey, SignatureForm};

use crate::support::{keys, p256};

const RSA_1024: &str = include_str!("data/rsa1024.pub.pem");
const RSA_E3: &str = include_str!("data/rsa2048-e3.pub.pem");

#[test]
fn every_key_signs_with_its_own_algorithms_only() {
    for key in keys() {
        for algorithm in Algorithm::ALL {
            let signed = key.sign(algorithm, b"data");
            assert_eq!(signed.is_ok(), algorithm.fits(key.kind()), "{algorithm} with {}", key.kind());
            let Ok(signature) = signed else { continue };
            assert_eq!(key.public_key().verify(algorithm, b"data", &signature), Ok(()), "{algorithm}");
            assert_eq!(key.public_key().verify(algorithm, b"Data", &signature), Err(BadSignature));
            for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
                assert_eq!(key.public_key().verify(other, b"data", &signature), Err(BadSignature), "{other}");
            }
        }
    }
}

#[test]
fn digests_of_any_length_fit_any_curve() {
    for key in keys() {
        for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            for form in [SignatureForm::Der, SignatureForm::P1363] {
                let signature = key.sign_as(hash, form, b"data").unwrap();
                assert_eq!(
                    key.public_key().verify_as(hash, form, b"data", &signature),
                    Ok(()),
                    "{hash:?} {form:?}"
                );
            }
        }
    }
}

#[test]
fn one_signature_has_one_der_form() {
    let key = p256();
    let der = key.sign_sha256(b"data").unwrap();
    let public = key.public_key();
    assert_eq!(public.verify_sha256(b"data", &der), Ok(()));

    let mut trailing = der.clone();
    trailing.push(0);
    let mut long_length = vec![0x30, 0x81, der[1]];
    long_length.extend_from_slice(&der[2..]);
    // r with one more zero in front
    let mut padded = vec![0x30, der[1] + 1, 0x02, der[3] + 1, 0];
    padded.extend_from_slice(&der[4..]);
    let mut indefinite = vec![0x30, 0x80];
    indefinite.extend_from_slice(&der[2..]);
    indefinite.extend_from_slice(&[0, 0]);
    let zeros = vec![0x30, 6, 2, 1, 0, 2, 1, 0];
    for changed in [trailing, long_length, padded, indefinite, zeros, der[..der.len() - 1].to_vec(), vec![]] {
        assert_eq!(public.verify_sha256(b"data", &changed), Err(BadSignature), "{changed:02x?}");
    }

    let fixed = key.sign(Algorithm::Es256, b"data").unwrap();
    assert_eq!(fixed.len(), 64);
    assert_eq!(
        public.verify(Algorithm::Es256, b"data", &der),
        Err(BadSignature),
        "DER is not the form of JOSE"
    );
    assert_eq!(public.verify_sha256(b"data", &fixed), Err(BadSignature), "nor the other way round");
    for changed in [[&fixed[..], &[0]].concat(), [&[0], &fixed[..]].concat(), vec![0; 64], vec![0xff; 64]] {
        assert_eq!(public.verify(Algorithm::Es256, b"data", &changed), Err(BadSignature));
    }
}

#[test]
fn private_keys_survive_pem() {
    for key in keys() {
        let pem = key.to_pkcs8_pem().unwrap();
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
        let again = PrivateKey::from_pem(&pem).unwrap();
        assert_eq!(again.public_key(), key.public_key());
        assert_eq!(again.kind(), key.kind());
    }
}

#[test]
fn public_keys_survive_pem_and_ybase64() {
    for key in keys() {
        let public = key.public_key();
        assert_eq!(PublicKey::from_pem(&public.to_spki_pem()).unwrap(), *public);
        assert_eq!(PublicKey::from_ybase64_pem(&public.to_ybase64_pem()).unwrap(), *public);
        assert_eq!(PublicKey::from_spki_der(public.to_spki_der()).unwrap(), *public);
    }
}

#[test]
fn private_keys_do_not_show_themselves() {
    for key in keys() {
        let text = format!("{key:?} {:#?}", athenz_crypto::pem::read(&key.to_pkcs8_pem().unwrap()).unwrap());
        assert!(text.contains("<secret>"), "{text}");
        assert!(text.len() < 200, "nothing long that could be a key: {text}");
    }
}

#[test]
fn weak_keys_are_read_for_old_services_and_refused_for_new_things() {
    let old = PublicKey::from_pem(RSA_1024).unwrap();
    assert_eq!(old.kind(), KeyKind::Rsa { bits: 1024 });
    assert!(matches!(old.check_strength(), Err(KeyError::Strength(_))));
    let small_exponent = PublicKey::from_pem(RSA_E3).unwrap();
    assert!(matches!(small_exponent.check_strength(), Err(KeyError::Strength(_))));
    for key in keys() {
        assert_eq!(key.public_key().check_strength(), Ok(()));
    }
}

#[test]
fn rsa_numbers_are_bounded() {
    let odd = |bytes: usize| {
        let mut modulus = vec![0xff; bytes];
        modulus[bytes - 1] = 0xfd;
        modulus
    };
    let mut even = odd(256);
    even[255] = 0xfe;
    for (modulus, exponent, why) in [
        (odd(2048), &[1, 0, 1][..], "16384 bits"),
        (odd(127), &[1, 0, 1], "1016 bits"),
        (even, &[1, 0, 1], "even modulus"),
        (odd(256), &[1], "exponent 1"),
        (odd(256), &[2], "even exponent"),
        (odd(256), &[0], "exponent 0"),
        (odd(256), &[1, 0, 0, 0, 1], "large exponent"),
        (vec![], &[1, 0, 1], "no modulus"),
        (odd(256), &[], "no exponent"),
    ] {
        assert!(PublicKey::from_rsa_numbers(&modulus, exponent).is_err(), "{why}");
    }
}

#[test]
fn a_huge_rsa_key_costs_nothing() {
    let mut modulus = vec![0xff; 2048];
    modulus[2047] = 0xfd;
    let start = Instant::now();
    for _ in 0..100 {
        assert!(PublicKey::from_rsa_numbers(&modulus, &[1, 0, 1]).is_err());
    }
    assert!(start.elapsed().as_millis() < 100, "1 ms each: {:?}", start.elapsed());
}

#[test]
fn ec_points_must_be_on_their_curve() {
    let key = p256();
    let (_, x, y) = key.public_key().ec_coordinates().unwrap();
    let point = [&[4], x, y].concat();
    assert!(PublicKey::from_point(Curve::P256, &point).is_ok());
    let mut off = point.clone();
    off[64] ^= 1;
    let compressed = [&[2 + (y[31] & 1)], x].concat();
    let hybrid = [&[6 + (y[31] & 1)], x, y].concat();
    for (point, why) in [
        (off, "off the curve"),
        (compressed, "compressed"),
        (hybrid, "hybrid"),
        (vec![0], "infinity"),
        (vec![4; 65], "anything"),
        (vec![], "nothing"),
    ] {
        assert!(PublicKey::from_point(Curve::P256, &point).is_err(), "{why}");
    }
    assert!(PublicKey::from_point(Curve::P384, &point).is_err(), "another curve");
}

#[test]
fn other_kinds_of_keys_are_refused() {
    for (name, pem) in [
        ("P-224", include_str!("data/p224.pub.pem")),
        ("secp256k1", include_str!("data/secp256k1.pub.pem")),
        ("explicit parameters", include_str!("data/explicit.pub.pem")),
        ("Ed25519", include_str!("data/ed25519.pub.pem")),
    ] {
        assert_eq!(PublicKey::from_pem(pem), Err(KeyError::Unsupported), "{name}");
    }
}

//! A second opinion: the `openssl` command line reads what we write, and we read what it writes.

use std::path::{Path, PathBuf};
use std::process::Command;

use athenz_crypto::keys::{Curve, Hash, KeyKind};
use athenz_crypto::pem::PemError;
use athenz_crypto::random::SystemRandom;
use athenz_crypto::x509::{Certificate, CsrBuilder, UnverifiedCsr};
use athenz_crypto::{PrivateKey, PublicKey, SignatureForm};

use crate::support::{athenz, authority_of, keys, leaf, p256};

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        std::fs::write(&path, contents).unwrap();
        path
    }

    /// Runs openssl with paths relative to this place; it must succeed.
    fn openssl(&self, arguments: &str) -> String {
        let output =
            Command::new("openssl").args(arguments.split(' ')).current_dir(self.0.path()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "openssl {arguments}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn openssl_reads_our_keys_and_signatures() {
    for key in keys() {
        let place = Place::new();
        place.write("key.pem", &*key.to_pkcs8_pem().unwrap());
        assert_eq!(place.openssl("pkey -in key.pem -pubout"), key.public_key().to_spki_pem());
        place.write("pub.pem", key.public_key().to_spki_pem());
        place.write("data", "some data");
        place.write("sig", key.sign_sha256(b"some data").unwrap());
        place.openssl("dgst -sha256 -verify pub.pem -signature sig data");
    }
}

#[test]
fn we_read_keys_of_openssl_in_all_their_forms() {
    let place = Place::new();
    for (curve, name) in [(Curve::P256, "prime256v1"), (Curve::P384, "secp384r1"), (Curve::P521, "secp521r1")]
    {
        // with an EC PARAMETERS block in front, and without
        for extra in ["", " -noout"] {
            place.openssl(&format!("ecparam -name {name} -genkey{extra} -out sec1.pem"));
            place.openssl("pkcs8 -topk8 -nocrypt -in sec1.pem -out pkcs8.pem");
            assert_eq!(read(&place.file("sec1.pem")).contains("EC PARAMETERS"), extra.is_empty());
            check_private(&place, &["sec1.pem", "pkcs8.pem"], KeyKind::Ec(curve));
        }
    }
    place.openssl("genrsa -traditional -out pkcs1.pem 2048");
    place.openssl("pkcs8 -topk8 -nocrypt -in pkcs1.pem -out pkcs8.pem");
    check_private(&place, &["pkcs1.pem", "pkcs8.pem"], KeyKind::Rsa { bits: 2048 });
    place.openssl("rsa -in pkcs1.pem -RSAPublicKey_out -out pkcs1.pub.pem");
    let public = PublicKey::from_pem(&read(&place.file("pkcs1.pub.pem"))).unwrap();
    assert_eq!(public.to_spki_pem(), place.openssl("pkey -in pkcs1.pem -pubout"));
}

fn check_private(place: &Place, names: &[&str], kind: KeyKind) {
    let public = place.openssl(&format!("pkey -in {} -pubout", names[0]));
    for name in names {
        let key = PrivateKey::from_pem(&read(&place.file(name))).unwrap();
        assert_eq!(key.kind(), kind, "{name}");
        assert_eq!(key.public_key().to_spki_pem(), public, "{name}");
    }
}

#[test]
fn encrypted_and_weak_keys_of_openssl_are_refused_with_a_reason() {
    let place = Place::new();
    place.openssl("genrsa -traditional -aes128 -passout pass:secret -out old.pem 2048");
    place.openssl(
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes128 -pass pass:secret -out new.pem",
    );
    for name in ["old.pem", "new.pem"] {
        let error = PrivateKey::from_pem(&read(&place.file(name))).unwrap_err();
        assert!(
            matches!(error, athenz_crypto::keys::KeyError::Pem(PemError::Encrypted(_))),
            "{name}: {error}"
        );
        assert!(error.to_string().contains("decrypt it first"), "{error}");
    }
    place.openssl("genrsa -out weak.pem 1024");
    assert!(PrivateKey::from_pem(&read(&place.file("weak.pem"))).is_err());
    place.openssl("genpkey -algorithm ed25519 -out ed.pem");
    assert!(PrivateKey::from_pem(&read(&place.file("ed.pem"))).is_err());
}

#[test]
fn we_verify_signatures_of_openssl_with_any_digest() {
    for key in keys() {
        let place = Place::new();
        place.write("key.pem", &*key.to_pkcs8_pem().unwrap());
        place.write("data", "some data");
        for (name, hash) in [("sha256", Hash::Sha256), ("sha384", Hash::Sha384), ("sha512", Hash::Sha512)] {
            place.openssl(&format!("dgst -{name} -sign key.pem -out sig data"));
            let signature = std::fs::read(place.file("sig")).unwrap();
            let verified = key.public_key().verify_as(hash, SignatureForm::Der, b"some data", &signature);
            assert_eq!(verified, Ok(()), "{name} with {}", key.kind());
        }
    }
}

#[test]
fn openssl_reads_our_requests() {
    for key in keys() {
        let place = Place::new();
        let builder =
            CsrBuilder::new(athenz("ct01.api")).dns("api.ct01.zts.athenz.cloud").uri("spiffe://ct01/sa/api");
        place.write("csr.pem", builder.sign(&key).unwrap());
        let text = place.openssl("req -in csr.pem -noout -text -verify -nameopt RFC2253");
        assert!(text.contains("Subject: CN=ct01.api,O=Athenz,C=US"), "{text}");
        assert!(text.contains("DNS:api.ct01.zts.athenz.cloud, URI:spiffe://ct01/sa/api"), "{text}");
    }
}

#[test]
fn we_read_requests_of_openssl() {
    let place = Place::new();
    for (algorithm, kind) in [
        ("ec -pkeyopt ec_paramgen_curve:P-256", KeyKind::Ec(Curve::P256)),
        ("ec -pkeyopt ec_paramgen_curve:P-384", KeyKind::Ec(Curve::P384)),
        ("rsa:2048", KeyKind::Rsa { bits: 2048 }),
    ] {
        place.openssl(&format!(
            "req -new -newkey {algorithm} -nodes -keyout key.pem -subj /C=US/O=Athenz/OU=prov/CN=ct01.api \
             -addext subjectAltName=DNS:a.b,URI:athenz://instanceid/p/i,IP:10.1.2.3,IP:::1,email:a.b@c \
             -addext keyUsage=digitalSignature -out csr.pem"
        ).replace("             ", ""));
        let csr = UnverifiedCsr::parse_pem(&read(&place.file("csr.pem"))).unwrap().verify().unwrap();
        assert_eq!(csr.subject().text(), "CN=ct01.api, OU=prov, O=Athenz, C=US");
        assert_eq!(csr.public_key().kind(), kind);
        let names = csr.alt_names();
        assert_eq!(names.ip_addresses().map(|ip| ip.to_string()).collect::<Vec<_>>(), ["10.1.2.3", "::1"]);
        assert_eq!(names.instance_id_uri(), Some(("p", "i")));
        assert_eq!(csr.extensions().len(), 2);
    }
}

#[test]
fn openssl_verifies_our_certificates() {
    for ca_key in keys() {
        let place = Place::new();
        let authority = authority_of(ca_key, "CA");
        let certificate = authority.issue(&leaf("ct01.api", &p256()), &SystemRandom).unwrap();
        place.write("ca.pem", authority.certificate().to_pem());
        place.write("leaf.pem", certificate.to_pem());
        let moment = certificate.not_before().seconds();
        place.openssl(&format!("verify -x509_strict -attime {moment} -CAfile ca.pem leaf.pem"));
        place.openssl(&format!("verify -purpose sslclient -attime {moment} -CAfile ca.pem leaf.pem"));
        place.openssl(&format!("verify -purpose sslserver -attime {moment} -CAfile ca.pem leaf.pem"));
        let text = place.openssl("x509 -in leaf.pem -noout -text -nameopt RFC2253");
        for part in [
            "Subject: CN=ct01.api,O=Athenz,C=US",
            "Issuer: CN=CA,O=Athenz,C=US",
            "CA:FALSE",
            "TLS Web Client Authentication, TLS Web Server Authentication",
            "Digital Signature, Key Encipherment",
            "DNS:localhost, URI:athenz://instanceid/sys.auth.zts/i-1",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn we_read_certificates_of_openssl() {
    let place = Place::new();
    place.openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -subj /C=US/O=Athenz/CN=user.alice -days 10 -out cert.pem",
    );
    let certificate = Certificate::from_pem(&read(&place.file("cert.pem"))).unwrap();
    assert_eq!(certificate.subject().text(), "CN=user.alice, O=Athenz, C=US");
    assert!(certificate.is_ca());
    assert_eq!(certificate.verify_signature(&certificate.public_key().unwrap()), Ok(()));
    let serial = place.openssl("x509 -in cert.pem -noout -serial");
    assert_eq!(serial.trim().trim_start_matches("serial=").to_lowercase(), certificate.serial_hex());
    let public = PublicKey::from_pem(&read(&place.file("cert.pem"))).unwrap();
    assert_eq!(public.to_spki_pem(), place.openssl("x509 -in cert.pem -noout -pubkey"));
}

/// Old public authorities have old string types and odd extensions: a bundle must load all the same.
#[test]
fn bundles_of_public_authorities_load() {
    let Ok(bundle) = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt") else { return };
    let authorities = Certificate::from_pem_bundle(&bundle).unwrap();
    assert_eq!(authorities.len(), bundle.matches("BEGIN CERTIFICATE").count());
    assert!(authorities.iter().all(|authority| !authority.subject().is_empty()));
}

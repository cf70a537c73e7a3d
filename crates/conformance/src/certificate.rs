//! What is compared of a certificate: everything the holder or a verifier sees, nothing of the installation.

use athenz_model::Timestamp;
use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Decode, DecodePem};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName};
use x509_cert::name::Name;
use x509_cert::time::Time;

use crate::json::{Json, Object};
use crate::moment::relative;
use crate::uuids::without_uuids;

/// The certificate in comparable form; nothing if it cannot be read.
pub(crate) fn comparable(pem: &str, now: Timestamp) -> Option<Json> {
    let certificate = Certificate::from_pem(pem).ok()?;
    let basic: Option<BasicConstraints> = extension(&certificate)?;
    if basic.as_ref().is_some_and(|basic| basic.ca) {
        return Some([("ca", Json::from(true)), ("subject", Json::from("<authority>"))].into());
    }
    let body = &certificate.tbs_certificate;
    let mut out = Object::default();
    out.set("subject", subject_text(&body.subject).into());
    out.set("issuer", "<authority>".into());
    out.set("from", away(body.validity.not_before, now)?.into());
    out.set("until", away(body.validity.not_after, now)?.into());
    if let Some(SubjectAltName(names)) = extension(&certificate)? {
        out.set("san", sorted(names.iter().map(|name| without_uuids(&name_text(name)))));
    }
    if let Some(ExtendedKeyUsage(usages)) = extension(&certificate)? {
        out.set("eku", sorted(usages.iter().map(|usage| purpose(usage).to_owned())));
    }
    if let Some(usage) = extension::<KeyUsage>(&certificate)? {
        out.set("ku", sorted(usage_names(usage).map(str::to_owned)));
    }
    if let Some(basic) = basic {
        out.set("ca", basic.ca.into());
    }
    Some(Json::Object(out))
}

/// The extension of a type, if the certificate has it; nothing at all if it is malformed.
fn extension<'a, T: Decode<'a> + AssociatedOid>(certificate: &'a Certificate) -> Option<Option<T>> {
    let extensions = certificate.tbs_certificate.extensions.as_deref().unwrap_or_default();
    let Some(found) = extensions.iter().find(|extension| extension.extn_id == T::OID) else {
        return Some(None);
    };
    T::from_der(found.extn_value.as_bytes()).ok().map(Some)
}

fn away(moment: Time, now: Timestamp) -> Option<String> {
    let seconds = i64::try_from(moment.to_unix_duration().as_secs()).ok()?;
    Some(relative(seconds.checked_mul(1000)?.checked_sub(now.millis())?))
}

fn sorted(texts: impl Iterator<Item = String>) -> Json {
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    Json::List(texts.into_iter().map(Json::from).collect())
}

/// RFC 4514 §2: the last part first.
fn subject_text(name: &Name) -> String {
    let parts =
        name.0.iter().rev().map(|part| part.0.iter().map(attribute_text).collect::<Vec<_>>().join("+"));
    parts.collect::<Vec<_>>().join(",")
}

fn attribute_text(attribute: &AttributeTypeAndValue) -> String {
    let kind = match attribute.oid.to_string().as_str() {
        "2.5.4.3" => "CN".to_owned(),
        "2.5.4.6" => "C".to_owned(),
        "2.5.4.7" => "L".to_owned(),
        "2.5.4.8" => "ST".to_owned(),
        "2.5.4.9" => "STREET".to_owned(),
        "2.5.4.10" => "O".to_owned(),
        "2.5.4.11" => "OU".to_owned(),
        "0.9.2342.19200300.100.1.1" => "UID".to_owned(),
        "0.9.2342.19200300.100.1.25" => "DC".to_owned(),
        other => other.to_owned(),
    };
    format!("{kind}={}", escaped(&String::from_utf8_lossy(attribute.value.value())))
}

/// RFC 4514 §2.4.
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut out = String::new();
    for (position, character) in value.chars().enumerate() {
        match character {
            '\0' => out.push_str("\\00"),
            '\\' | '"' | '+' | ',' | ';' | '<' | '>' => out.extend(['\\', character]),
            '#' if position == 0 => out.push_str("\\#"),
            ' ' if position == 0 || position == last => out.push_str("\\ "),
            other => out.push(other),
        }
    }
    out
}

fn name_text(name: &GeneralName) -> String {
    match name {
        GeneralName::DnsName(name) => format!("DNSName:{name}"),
        GeneralName::UniformResourceIdentifier(uri) => format!("UniformResourceIdentifier:{uri}"),
        GeneralName::Rfc822Name(address) => format!("RFC822Name:{address}"),
        GeneralName::IpAddress(bytes) => format!("IPAddress:{}", address_text(bytes.as_bytes())),
        GeneralName::DirectoryName(name) => format!("DirectoryName:<Name({})>", subject_text(name)),
        GeneralName::RegisteredId(id) => format!("RegisteredID:{id}"),
        other => format!("OtherName:{other:?}"),
    }
}

fn address_text(bytes: &[u8]) -> String {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return std::net::Ipv4Addr::from(bytes).to_string();
    }
    <[u8; 16]>::try_from(bytes)
        .map_or_else(|_| format!("{bytes:?}"), |bytes| std::net::Ipv6Addr::from(bytes).to_string())
}

fn purpose(usage: &ObjectIdentifier) -> &'static str {
    match usage.to_string().as_str() {
        "1.3.6.1.5.5.7.3.1" => "serverAuth",
        "1.3.6.1.5.5.7.3.2" => "clientAuth",
        "1.3.6.1.5.5.7.3.3" => "codeSigning",
        "1.3.6.1.5.5.7.3.4" => "emailProtection",
        "1.3.6.1.5.5.7.3.8" => "timeStamping",
        "1.3.6.1.5.5.7.3.9" => "OCSPSigning",
        _ => "Unknown OID",
    }
}

fn usage_names(usage: KeyUsage) -> impl Iterator<Item = &'static str> {
    [
        ("digital_signature", usage.digital_signature()),
        ("key_encipherment", usage.key_encipherment()),
        ("key_cert_sign", usage.key_cert_sign()),
        ("crl_sign", usage.crl_sign()),
        ("key_agreement", usage.key_agreement()),
        ("content_commitment", usage.non_repudiation()),
    ]
    .into_iter()
    .filter_map(|(name, set)| set.then_some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_names_are_escaped() {
        for (value, expected) in [
            ("plain", "plain"),
            ("a,b+c", "a\\,b\\+c"),
            ("#a#", "\\#a#"),
            (" a b ", "\\ a b\\ "),
            ("q\"\\", "q\\\"\\\\"),
        ] {
            assert_eq!(escaped(value), expected);
        }
    }
}

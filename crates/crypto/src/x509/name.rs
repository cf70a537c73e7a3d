//! Distinguished names.

use std::fmt::Write;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519::{
    COMMON_NAME, COUNTRY_NAME, DOMAIN_COMPONENT, LOCALITY_NAME, ORGANIZATION_NAME, ORGANIZATIONAL_UNIT_NAME,
    ST, STREET, USER_ID,
};
use der::asn1::{Any, Ia5StringRef, PrintableStringRef, SetOfVec, Utf8StringRef};
use der::{Encode, Tag, Tagged};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};

use crate::random::to_hex;

/// Longest value of an attribute that we write or take from a request, in bytes.
const VALUE_BYTES_MAX: usize = 1024;

/// What a certificate says about its subject or issuer, in the order of the certificate: the most
/// general attribute first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistinguishedName(Vec<Vec<Attribute>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Attribute {
    oid: ObjectIdentifier,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    /// Another string type, or text with control characters: DER.
    Odd(Vec<u8>),
}

impl DistinguishedName {
    pub(super) fn read(name: &Name) -> Self {
        let attribute =
            |pair: &AttributeTypeAndValue| Attribute { oid: pair.oid, value: Value::read(&pair.value) };
        Self(name.0.iter().map(|set| set.0.iter().map(attribute).collect()).collect())
    }

    /// The common names (CN).
    pub fn common_names(&self) -> Vec<&str> {
        self.texts(COMMON_NAME)
    }

    /// The organizations (O).
    pub fn organizations(&self) -> Vec<&str> {
        self.texts(ORGANIZATION_NAME)
    }

    /// The organizational units (OU).
    pub fn organizational_units(&self) -> Vec<&str> {
        self.texts(ORGANIZATIONAL_UNIT_NAME)
    }

    /// The countries (C).
    pub fn countries(&self) -> Vec<&str> {
        self.texts(COUNTRY_NAME)
    }

    /// Whether there is no attribute at all.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }

    /// Attributes other than CN, O, OU and C, as dotted object identifiers.
    pub fn other_attributes(&self) -> Vec<String> {
        let known = [COMMON_NAME, ORGANIZATION_NAME, ORGANIZATIONAL_UNIT_NAME, COUNTRY_NAME];
        let other = self.0.iter().flatten().filter(|attribute| !known.contains(&attribute.oid));
        other.map(|attribute| attribute.oid.to_string()).collect()
    }

    /// Whether a value that says who somebody is (CN, O, OU, C) is in an odd string type, or holds
    /// characters that readers disagree about.
    pub(super) fn has_odd_identity(&self) -> bool {
        let identity = [COMMON_NAME, ORGANIZATION_NAME, ORGANIZATIONAL_UNIT_NAME, COUNTRY_NAME];
        let is_odd = |attribute: &Attribute| match &attribute.value {
            Value::Odd(_) => true,
            Value::Text(text) => !is_plain(attribute.oid, text),
        };
        self.0.iter().flatten().any(|attribute| identity.contains(&attribute.oid) && is_odd(attribute))
    }

    /// Text with the most specific attribute first, as Java prints it: `CN=user.alice, O=Athenz, C=US`.
    pub fn text(&self) -> String {
        self.join(", ")
    }

    /// Text of RFC 2253: `CN=user.alice,O=Athenz,C=US`.
    pub fn rfc2253(&self) -> String {
        self.join(",")
    }

    fn join(&self, separator: &str) -> String {
        let set = |set: &Vec<Attribute>| set.iter().map(Attribute::text).collect::<Vec<_>>().join("+");
        self.0.iter().rev().map(set).collect::<Vec<_>>().join(separator)
    }

    fn texts(&self, oid: ObjectIdentifier) -> Vec<&str> {
        let value = |attribute: &'_ Attribute| attribute.oid == oid;
        let found = self.0.iter().flatten().filter(|attribute| value(attribute));
        found.filter_map(|attribute| attribute.value.as_text()).collect()
    }
}

impl Attribute {
    fn text(&self) -> String {
        match (short_name(self.oid), &self.value) {
            (Some(name), Value::Text(text)) => format!("{name}={}", escape(text)),
            (name, value) => {
                let oid = self.oid.to_string();
                format!("{}=#{}", name.unwrap_or(&oid), to_hex(&value.der()))
            }
        }
    }
}

impl Value {
    fn read(any: &Any) -> Self {
        let text = match any.tag() {
            Tag::Utf8String => any.decode_as::<Utf8StringRef<'_>>().ok().map(|text| text.as_str().to_owned()),
            Tag::PrintableString => {
                any.decode_as::<PrintableStringRef<'_>>().ok().map(|text| text.as_str().to_owned())
            }
            Tag::Ia5String => any.decode_as::<Ia5StringRef<'_>>().ok().map(|text| text.as_str().to_owned()),
            _ => None,
        };
        match text {
            Some(text) => Self::Text(text),
            None => Self::Odd(any.to_der().unwrap_or_default()),
        }
    }

    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Odd(_) => None,
        }
    }

    fn der(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => Utf8StringRef::new(text).and_then(|text| text.to_der()).unwrap_or_default(),
            Self::Odd(der) => der.clone(),
        }
    }
}

/// Whether a value holds something, no control characters, and is not endless; a common name has no
/// space around it either.
fn is_plain(oid: ObjectIdentifier, text: &str) -> bool {
    !text.is_empty()
        && text.len() <= VALUE_BYTES_MAX
        && !text.chars().any(char::is_control)
        && (oid != COMMON_NAME || text.trim() == text)
}

fn short_name(oid: ObjectIdentifier) -> Option<&'static str> {
    [
        (COMMON_NAME, "CN"),
        (COUNTRY_NAME, "C"),
        (LOCALITY_NAME, "L"),
        (ST, "ST"),
        (ORGANIZATION_NAME, "O"),
        (ORGANIZATIONAL_UNIT_NAME, "OU"),
        (STREET, "STREET"),
        (DOMAIN_COMPONENT, "DC"),
        (USER_ID, "UID"),
    ]
    .into_iter()
    .find_map(|(known, name)| (known == oid).then_some(name))
}

/// Escapes of RFC 2253 section 2.4; control characters as hexadecimal, so that no log line breaks.
fn escape(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(text.len());
    for (at, char) in text.chars().enumerate() {
        let special = matches!(char, ',' | '+' | '"' | '\\' | '<' | '>' | ';');
        let outer = (at == 0 && matches!(char, ' ' | '#')) || (at == last && char == ' ');
        if special || outer {
            out.push('\\');
        }
        if char.is_control() {
            let mut buffer = [0; 4];
            for byte in char.encode_utf8(&mut buffer).bytes() {
                // writing to a String cannot fail
                let _ = write!(out, "\\{byte:02X}");
            }
        } else {
            out.push(char);
        }
    }
    out
}

/// A name to be written: country, organization, units, common name, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// C, two letters.
    pub country: Option<String>,
    /// O
    pub organization: Option<String>,
    /// OU, any number.
    pub organizational_units: Vec<String>,
    /// CN
    pub common_name: Option<String>,
}

impl Subject {
    /// A name with a common name alone.
    pub fn common_name(name: &str) -> Self {
        Self { common_name: Some(name.to_owned()), ..Self::default() }
    }

    /// Whether it would be empty.
    pub const fn is_empty(&self) -> bool {
        self.country.is_none()
            && self.organization.is_none()
            && self.organizational_units.is_empty()
            && self.common_name.is_none()
    }

    /// The name in ASN.1; `None` when a value cannot be written.
    pub(super) fn to_name(&self) -> Option<Name> {
        let mut sets = Vec::new();
        if let Some(country) = &self.country {
            let text = PrintableStringRef::new(country).ok().filter(|text| text.as_str().len() == 2)?;
            sets.push(attribute(COUNTRY_NAME, Any::from(text))?);
        }
        let texts = self.organization.iter().map(|text| (ORGANIZATION_NAME, text));
        let texts =
            texts.chain(self.organizational_units.iter().map(|text| (ORGANIZATIONAL_UNIT_NAME, text)));
        let texts = texts.chain(self.common_name.iter().map(|text| (COMMON_NAME, text)));
        for (oid, text) in texts {
            let value = Utf8StringRef::new(text).ok().filter(|text| is_plain(oid, text.as_str()))?;
            sets.push(attribute(oid, Any::from(value))?);
        }
        Some(RdnSequence(sets))
    }
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Option<RelativeDistinguishedName> {
    let mut set = SetOfVec::new();
    set.insert(AttributeTypeAndValue { oid, value }).ok()?;
    Some(RelativeDistinguishedName(set))
}

#[cfg(test)]
mod tests {
    use der::asn1::{BmpString, TeletexStringRef};

    use super::*;

    fn athenz(name: &str) -> Subject {
        Subject {
            country: Some("US".to_owned()),
            organization: Some("Athenz".to_owned()),
            ..Subject::common_name(name)
        }
    }

    #[test]
    fn text_forms() {
        let name = DistinguishedName::read(&athenz("user.alice").to_name().unwrap());
        assert_eq!(name.text(), "CN=user.alice, O=Athenz, C=US");
        assert_eq!(name.rfc2253(), "CN=user.alice,O=Athenz,C=US");
        let name = DistinguishedName::read(&athenz("a, b+c=\"d\";#").to_name().unwrap());
        assert_eq!(name.text(), "CN=a\\, b\\+c=\\\"d\\\"\\;#, O=Athenz, C=US");
    }

    #[test]
    fn odd_strings_are_noticed() {
        let odd = [
            Any::encode_from(&BmpString::from_utf8("user.alice").unwrap()).unwrap(),
            Any::from(TeletexStringRef::new("user.alice").unwrap()),
            Any::from(Utf8StringRef::new("user.alice\0.evil").unwrap()),
            Any::from(Utf8StringRef::new("user.alice\n").unwrap()),
            Any::from(Utf8StringRef::new(" user.alice").unwrap()),
            Any::from(Utf8StringRef::new("").unwrap()),
        ];
        for value in odd {
            let name = DistinguishedName::read(&RdnSequence(vec![attribute(COMMON_NAME, value).unwrap()]));
            assert!(name.has_odd_identity(), "{name:?}");
            assert!(!name.text().chars().any(char::is_control), "{name:?}");
        }
        assert!(!DistinguishedName::read(&athenz("user.alice").to_name().unwrap()).has_odd_identity());
    }

    #[test]
    fn what_cannot_be_written() {
        for name in ["", "a\0", " a", &"a".repeat(1025)] {
            assert!(Subject::common_name(name).to_name().is_none(), "{name}");
        }
        assert!(Subject { country: Some("USA".to_owned()), ..Subject::default() }.to_name().is_none());
    }
}

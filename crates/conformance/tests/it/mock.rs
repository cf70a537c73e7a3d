//! A server that answers with what the recording expects, made concrete again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use athenz_conformance::{
    Addresses, Answer, Exchange, Json, Object, Recording, Step, Style, TestAuthority, Transport,
    TransportError,
};
use athenz_model::{Clock, ManualClock, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use x509_cert::der::asn1::{BitString, Ia5String, OctetString, UtcTime};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{Decode, DecodePem, Encode, EncodePem};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Members that hold seconds since the epoch.
const EPOCH_KEYS: [&str; 6] = ["iat", "exp", "auth_time", "nbf", "expiryTime", "expires_at"];

/// What a scenario plays in: a clock that stands still, and an authority.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) authority: Arc<TestAuthority>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let authority = TestAuthority::make(clock.clone()).expect("an authority");
        Self { clock, authority: Arc::new(authority) }
    }

    pub(crate) fn addresses() -> Addresses {
        Addresses {
            zms: "https://zms.test:4443/zms/v1".to_owned(),
            zts: "https://zts.test:8443/zts/v1".to_owned(),
            others: vec![],
        }
    }
}

/// Answers the steps of one recording, one after the other.
#[derive(Debug)]
pub(crate) struct Mock {
    stage: Stage,
    steps: Mutex<VecDeque<Step>>,
    pub(crate) requests: Mutex<Vec<(Exchange, Answer)>>,
}

impl Mock {
    pub(crate) fn new(stage: &Stage, recording: &Recording) -> Self {
        Self {
            stage: stage.clone(),
            steps: Mutex::new(recording.steps.clone().into()),
            requests: Mutex::new(vec![]),
        }
    }
}

impl Transport for Mock {
    async fn send(&self, request: Exchange) -> Result<Answer, TransportError> {
        let step = self.steps.lock().unwrap().pop_front();
        let step = step.ok_or_else(|| TransportError("no further step".to_owned()))?;
        let concrete = Concrete { stage: &self.stage };
        let headers = step.expect.headers.iter().map(|(name, value)| {
            let value = concrete.value(value, Some(name));
            (name.to_uppercase(), value.as_str().unwrap().to_owned())
        });
        let body = match concrete.value(&step.expect.body, None) {
            Json::Null => vec![],
            Json::Text(text) => text.into_bytes(),
            other => other.write(Style::Compact).into_bytes(),
        };
        let answer = Answer { status: step.expect.status, headers: headers.collect(), body };
        self.requests.lock().unwrap().push((request, answer.clone()));
        Ok(answer)
    }

    async fn settle(&self) -> bool {
        false
    }
}

/// Turns comparable values into concrete ones.
struct Concrete<'a> {
    stage: &'a Stage,
}

impl Concrete<'_> {
    fn value(&self, value: &Json, key: Option<&str>) -> Json {
        match value {
            Json::Object(object) => self.object(object),
            Json::List(items) => items.iter().map(|item| self.value(item, key)).collect::<Vec<_>>().into(),
            Json::Text(text) => self.text(text, key),
            other => other.clone(),
        }
    }

    fn object(&self, object: &Object) -> Json {
        if let Some(fields) = object.get("<token>").and_then(Json::as_object) {
            let fields = fields.iter().map(|(name, value)| {
                let value = value.as_str().unwrap();
                let value = minutes(value).map_or_else(
                    || value.to_owned(),
                    |minutes| NOW.plus_minutes(minutes).seconds().to_string(),
                );
                format!("{name}={value}")
            });
            return fields.collect::<Vec<_>>().join(";").into();
        }
        if let Some(Json::List(certificates)) = object.get("<certificates>") {
            return certificates.iter().map(|fields| self.certificate(fields)).collect::<String>().into();
        }
        if let Some(token) = object.get("<jwt>") {
            let [header, claims] = ["header", "claims"].map(|part| self.encoded(token.get(part).unwrap()));
            return format!("{header}.{claims}.c2ln").into();
        }
        if let (Some(form), Some(protected)) = (object.get("form"), object.get("protected")) {
            let signature = vec![1; if form.as_str() == Some("P1363") { 64 } else { 70 }];
            return [
                ("header", object.get("header").unwrap().clone()),
                ("protected", self.encoded(protected).into()),
                ("payload", self.encoded(object.get("payload").unwrap()).into()),
                ("signature", URL_SAFE_NO_PAD.encode(signature).into()),
            ]
            .into();
        }
        Json::Object(object.iter().map(|(name, value)| (name, self.value(value, Some(name)))).collect())
    }

    fn encoded(&self, value: &Json) -> String {
        URL_SAFE_NO_PAD.encode(self.value(value, None).write(Style::Compact))
    }

    fn text(&self, text: &str, key: Option<&str>) -> Json {
        if let Some(minutes) = minutes(text) {
            let moment = NOW.plus_minutes(minutes);
            return match key {
                Some(key) if EPOCH_KEYS.contains(&key) => moment.seconds().into(),
                _ => moment.to_string().into(),
            };
        }
        if let Some(number) =
            text.strip_prefix("<id").and_then(|rest| rest.strip_suffix('>')?.parse::<i64>().ok())
        {
            return (1000 + number).into();
        }
        if let Some(name) = text.strip_prefix("<pubkey:").and_then(|rest| rest.strip_suffix('>')) {
            return ybase64(&self.stage.authority.key(name).unwrap().public_pem().unwrap()).into();
        }
        let addresses = Stage::addresses();
        let mut text = text.to_owned();
        for (label, concrete) in [
            ("<zms>", addresses.zms.as_str()),
            ("<zts>", addresses.zts.as_str()),
            ("<uuid>", "0a1b2c3d-0000-4111-8222-0123456789ab"),
            ("<now>", &NOW.to_string()),
            ("<jwt>", "eyJh.eyJi.c"),
            ("<random>", "0123456789ab"),
            ("<id>", "4711"),
            ("<public key>", &ybase64("-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n")),
        ] {
            text = text.replace(label, concrete);
        }
        text.into()
    }

    fn certificate(&self, fields: &Json) -> String {
        if fields.get("ca") == Some(&Json::Bool(true)) {
            return self.stage.authority.certificate_pem().to_owned();
        }
        let mut certificate = Certificate::from_pem(self.stage.authority.certificate_pem()).unwrap();
        let body = &mut certificate.tbs_certificate;
        body.subject = fields.get("subject").unwrap().as_str().unwrap().parse().unwrap();
        let [from, until] =
            ["from", "until"].map(|name| time(minutes(fields.get(name).unwrap().as_str().unwrap()).unwrap()));
        body.validity = Validity { not_before: from, not_after: until };
        extend(body, fields);
        certificate.signature = BitString::from_bytes(&[0; 8]).unwrap();
        certificate.to_pem(LineEnding::LF).unwrap()
    }
}

fn extend(body: &mut TbsCertificate, fields: &Json) {
    let mut extensions = vec![];
    if let Some(ca) = fields.get("ca") {
        extensions
            .push(extension(&BasicConstraints { ca: *ca == Json::Bool(true), path_len_constraint: None }));
    }
    if let Some(names) = fields.get("san") {
        extensions.push(extension(&SubjectAltName(texts(names).map(general_name).collect())));
    }
    if let Some(purposes) = fields.get("eku") {
        let purposes = texts(purposes).map(|purpose| {
            let last = if purpose == "serverAuth" { 1 } else { 2 };
            format!("1.3.6.1.5.5.7.3.{last}").parse().unwrap()
        });
        extensions.push(extension(&ExtendedKeyUsage(purposes.collect())));
    }
    if fields.get("ku").is_some() {
        extensions.push(extension(&KeyUsage(KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment)));
    }
    body.extensions = Some(extensions);
}

fn extension<T: Encode + AssociatedOid>(value: &T) -> Extension {
    let value = OctetString::new(value.to_der().unwrap()).unwrap();
    Extension { extn_id: T::OID, critical: false, extn_value: value }
}

fn general_name(text: &str) -> GeneralName {
    let (kind, value) = text.split_once(':').unwrap();
    let value = value.replace("<uuid>", "0a1b2c3d-0000-4111-8222-0123456789ab");
    let ascii = Ia5String::new(&value).unwrap();
    match kind {
        "DNSName" => GeneralName::DnsName(ascii),
        "RFC822Name" => GeneralName::Rfc822Name(ascii),
        "UniformResourceIdentifier" => GeneralName::UniformResourceIdentifier(ascii),
        _ => {
            let address: std::net::Ipv4Addr = value.parse().unwrap();
            GeneralName::IpAddress(OctetString::new(address.octets()).unwrap())
        }
    }
}

fn texts(list: &Json) -> impl Iterator<Item = &str> {
    let Json::List(items) = list else { panic!("a list") };
    items.iter().map(|item| item.as_str().unwrap())
}

fn time(minutes: i64) -> Time {
    let seconds = u64::try_from(NOW.plus_minutes(minutes).seconds()).unwrap();
    Time::UtcTime(UtcTime::from_unix_duration(std::time::Duration::from_secs(seconds)).unwrap())
}

fn minutes(text: &str) -> Option<i64> {
    let inner = text.strip_prefix("<now")?.strip_suffix('>')?;
    if inner.is_empty() { Some(0) } else { inner.strip_suffix('m')?.parse().ok() }
}

fn ybase64(text: &str) -> String {
    STANDARD.encode(text).replace('+', ".").replace('/', "_").replace('=', "-")
}

/// The public key of a request or certificate, as it stands in it.
pub(crate) fn public_key_of_request(pem: &str) -> (x509_cert::request::CertReq, Vec<u8>) {
    let (label, der) = x509_cert::der::pem::decode_vec(pem.as_bytes()).unwrap();
    assert_eq!(label, "CERTIFICATE REQUEST");
    let request = x509_cert::request::CertReq::from_der(&der).unwrap();
    let key = request.info.public_key.to_der().unwrap();
    (request, key)
}

/// The moment at which everything happens.
pub(crate) fn now(stage: &Stage) -> Timestamp {
    stage.clock.now()
}

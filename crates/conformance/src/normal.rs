//! Answers made comparable: what differs from run to run is replaced by what it stands for.

use std::collections::HashMap;
use std::sync::LazyLock;

use athenz_model::Timestamp;
use regex::{Captures, Regex};

use crate::certificate;
use crate::encoding::from_base64url;
use crate::json::{Json, Object, Style};
use crate::moment::relative;
use crate::uuids::{replace_uuids, without_uuids};

static TIME: LazyLock<Regex> =
    LazyLock::new(|| regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z"));
static JWT: LazyLock<Regex> = LazyLock::new(|| regex(r"ey[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"));
static WHOLE_JWT: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\Aey[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\z"));
static NTOKEN: LazyLock<Regex> = LazyLock::new(|| regex(r"(?s)\Av=[SUZ]1;.*;s=.*\z"));
static CERTIFICATE: LazyLock<Regex> =
    LazyLock::new(|| regex("(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----"));
static MINUTES: LazyLock<Regex> = LazyLock::new(|| regex(r"\A<now(?:([+-][0-9]+)m)?>\z"));
static NUMBERED: LazyLock<Regex> = LazyLock::new(|| regex(r"(ssertion: '?|assertionId=)[0-9]+"));
static ID_MEMBER: LazyLock<Regex> = LazyLock::new(|| regex(r#""(id|assertionId)": [0-9]+"#));
static NONCE: LazyLock<Regex> = LazyLock::new(|| regex(r"\A[0-9a-f]{12,16}\z"));

/// Members that hold seconds since the epoch.
const EPOCH_KEYS: [&str; 9] = [
    "iat",
    "exp",
    "auth_time",
    "nbf",
    "expiryTime",
    "expires_at",
    "certExpiryTime",
    "updated_at",
    "expiration_time",
];

/// Smaller numbers are no moments.
const FIRST_EPOCH: i128 = 1_000_000_000;

/// Moments further away, in milliseconds, are constants: of a template, of the epoch, of a step.
const CONSTANT_BEFORE: i64 = -3 * 365 * 86_400_000;
const CONSTANT_AFTER: i64 = 12 * 365 * 86_400_000;

/// Generated ids of one scenario, by order of appearance.
#[derive(Debug, Default)]
pub struct Ids(HashMap<i128, String>);

impl Ids {
    fn label(&mut self, id: i128) -> String {
        let next = self.0.len() + 1;
        self.0.entry(id).or_insert_with(|| format!("<id{next}>")).clone()
    }
}

/// Makes answers of one scenario comparable.
#[derive(Debug)]
pub struct Normal<'a> {
    /// The ids seen so far.
    pub ids: &'a mut Ids,
    /// When the answer came.
    pub now: Timestamp,
}

impl Normal<'_> {
    /// The comparable form of a body.
    pub fn body(&mut self, body: &Json) -> Json {
        self.value(body, None)
    }

    fn value(&mut self, value: &Json, key: Option<&str>) -> Json {
        match value {
            Json::Object(object) => self.object(object),
            Json::List(items) => self.list(items, key),
            Json::Int(number) => self.number(*number, key),
            Json::Text(text) => self.text(text, key),
            other => other.clone(),
        }
    }

    fn object(&mut self, object: &Object) -> Json {
        if let Some(document) = self.signed_document(object) {
            return document;
        }
        // ids of conditions count from 1 within an assertion: they compare as they are
        let conditions = object.get("conditionsMap").is_some();
        let members = object.iter().map(|(name, value)| {
            let keep = name == "id" && conditions;
            (name, if keep { value.clone() } else { self.value(value, Some(name)) })
        });
        Json::Object(members.collect())
    }

    /// Generated ids are numbered in an order that does not depend on the order of the list.
    fn list(&mut self, items: &[Json], key: Option<&str>) -> Json {
        let mut order: Vec<(String, usize)> =
            items.iter().map(without_ids).enumerate().map(|(position, text)| (text, position)).collect();
        order.sort();
        let mut out: Vec<(usize, Json)> = order
            .into_iter()
            .filter_map(|(_, position)| Some((position, self.value(items.get(position)?, key))))
            .collect();
        out.sort_by_key(|(position, _)| *position);
        Json::List(out.into_iter().map(|(_, value)| value).collect())
    }

    fn number(&mut self, number: i128, key: Option<&str>) -> Json {
        match key {
            Some(key) if EPOCH_KEYS.contains(&key) && number > FIRST_EPOCH => {
                self.seconds_away(number).map_or(Json::Int(number), Json::from)
            }
            Some("id" | "assertionId") if number > 0 => self.ids.label(number).into(),
            _ => Json::Int(number),
        }
    }

    fn seconds_away(&self, seconds: i128) -> Option<String> {
        let millis = i64::try_from(seconds.checked_mul(1000)?).ok()?;
        Some(relative(millis.checked_sub(self.now.millis())?))
    }

    /// The comparable form of a text that stands under a name.
    pub fn text(&mut self, text: &str, key: Option<&str>) -> Json {
        if let Some(decoded) = self.decoded(text) {
            return decoded;
        }
        match key {
            Some("signature" | "zmsSignature") => return "<signature>".into(),
            Some(key @ ("x" | "y" | "n")) => return format!("<{key}>").into(),
            _ => {}
        }
        let mut text = text.to_owned();
        if key == Some("scope") {
            let mut words: Vec<&str> = text.split(' ').collect();
            words.sort_unstable();
            text = words.join(" ");
        }
        let mut text = JWT.replace_all(&text, "<jwt>").into_owned();
        if key == Some("message") {
            text = NUMBERED.replace_all(&text, "${1}<id>").into_owned();
        }
        let text = without_uuids(&text);
        TIME.replace_all(&text, |found: &Captures<'_>| self.moment(&found[0])).into_owned().into()
    }

    /// Tokens and certificates as their fields. What cannot be read stays text, and so differs.
    fn decoded(&mut self, text: &str) -> Option<Json> {
        if NTOKEN.is_match(text) {
            return Some([("<token>", self.ntoken(text)?)].into());
        }
        if text.contains("-----BEGIN CERTIFICATE-----") {
            let certificates = CERTIFICATE.find_iter(text).map(|found| {
                certificate::comparable(found.as_str(), self.now)
                    .unwrap_or_else(|| "(unreadable certificate)".into())
            });
            return Some([("<certificates>", Json::List(certificates.collect()))].into());
        }
        if WHOLE_JWT.is_match(text) {
            return Some([("<jwt>", self.jwt(text)?)].into());
        }
        None
    }

    fn moment(&self, text: &str) -> String {
        let away = Timestamp::parse(text).map(|moment| moment.millis().saturating_sub(self.now.millis()));
        match away {
            Some(away) if (CONSTANT_BEFORE..=CONSTANT_AFTER).contains(&away) => relative(away),
            _ => text.to_owned(),
        }
    }

    /// A service, user or role token, field by field.
    fn ntoken(&self, text: &str) -> Option<Json> {
        let mut out = Object::default();
        for field in text.split(';') {
            let (name, value) = field.split_once('=')?;
            let value = match name {
                "t" | "e" => self.seconds_away(value.parse().ok()?)?,
                "a" | "h" | "i" | "s" | "bs" => format!("<{name}>"),
                "r" => {
                    let value = without_uuids(value);
                    let mut roles: Vec<&str> = value.split(',').collect();
                    roles.sort_unstable();
                    roles.join(",")
                }
                _ => value.to_owned(),
            };
            out.set(name, value.into());
        }
        Some(Json::Object(out))
    }

    fn jwt(&mut self, text: &str) -> Option<Json> {
        let mut parts = text.split('.');
        let header = part(parts.next()?)?;
        let Json::Object(claims) = part(parts.next()?)? else { return None };
        let claims: Object = claims
            .iter()
            .map(|(name, value)| {
                let value = match name {
                    "jti" | "uuid" => "<jti>".into(),
                    "nonce" if NONCE.is_match(&value.to_text()) => "<random>".into(),
                    "cnf" => thumbprints(&self.value(value, Some(name))),
                    _ => self.value(value, Some(name)),
                };
                (name, value)
            })
            .collect();
        Some([("header", header), ("claims", Json::Object(claims))].into())
    }

    /// A JWS in its JSON form (RFC 7515 §7.2).
    fn signed_document(&mut self, object: &Object) -> Option<Json> {
        let [payload, protected, signature] =
            ["payload", "protected", "signature"].map(|name| object.get(name).and_then(Json::as_str));
        let (payload, protected, signature) =
            (part(payload?)?, part(protected?)?, from_base64url(signature?)?);
        let form = if matches!(signature.len(), 64 | 96) { "P1363" } else { "DER or RSA" };
        let document = [
            ("header", object.get("header").cloned().unwrap_or_default()),
            ("protected", protected),
            ("payload", self.value(&payload, None)),
            ("signature", "<signature>".into()),
            ("form", form.into()),
        ];
        Some(document.into())
    }
}

/// How many minutes from now a relative moment is; nothing if the text is none.
pub(crate) fn minutes_of(text: &str) -> Option<i64> {
    let found = MINUTES.captures(text)?;
    found.get(1).map_or(Some(0), |minutes| minutes.as_str().parse().ok())
}

/// A value as text, without its generated parts: for sorting only.
fn without_ids(value: &Json) -> String {
    let text = value.write(Style::Sorted);
    let text = ID_MEMBER.replace_all(&text, "");
    let text = TIME.replace_all(&text, "");
    replace_uuids(&text, "")
}

fn part(text: &str) -> Option<Json> {
    Json::parse(&from_base64url(text)?).ok()
}

/// Thumbprints are of certificates made anew in each run.
fn thumbprints(confirmation: &Json) -> Json {
    let Json::Object(members) = confirmation else { return confirmation.clone() };
    let members = members.iter().map(|(name, value)| {
        (name, if value.as_str().is_some() { "<thumbprint>".into() } else { value.clone() })
    });
    Json::Object(members.collect())
}

#[expect(clippy::expect_used, reason = "constant patterns, all compiled by the tests")]
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::base64url;

    const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000); // 2023-11-14T22:13:20Z

    fn normal(text: &str) -> String {
        let body = Json::parse(text.as_bytes()).unwrap();
        Normal { ids: &mut Ids::default(), now: NOW }.body(&body).write(Style::Spaced)
    }

    #[test]
    fn what_is_made_comparable() {
        for (body, expected) in [
            (r#"{"modified": "2023-11-14T22:13:20.123Z"}"#, r#"{"modified": "<now>"}"#),
            (r#"["2023-11-15T22:13:20Z"]"#, r#"["<now+1440m>"]"#),
            (r#"["1970-01-01T00:00:00.000Z"]"#, r#"["1970-01-01T00:00:00.000Z"]"#),
            (r#"["2049-01-01T00:00:00Z"]"#, r#"["2049-01-01T00:00:00Z"]"#),
            (r#"{"expiryTime": 1700003600}"#, r#"{"expiryTime": "<now+60m>"}"#),
            (r#"{"expiryTime": 30}"#, r#"{"expiryTime": 30}"#),
            (r#"["x 0a1b2c3d-0000-1111-2222-0123456789ab"]"#, r#"["x <uuid>"]"#),
            (r#"{"signature": "abc", "x": "1"}"#, r#"{"signature": "<signature>", "x": "<x>"}"#),
            (r#"{"scope": "b a"}"#, r#"{"scope": "a b"}"#),
            (r#"{"message": "assertion: 17 x"}"#, r#"{"message": "assertion: <id> x"}"#),
            (r#"["say eyJh.eyJi.c now"]"#, r#"["say <jwt> now"]"#),
            (
                r#"["v=Z1;d=a;r=w,r;t=1700000000;e=1700007200;i=1.2.3.4;s=sig"]"#,
                r#"[{"<token>": {"v": "Z1", "d": "a", "r": "r,w", "t": "<now>", "e": "<now+120m>", "i": "<i>", "s": "<s>"}}]"#,
            ),
        ] {
            assert_eq!(normal(body), expected);
        }
    }

    #[test]
    fn ids_are_numbered_whatever_the_order_of_a_list() {
        for (body, expected) in [
            (
                r#"[{"id": 7, "role": "a"}, {"id": 3, "role": "b"}, {"assertionId": 7}]"#,
                r#"[{"id": "<id1>", "role": "a"}, {"id": "<id2>", "role": "b"}, {"assertionId": "<id1>"}]"#,
            ),
            (
                r#"[{"assertionId": 9}, {"id": 5, "role": "b"}, {"id": 9, "role": "a"}]"#,
                r#"[{"assertionId": "<id1>"}, {"id": "<id2>", "role": "b"}, {"id": "<id1>", "role": "a"}]"#,
            ),
        ] {
            assert_eq!(normal(body), expected);
        }
        assert_eq!(normal(r#"{"id": 1, "conditionsMap": {}}"#), r#"{"id": 1, "conditionsMap": {}}"#);
        assert_eq!(normal(r#"{"id": 0}"#), r#"{"id": 0}"#);
    }

    #[test]
    fn tokens_and_signed_documents_are_decoded() {
        let token = [
            r#"{"alg":"ES256"}"#,
            r#"{"jti":"1","exp":1700003600,"nonce":"0123456789ab","cnf":{"x5t#S256":"z"}}"#,
        ]
        .map(|part| base64url(part.as_bytes()))
        .join(".");
        assert_eq!(
            normal(&format!(r#"["{token}.sig"]"#)),
            r#"[{"<jwt>": {"header": {"alg": "ES256"}, "claims": {"jti": "<jti>", "exp": "<now+60m>", "nonce": "<random>", "cnf": {"x5t#S256": "<thumbprint>"}}}}]"#
        );
        let [protected, payload] =
            [r#"{"alg":"ES256"}"#, r#"{"a":1}"#].map(|part| base64url(part.as_bytes()));
        let signature = base64url(&[1; 64]);
        assert_eq!(
            normal(&format!(
                r#"{{"payload": "{payload}", "protected": "{protected}", "header": {{"kid": "0"}}, "signature": "{signature}"}}"#
            )),
            r#"{"header": {"kid": "0"}, "protected": {"alg": "ES256"}, "payload": {"a": 1}, "signature": "<signature>", "form": "P1363"}"#
        );
    }
}

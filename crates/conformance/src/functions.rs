//! The functions of a recording: `{"$csr": {…}}` and its like.

use athenz_model::Clock;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::{DecodePem, Encode};

use crate::authority::{
    AuthorityError, COMMON_NAME, COUNTRY, ORGANIZATION, ORGANIZATIONAL_UNIT, TestAuthority,
    alternative_names, alternative_names_extension, certificate_error, distinguished_name, pem,
};
use crate::der;
use crate::encoding::{base64, base64url, ybase64};
use crate::json::{Json, Object, Style};
use crate::value_error::ValueError;

/// What functions make values with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tools<'a> {
    pub(crate) authority: &'a TestAuthority,
    pub(crate) clock: &'a dyn Clock,
}

/// Makes a value of the expanded argument.
pub(crate) type Function = fn(&Tools<'_>, &Json) -> Result<Json, ValueError>;

/// The function that an object with this one key calls.
pub(crate) fn named(key: &str) -> Option<Function> {
    match key {
        "$json" => Some(json),
        "$base64" => Some(base64_text),
        "$repeat" => Some(repeat),
        "$list" => Some(list),
        "$csr" => Some(csr),
        "$jwt" => Some(jwt),
        "$ntoken" => Some(ntoken),
        "$pkcs7" => Some(pkcs7),
        _ => None,
    }
}

fn json(_: &Tools<'_>, argument: &Json) -> Result<Json, ValueError> {
    Ok(argument.write(Style::Compact).into())
}

fn base64_text(_: &Tools<'_>, argument: &Json) -> Result<Json, ValueError> {
    let text = argument.as_str().ok_or(ValueError::Argument { function: "base64", what: "a text" })?;
    Ok(base64(text.as_bytes()).into())
}

/// `{text, times}`
fn repeat(_: &Tools<'_>, argument: &Json) -> Result<Json, ValueError> {
    let arguments = Arguments { function: "repeat", given: argument };
    Ok(arguments.text("text", "text")?.repeat(arguments.count("times", "times")?).into())
}

/// `{count, item}`: `{i}` in the item is the position.
fn list(_: &Tools<'_>, argument: &Json) -> Result<Json, ValueError> {
    let arguments = Arguments { function: "list", given: argument };
    let item = arguments.get("item", "item")?.write(Style::Spaced);
    let items = (0..arguments.count("count", "count")?).map(|position| {
        Json::parse(item.replace("{i}", &position.to_string()).as_bytes())
            .map_err(|_| ValueError::Argument { function: "list", what: "an item that stays JSON" })
    });
    items.collect::<Result<_, _>>().map(Json::List)
}

/// `{key, cn, san, o, ou, c}`: a certificate request (RFC 2986), PEM.
fn csr(tools: &Tools<'_>, argument: &Json) -> Result<Json, ValueError> {
    let arguments = Arguments { function: "csr", given: argument };
    let key = tools.authority.key(&arguments.text("key", "key")?)?;
    let given = |name: &str, otherwise: &str| {
        argument.get(name).map_or_else(
            || otherwise.to_owned(),
            |value| if value.is_something() { value.to_text() } else { String::new() },
        )
    };
    let subject = [
        (COUNTRY, given("c", "US")),
        (ORGANIZATION, given("o", "Athenz")),
        (ORGANIZATIONAL_UNIT, given("ou", "")),
        (COMMON_NAME, given("cn", "")),
    ];
    let parts: Vec<(&str, &str)> = subject
        .iter()
        .filter(|(kind, value)| *kind == COUNTRY || !value.is_empty())
        .map(|(kind, value)| (*kind, value.as_str()))
        .collect();
    let names = alternative_names(&given("san", ""))?;
    let attributes = alternative_names_extension(&names).map(|extension| {
        let requested = der::set(vec![der::sequence([extension])]);
        der::sequence([der::oid("1.2.840.113549.1.9.14"), requested])
    });
    let body = der::sequence([
        der::integer(&[0]),
        distinguished_name(&parts),
        key.public_der()?,
        der::context(0, &attributes.unwrap_or_default()),
    ]);
    let signature = der::bits(&key.sign(&body)?);
    let request = der::sequence([body, key.signature_algorithm(), signature]);
    Ok(pem("CERTIFICATE REQUEST", &request)?.into())
}

/// `{key, header, claims, spoil}`: ES256, or RS256 of an RSA key; `alg` none has no signature.
fn jwt(tools: &Tools<'_>, argument: &Json) -> Result<Json, ValueError> {
    let arguments = Arguments { function: "jwt", given: argument };
    let key = tools.authority.key(&arguments.text("key", "key")?)?;
    let mut header: Object =
        [("alg", Json::from(if key.is_rsa() { "RS256" } else { "ES256" })), ("typ", Json::from("JWT"))]
            .into_iter()
            .collect();
    if let Some(more) = argument.get("header").and_then(Json::as_object) {
        more.iter().for_each(|(name, value)| header.set(name, value.clone()));
    }
    let unsigned = header.get("alg").and_then(Json::as_str) == Some("none");
    let claims = arguments.get("claims", "claims")?;
    let [header, claims] =
        [&Json::Object(header), claims].map(|part| base64url(part.write(Style::Spaced).as_bytes()));
    let body = format!("{header}.{claims}");
    if unsigned {
        return Ok(format!("{body}.").into());
    }
    let mut signature = key.sign_jwt(body.as_bytes())?;
    if argument.get("spoil").is_some_and(Json::is_something)
        && let Some(first) = signature.first_mut()
    {
        *first ^= 1;
    }
    Ok(format!("{body}.{}", base64url(&signature)).into())
}

/// `{domain, name, key, keyid, expires, age, extra, by: {key, keyid, name}}`: a service token; `by` is
/// an authorized service that signs it once more.
fn ntoken(tools: &Tools<'_>, argument: &Json) -> Result<Json, ValueError> {
    let arguments = Arguments { function: "ntoken", given: argument };
    let made = tools.clock.now().seconds() - arguments.seconds("age", 0)?;
    let expires = made + arguments.seconds("expires", 3600)?;
    let mut fields: Object = [
        ("v", Json::from("S1")),
        ("d", arguments.get("domain", "domain")?.clone()),
        ("n", arguments.get("name", "name")?.clone()),
        ("h", Json::from("localhost")),
        ("a", Json::from("9f2a3c")),
        ("t", Json::from(made)),
        ("e", Json::from(expires)),
        ("k", argument.get("keyid").cloned().unwrap_or_else(|| Json::from("0"))),
    ]
    .into_iter()
    .collect();
    if let Some(extra) = argument.get("extra").and_then(Json::as_object) {
        extra.iter().for_each(|(name, value)| fields.set(name, value.clone()));
    }
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", value.to_text())).collect();
    let mut token = fields.join(";");
    let key = tools.authority.key(&arguments.text("key", "key")?)?;
    token = format!("{token};s={}", ybase64(&key.sign(token.as_bytes())?));
    if let Some(by) = argument.get("by") {
        token = signed_again(tools, token, by)?;
    }
    Ok(token.into())
}

fn signed_again(tools: &Tools<'_>, token: String, by: &Json) -> Result<String, ValueError> {
    let arguments = Arguments { function: "ntoken", given: by };
    let key_id = by.get("keyid").map_or_else(|| "0".to_owned(), Json::to_text);
    let name = by.get("name").map(|name| format!(";bn={}", name.to_text())).unwrap_or_default();
    let token = format!("{token};bk={key_id}{name}");
    let key = tools.authority.key(&arguments.text("key", "by.key")?)?;
    let signature = ybase64(&key.sign(token.as_bytes())?);
    Ok(format!("{token};bs={signature}"))
}

/// `{key, text}`: a detached signature (RFC 5652), as of an instance document, base64; the key is RSA.
fn pkcs7(tools: &Tools<'_>, argument: &Json) -> Result<Json, ValueError> {
    const DATA: &str = "1.2.840.113549.1.7.1";
    let arguments = Arguments { function: "pkcs7", given: argument };
    let name = arguments.text("key", "key")?;
    let key = tools.authority.key(&name)?;
    if !key.is_rsa() {
        return Err(ValueError::Argument { function: "pkcs7", what: "an RSA key" });
    }
    let issued = tools.authority.issue(&key, &name, &[], None)?;
    let certificate = Certificate::from_pem(&issued).map_err(certificate_error)?;
    let digest_algorithm = der::sequence([der::oid("2.16.840.1.101.3.4.2.1"), der::null()]);
    let attribute = |kind: &str, value| der::sequence([der::oid(kind), der::set(vec![value])]);
    let text = arguments.text("text", "text")?;
    let attributes = der::set(vec![
        attribute("1.2.840.113549.1.9.3", der::oid(DATA)),
        attribute("1.2.840.113549.1.9.5", der::time(tools.clock.now())),
        attribute("1.2.840.113549.1.9.4", der::octets(&Sha256::digest(text.as_bytes()))),
    ]);
    let signature = key.sign(&attributes)?;
    let issuer = encode(&certificate.tbs_certificate.issuer)?;
    let serial = encode(&certificate.tbs_certificate.serial_number)?;
    let mut signed_attributes = attributes;
    if let Some(tag) = signed_attributes.first_mut() {
        *tag = 0xa0;
    }
    let signer = der::sequence([
        der::integer(&[1]),
        der::sequence([issuer, serial]),
        digest_algorithm.clone(),
        signed_attributes,
        der::sequence([der::oid("1.2.840.113549.1.1.1"), der::null()]),
        der::octets(&signature),
    ]);
    let signed_data = der::sequence([
        der::integer(&[1]),
        der::set(vec![digest_algorithm]),
        der::sequence([der::oid(DATA)]),
        der::context(0, &encode(&certificate)?),
        der::set(vec![signer]),
    ]);
    let content = der::sequence([der::oid("1.2.840.113549.1.7.2"), der::context(0, &signed_data)]);
    Ok(base64(&content).into())
}

fn encode(value: &impl Encode) -> Result<Vec<u8>, AuthorityError> {
    value.to_der().map_err(certificate_error)
}

/// The argument of a function, and the function for whoever reads the error.
struct Arguments<'a> {
    function: &'static str,
    given: &'a Json,
}

impl<'a> Arguments<'a> {
    fn get(&self, name: &str, what: &'static str) -> Result<&'a Json, ValueError> {
        self.given.get(name).ok_or(ValueError::Argument { function: self.function, what })
    }

    fn text(&self, name: &str, what: &'static str) -> Result<String, ValueError> {
        self.get(name, what).map(Json::to_text)
    }

    fn count(&self, name: &str, what: &'static str) -> Result<usize, ValueError> {
        self.text(name, what)?.parse().map_err(|_| ValueError::Argument { function: self.function, what })
    }

    fn seconds(&self, name: &str, otherwise: i64) -> Result<i64, ValueError> {
        match self.given.get(name) {
            None => Ok(otherwise),
            Some(value) => value.to_text().parse().map_err(|_| ValueError::Argument {
                function: self.function,
                what: "seconds as a whole number",
            }),
        }
    }
}

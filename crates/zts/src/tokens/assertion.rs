//! Client assertions (RFC 7523): a service shows who it is with a token that it signed itself.
//!
//! Tokens that this server signed are no assertions: whoever got one from its owner could speak in
//! the owner's name.

use athenz_crypto::digest::sha256_base64url;
use athenz_crypto::jose::{ClaimError, Claims, JwsError, UnverifiedJws};
use athenz_model::{ApiError, Timestamp};

use super::form::TokenForm;
use crate::config::Config;
use crate::index::Index;
use crate::signing::ID_JAG_TYPE;

/// The type every client assertion must have.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Clocks may differ by so much, in seconds.
const SKEW: i64 = 60;

/// A client that has shown who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAssertion {
    /// `domain.service`
    pub service: String,
    /// The domain of the service.
    pub domain: String,
    /// The scope it asks for.
    pub scope: Option<String>,
    /// What names it among all assertions of the service.
    id: String,
    expires: Timestamp,
}

impl VerifiedAssertion {
    /// What is remembered of it once it alone has shown who the caller is.
    pub(crate) fn used(&self) -> UsedAssertion<'_> {
        // until then it is accepted
        let expires = self.expires.plus_seconds(SKEW);
        UsedAssertion { signer: &self.service, id: &self.id, quota: &self.domain, expires }
    }
}

/// An assertion that is about to be used up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsedAssertion<'a> {
    /// Who gave it its id. No service has the empty name: this server's own stand under it.
    pub(crate) signer: &'a str,
    /// Its id among all of the signer.
    pub(crate) id: &'a str,
    /// The domain on whose account it is remembered.
    pub(crate) quota: &'a str,
    /// From when on it is refused anyway.
    pub(crate) expires: Timestamp,
}

/// Verifies the client assertion of a form, if there is one.
///
/// # Errors
/// 400 in Athenz's words.
pub fn of_form(
    form: &TokenForm,
    index: &Index,
    config: &Config,
    now: Timestamp,
) -> Result<Option<VerifiedAssertion>, ApiError> {
    let Some(text) = &form.unverified_client_assertion else { return Ok(None) };
    match form.client_assertion_type.as_deref() {
        None | Some("") => Err(ApiError::bad_request("Invalid request: no client assertion type provided")),
        Some(ASSERTION_TYPE) => verify(text, index, config, now).map(Some),
        Some(other) => Err(ApiError::bad_request(format!("Invalid client assertion type: {other}"))),
    }
}

/// Verifies an assertion.
///
/// # Errors
/// 400 in Athenz's words.
pub fn verify(
    text: &str,
    index: &Index,
    config: &Config,
    now: Timestamp,
) -> Result<VerifiedAssertion, ApiError> {
    check(text, index, config, now).map_err(|why| {
        ApiError::bad_request(format!("Invalid client assertion: Unable to parse token: {why}"))
    })
}

/// Whether a token says that it is an identity assertion for another server.
pub fn is_id_jag(unverified: &str) -> bool {
    UnverifiedJws::parse(unverified).is_ok_and(|jws| jws.unverified_header().has_type(&[ID_JAG_TYPE]))
}

/// Whether a token says that this server signed it.
pub(super) fn names_issuer(unverified: &str, config: &Config) -> bool {
    let claims = UnverifiedJws::parse(unverified).and_then(|jws| jws.unverified_claims());
    claims.is_ok_and(|claims| claims.text("iss").ok().flatten().is_some_and(|iss| config.accepts_issuer(iss)))
}

/// Verifies a token that a service signed itself; the error says why not.
pub(super) fn check(
    text: &str,
    index: &Index,
    config: &Config,
    now: Timestamp,
) -> Result<VerifiedAssertion, String> {
    let unverified = UnverifiedJws::parse(text).map_err(|error| match error {
        JwsError::Shape => "Invalid serialized unsecured/JWS/JWE object: Missing part delimiters".to_owned(),
        other => other.to_string(),
    })?;
    let claims = unverified.unverified_claims().map_err(|error| error.to_string())?;
    let expires = check_times(&claims, config, now)?;
    let (service, domain) = check_parties(&claims, config)?;
    let key = find_key(&unverified, index, service)?;
    let verified = unverified.verify(key).map_err(|_| "Unable to verify token signature".to_owned())?;
    let scope = verified.claims().text("scope").map_err(|error| error.to_string())?;
    let id = match verified.claims().text("jti").map_err(|error| error.to_string())? {
        Some(id) => id.to_owned(),
        // without a name of its own the signed content is the name; the signature could be varied
        None => sha256_base64url(text.rsplit_once('.').map_or(text, |(content, _)| content).as_bytes()),
    };
    Ok(VerifiedAssertion {
        service: service.to_owned(),
        domain: domain.to_owned(),
        scope: scope.map(str::to_owned),
        id,
        expires,
    })
}

fn check_times(claims: &Claims, config: &Config, now: Timestamp) -> Result<Timestamp, String> {
    let expires = claims.check_times(now, SKEW).map_err(|error| match error {
        ClaimError::Expired => "Expired JWT".to_owned(),
        ClaimError::NotYetValid => "JWT before use time".to_owned(),
        other => other.to_string(),
    })?;
    let longest = config.tokens.max_assertion_life;
    if expires > now.plus_seconds(longest + SKEW) {
        return Err(format!("the token is valid for too long: give it at most {longest} seconds"));
    }
    Ok(expires)
}

/// Gives the service and its domain.
fn check_parties<'a>(claims: &'a Claims, config: &Config) -> Result<(&'a str, &'a str), String> {
    let text = |name| claims.text(name).ok().flatten().filter(|text| !text.is_empty());
    let audience = claims.audience().ok().and_then(|list| list.first().copied());
    let (Some(issuer), Some(subject), Some(audience)) =
        (text("iss"), text("sub"), audience.filter(|text| !text.is_empty()))
    else {
        return Err("Invalid token: missing issuer, subject or audience".to_owned());
    };
    if config.accepts_issuer(issuer) {
        return Err("Invalid token: a token of this server is no client assertion".to_owned());
    }
    if issuer != subject {
        return Err(format!("Invalid token: mismatched issuer ({issuer}) and subject ({subject})"));
    }
    if !config.accepts_issuer(audience) {
        return Err(format!("Invalid token: mismatched audience ({audience}) and issuer"));
    }
    let domain = subject.rsplit_once('.').map(|(domain, _)| domain);
    let domain = domain.ok_or_else(|| format!("Invalid token: missing domain and service: {subject}"))?;
    Ok((subject, domain))
}

fn find_key<'a>(
    unverified: &UnverifiedJws<'_>,
    index: &'a Index,
    service: &str,
) -> Result<&'a athenz_crypto::PublicKey, String> {
    let header = unverified.unverified_header();
    let id = header.key_id.as_deref().ok_or("Invalid token: missing key id")?;
    let key = index.public_key(service, id).ok_or_else(|| {
        format!("Invalid token: unable to get public key for {service} service with keyid: {id}")
    })?;
    if header.algorithm.fits(key.kind()) {
        return Ok(key);
    }
    let usual = key.kind().default_algorithm();
    Err(format!("Unsupported JWS algorithm {}, must be {usual}", header.algorithm))
}

//! The form of a token request (RFC 6749 §4.4.2 and Athenz's own parameters), read as Athenz reads it.

use std::borrow::Cow;

use athenz_model::ApiError;

/// Prefix of the token types of RFC 8693.
const TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:";
/// What an answer calls an ID token.
pub const ID_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:id_token";
/// What an answer calls an identity assertion for another server.
pub const ID_JAG_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:id-jag";

/// How a token is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// The caller's own roles.
    ClientCredentials,
    /// A token for another token (RFC 8693).
    TokenExchange,
    /// A token for a signed assertion (RFC 7523).
    JwtBearer,
}

/// What a token exchange wants to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantedToken {
    /// An access token.
    Access,
    /// An ID token.
    Id,
    /// An identity assertion for another server.
    IdJag,
}

/// A token request as it came.
#[derive(Clone, Debug, Default)]
pub struct TokenForm {
    grant_type: Option<String>,
    requested_token_type: Option<String>,
    subject_token_type: Option<String>,
    actor_token_type: Option<String>,
    /// `scope`, lower case.
    pub scope: Option<String>,
    /// `expires_in`, seconds; zero when absent or no number.
    pub expires_in: i64,
    /// `proxy_for_principal`, lower case.
    pub proxy_for_principal: Option<String>,
    /// `authorization_details` as given; may be empty.
    pub authorization_details: Option<String>,
    /// `proxy_principal_spiffe_uris`, lower case.
    pub proxy_principals: Vec<String>,
    /// Whether the OpenID issuer was asked for.
    pub openid_issuer: bool,
    /// Whether a single role joins the audience.
    pub role_in_audience: bool,
    /// `client_assertion_type`, lower case.
    pub client_assertion_type: Option<String>,
    /// `client_assertion`.
    pub unverified_client_assertion: Option<String>,
    /// `assertion`.
    pub unverified_assertion: Option<String>,
    /// `subject_token`.
    pub unverified_subject_token: Option<String>,
    /// `actor_token`.
    pub unverified_actor_token: Option<String>,
    /// `audience` as given.
    pub audience: Option<String>,
    /// `resource` as given.
    pub resource: Option<String>,
    /// Whether the roles of a redeemed assertion have full names.
    pub full_names: bool,
    /// `actor` as given; an empty one is a name like any other, and refused as such.
    pub actor: Option<String>,
}

impl TokenForm {
    /// Reads a body. Parts without `=` and parts that cannot be decoded are skipped, of two equal
    /// names the last counts, unknown names are ignored.
    ///
    /// # Errors
    /// 400 for an empty body, and for a proxy that is no SPIFFE URI.
    pub fn parse(body: &str, max_proxy_principals: usize) -> Result<Self, ApiError> {
        if body.is_empty() {
            return Err(ApiError::bad_request("Empty request body"));
        }
        let mut form = Self::default();
        for (name, value) in body.split('&').filter_map(decode_pair) {
            form.set(&name, value, max_proxy_principals)?;
        }
        Ok(form)
    }

    fn set(&mut self, name: &str, value: Cow<'_, str>, max_proxy_principals: usize) -> Result<(), ApiError> {
        let lower = || Some(value.to_ascii_lowercase());
        match name {
            "grant_type" => self.grant_type = lower(),
            "scope" => self.scope = lower(),
            "expires_in" => self.expires_in = value.parse::<i32>().unwrap_or(0).into(),
            "proxy_for_principal" => self.proxy_for_principal = lower().filter(|name| !name.is_empty()),
            "authorization_details" => self.authorization_details = Some(value.into_owned()),
            "proxy_principal_spiffe_uris" => {
                self.proxy_principals = spiffe_uris(&value.to_ascii_lowercase(), max_proxy_principals)?;
            }
            "openid_issuer" => self.openid_issuer = value.eq_ignore_ascii_case("true"),
            "role_in_aud_claim" => self.role_in_audience = value.eq_ignore_ascii_case("true"),
            "client_assertion_type" => self.client_assertion_type = lower(),
            "client_assertion" => self.unverified_client_assertion = Some(value.into_owned()),
            "requested_token_type" => self.requested_token_type = lower(),
            "subject_token_type" => self.subject_token_type = lower(),
            "actor_token_type" => self.actor_token_type = lower(),
            "actor_token" => self.unverified_actor_token = Some(value.into_owned()).filter(|t| !t.is_empty()),
            "resource" => self.resource = Some(value.into_owned()).filter(|text| !text.is_empty()),
            "full_arn" => self.full_names = value.eq_ignore_ascii_case("true"),
            "subject_token" => self.unverified_subject_token = Some(value.into_owned()),
            "audience" => self.audience = Some(value.into_owned()),
            "assertion" => self.unverified_assertion = Some(value.into_owned()),
            "actor" => self.actor = Some(value.into_owned()),
            _ => {}
        }
        Ok(())
    }

    /// The grant type.
    ///
    /// # Errors
    /// 400: absent or unknown.
    pub fn grant_type(&self) -> Result<GrantType, ApiError> {
        match self.grant_type.as_deref() {
            None | Some("") => Err(ApiError::bad_request("Invalid request: no grant type provided")),
            Some("client_credentials") => Ok(GrantType::ClientCredentials),
            Some("urn:ietf:params:oauth:grant-type:token-exchange") => Ok(GrantType::TokenExchange),
            Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => Ok(GrantType::JwtBearer),
            Some(other) => Err(ApiError::bad_request(format!("Invalid grant request: {other}"))),
        }
    }

    /// The scope, which must be there but may be blank.
    ///
    /// # Errors
    /// 400: absent or empty.
    pub fn required_scope(&self) -> Result<&str, ApiError> {
        let scope = self.scope.as_deref().filter(|scope| !scope.is_empty());
        scope.ok_or_else(|| ApiError::bad_request("Invalid request: no scope provided"))
    }

    /// Checks what a token exchange must say, and gives what it wants.
    ///
    /// # Errors
    /// 400: an unknown token type, or a parameter that is missing.
    pub fn exchange(&self) -> Result<WantedToken, ApiError> {
        let wanted = match self.requested_token_type.as_deref() {
            None | Some("") => WantedToken::Access,
            Some(kind) => match kind.strip_prefix(TOKEN_TYPE) {
                Some("access_token") => WantedToken::Access,
                Some("id_token") => WantedToken::Id,
                Some("id-jag") => WantedToken::IdJag,
                _ => return Err(ApiError::bad_request(format!("Invalid requested token type: {kind}"))),
            },
        };
        if wanted == WantedToken::IdJag && !is_given(self.scope.as_ref()) {
            return Err(ApiError::bad_request("Invalid request: no scope provided"));
        }
        if wanted != WantedToken::Access {
            self.check_audience()?;
        }
        self.check_subject_type(wanted)?;
        if !is_given(self.unverified_subject_token.as_ref()) {
            return Err(ApiError::bad_request("Invalid request: no subject token provided"));
        }
        Ok(wanted)
    }

    /// Checks that an audience is named.
    ///
    /// # Errors
    /// 400: none is.
    pub fn check_audience(&self) -> Result<(), ApiError> {
        let none = || ApiError::bad_request("Invalid request: no audience provided");
        is_given(self.audience.as_ref()).then_some(()).ok_or_else(none)
    }

    /// Checks the type of the actor token.
    ///
    /// # Errors
    /// 400: absent or unknown.
    pub fn check_actor_type(&self) -> Result<(), ApiError> {
        check_token_type("actor", self.actor_token_type.as_deref(), &["id_token", "access_token", "jwt"])
    }

    fn check_subject_type(&self, wanted: WantedToken) -> Result<(), ApiError> {
        let fitting: &[&str] = match wanted {
            WantedToken::Access => &["id_token", "access_token", "jwt"],
            WantedToken::Id | WantedToken::IdJag => &["id_token"],
        };
        check_token_type("subject", self.subject_token_type.as_deref(), fitting)
    }
}

fn is_given(value: Option<&String>) -> bool {
    value.is_some_and(|text| !text.trim().is_empty())
}

fn check_token_type(of: &str, kind: Option<&str>, fitting: &[&str]) -> Result<(), ApiError> {
    let short = kind.and_then(|kind| kind.strip_prefix(TOKEN_TYPE));
    if short.is_some_and(|short| fitting.contains(&short)) {
        return Ok(());
    }
    Err(ApiError::bad_request(format!("Invalid {of} token type: {}", kind.unwrap_or("null"))))
}

fn decode_pair(part: &str) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let (name, value) = part.split_once('=')?;
    if !escapes_are_whole(name) || !escapes_are_whole(value) {
        return None;
    }
    form_urlencoded::parse(part.as_bytes()).next()
}

/// Whether every `%` is followed by two hexadecimal digits.
fn escapes_are_whole(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let mut digits = after.bytes().take(2);
        let hex = |digit: Option<u8>| digit.is_some_and(|digit| digit.is_ascii_hexdigit());
        hex(digits.next()) && hex(digits.next())
    })
}

fn spiffe_uris(list: &str, max: usize) -> Result<Vec<String>, ApiError> {
    // as Java splits: nothing behind the last comma is no entry, nothing between two is an empty one
    let list = list.trim_end_matches(',');
    let uris: Vec<&str> = if list.is_empty() { Vec::new() } else { list.split(',').map(str::trim).collect() };
    if uris.len() > max {
        let text = format!("Too many spiffe uris specified: give at most {max}");
        return Err(ApiError::bad_request(text));
    }
    match uris.iter().find(|uri| !is_spiffe(uri)) {
        Some(uri) => Err(ApiError::bad_request(format!("Invalid spiffe uri specified: {uri}"))),
        None => Ok(uris.into_iter().map(str::to_owned).collect()),
    }
}

/// A SPIFFE ID of at most 2048 bytes (SPIFFE ID §2): trust domain and path of unreserved characters.
fn is_spiffe(uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix("spiffe://") else { return false };
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._/:@+=~!$&'()*;%".contains(&b);
    uri.len() <= 2_048 && !rest.is_empty() && !rest.starts_with('/') && rest.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> TokenForm {
        TokenForm::parse(body, 4).unwrap()
    }

    #[test]
    fn the_last_of_two_counts_and_odd_parts_are_skipped() {
        let form = parse(
            "junk&grant_type=CLIENT%5Fcredentials&scope=x&scope=D:role.a++D:role.b&expires_in=abc&=x&actor=%zz",
        );
        assert_eq!(form.grant_type().unwrap(), GrantType::ClientCredentials);
        assert_eq!(form.required_scope().unwrap(), "d:role.a  d:role.b");
        assert_eq!((form.expires_in, form.actor), (0, None));
    }

    #[test]
    fn refusals() {
        for (body, words) in [
            ("", "Empty request body"),
            ("scope=x", "Invalid request: no grant type provided"),
            ("grant_type=password", "Invalid grant request: password"),
            ("grant_type=client_credentials", "Invalid request: no scope provided"),
            ("grant_type=client_credentials&scope=", "Invalid request: no scope provided"),
            ("proxy_principal_spiffe_uris=https://x", "Invalid spiffe uri specified: https://x"),
            ("proxy_principal_spiffe_uris=spiffe://a,spiffe://", "Invalid spiffe uri specified: spiffe://"),
            ("proxy_principal_spiffe_uris=spiffe://a,,spiffe://b", "Invalid spiffe uri specified: "),
            ("proxy_principal_spiffe_uris=spiffe://a,+", "Invalid spiffe uri specified: "),
            (
                "proxy_principal_spiffe_uris=spiffe://a,spiffe://b,spiffe://c,spiffe://d,spiffe://e",
                "Too many",
            ),
        ] {
            let answer = TokenForm::parse(body, 4)
                .and_then(|form| form.grant_type().map(|_| form))
                .and_then(|form| form.required_scope().map(|_| ()));
            let error = answer.unwrap_err();
            assert!(error.code == 400 && error.message.starts_with(words), "{body}: {error}");
        }
    }

    #[test]
    fn numbers_beyond_an_int_ask_for_nothing() {
        for (text, seconds) in [("600", 600), ("2147483648", 0), ("-1", -1), ("1.5", 0), ("", 0)] {
            assert_eq!(parse(&format!("expires_in={text}")).expires_in, seconds, "{text}");
        }
    }

    #[test]
    fn lists_of_proxies() {
        for none in ["", ",", ",,"] {
            let form = parse(&format!("proxy_principal_spiffe_uris={none}"));
            assert_eq!(form.proxy_principals, Vec::<String>::new(), "{none:?}");
        }
        assert_eq!(parse("proxy_principal_spiffe_uris=spiffe://a,").proxy_principals, ["spiffe://a"]);
        let form = parse("proxy_principal_spiffe_uris=spiffe://Edge/sa/gateway,+spiffe://edge/sa/other");
        assert_eq!(form.proxy_principals, ["spiffe://edge/sa/gateway", "spiffe://edge/sa/other"]);
    }

    #[test]
    fn exchanges() {
        let base = "subject_token=x&subject_token_type=urn:ietf:params:oauth:token-type:";
        for (body, answer) in [
            (format!("{base}jwt"), Ok(WantedToken::Access)),
            (
                format!("{base}saml2"),
                Err("Invalid subject token type: urn:ietf:params:oauth:token-type:saml2"),
            ),
            (
                format!(
                    "{base}jwt&audience=a&requested_token_type=urn:ietf:params:oauth:token-type:id_token"
                ),
                Err("Invalid subject token type: urn:ietf:params:oauth:token-type:jwt"),
            ),
            (format!("{base}jwt&requested_token_type=x"), Err("Invalid requested token type: x")),
            (
                "subject_token_type=urn:ietf:params:oauth:token-type:jwt".to_owned(),
                Err("Invalid request: no subject token provided"),
            ),
        ] {
            let given = parse(&body).exchange();
            assert_eq!(
                given.as_ref().map_err(|error| error.message.as_str()),
                answer.as_ref().map_err(|text| *text),
                "{body}"
            );
        }
    }
}

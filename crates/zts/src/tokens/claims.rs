//! The claims of the tokens ZTS makes, in the order they are written.

use athenz_model::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// `ver` of every token.
pub const VERSION: u8 = 1;

/// Claims of an access token (RFC 9068 with Athenz's own).
#[derive(Clone, Debug, Serialize)]
pub struct AccessClaims<'a> {
    /// Always [`VERSION`].
    pub ver: u8,
    /// Random, never the same twice.
    pub jti: &'a str,
    /// Issuer.
    pub iss: &'a str,
    /// The domain of the roles, or the server that an assertion is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<&'a str>,
    /// Whose roles these are.
    pub sub: &'a str,
    /// Who asked for the token: the subject, unless it was exchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<&'a str>,
    /// The common name of the certificate that may present the token.
    pub client_id: &'a str,
    /// Seconds since the epoch.
    pub iat: i64,
    /// The same.
    pub auth_time: i64,
    /// Seconds since the epoch.
    pub exp: i64,
    /// Role names: short, or full where the audience is not their domain.
    pub scp: &'a [&'a str],
    /// The same, with spaces between.
    pub scope: &'a str,
    /// What binds the token to a certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation<'a>>,
    /// Who asked on behalf of the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<&'a str>,
    /// The request's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<&'a str>,
    /// What an assertion is to be used for (RFC 8707).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<&'a str>,
    /// Who acts for the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Acting<'a>>,
    /// Who may act for the subject next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub may_act: Option<MayAct<'a>>,
}

impl<'a> AccessClaims<'a> {
    /// The claims that every token has, for so many seconds from now on; no roles yet.
    pub fn new(jti: &'a str, issuer: &'a str, subject: &'a str, now: Timestamp, life: i64) -> Self {
        Self {
            ver: VERSION,
            jti,
            iss: issuer,
            aud: None,
            sub: subject,
            uid: None,
            client_id: subject,
            iat: now.seconds(),
            auth_time: now.seconds(),
            exp: now.seconds().saturating_add(life),
            scp: &[],
            scope: "",
            cnf: None,
            proxy: None,
            authorization_details: None,
            resource: None,
            act: None,
            may_act: None,
        }
    }
}

/// The certificate a token is bound to (RFC 8705 §3.1).
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Confirmation<'a> {
    /// base64url of SHA-256 over the certificate.
    #[serde(rename = "x5t#S256")]
    pub thumbprint: &'a str,
    /// SPIFFE IDs of proxies that may present the token too.
    #[serde(rename = "proxy-principals#spiffe", skip_serializing_if = "<[String]>::is_empty")]
    pub proxies: &'a [String],
}

/// Who acts for a subject, and on whose behalf (RFC 8693 §4.1).
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Acting<'a> {
    /// Its name.
    pub sub: &'a str,
    /// Those before it, as their token had them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<&'a Value>,
}

/// Who may act for a subject (RFC 8693 §4.4).
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MayAct<'a> {
    /// Its name.
    pub sub: &'a str,
}

/// Claims of an ID token (OpenID Connect Core §2 with Athenz's own).
#[derive(Clone, Debug, Serialize)]
pub struct IdClaims<'a> {
    /// Always [`VERSION`].
    pub ver: u8,
    /// Issuer.
    pub iss: &'a str,
    /// The client.
    pub aud: &'a str,
    /// Whose token this is.
    pub sub: &'a str,
    /// The client's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<&'a str>,
    /// Roles or groups.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub groups: &'a [String],
    /// Seconds since the epoch.
    pub iat: i64,
    /// The same.
    pub auth_time: i64,
    /// Seconds since the epoch.
    pub exp: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_claims_are_left_out() {
        let claims = AccessClaims {
            aud: Some("d"),
            uid: Some("user.a"),
            scp: &["r", "s"],
            scope: "r s",
            cnf: Some(Confirmation { thumbprint: "t", proxies: &[] }),
            may_act: Some(MayAct { sub: "d.s" }),
            ..AccessClaims::new("j", "i", "user.a", Timestamp::from_seconds(1), 1)
        };
        assert_eq!(
            serde_json::to_string(&claims).unwrap(),
            r#"{"ver":1,"jti":"j","iss":"i","aud":"d","sub":"user.a","uid":"user.a","client_id":"user.a","iat":1,"auth_time":1,"exp":2,"scp":["r","s"],"scope":"r s","cnf":{"x5t#S256":"t"},"may_act":{"sub":"d.s"}}"#
        );
    }
}

//! Role tokens: `v=Z1;d=<domain>;r=<roles>;…;t=<issued>;e=<expires>;k=<key id>;…;s=<signature>`.

use athenz_model::Timestamp;

use super::encoding::{from_ybase64, is_key_id};
use super::token::{AdmittedToken, TokenError, TokenKind, TokenRules, checked_roles};
use super::verify::{KeyOwner, Scheme, Verify};

/// The key id of a token that names none.
const DEFAULT_KEY_ID: &str = "0";

/// Most items of a token.
const ITEMS_MAX: usize = 32;

pub(super) fn admit(
    text: &str,
    verify: &dyn Verify,
    now: Timestamp,
    rules: &TokenRules,
) -> Result<AdmittedToken, TokenError> {
    let malformed = TokenError::Malformed;
    let (signed, signature) = text.split_once(";s=").ok_or(malformed("it has no signature"))?;
    let items = items(signed)?;
    let find = |name: &str| items.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let key_id = find("k").unwrap_or(DEFAULT_KEY_ID);
    if !is_key_id(key_id) {
        return Err(malformed("its key id cannot be used"));
    }
    let signature = from_ybase64(signature).ok_or(malformed("its signature is not ybase64"))?;
    verify.verify(KeyOwner::Zts, key_id, Scheme::Athenz, signed.as_bytes(), &signature)?;

    let seconds = |name| find(name).and_then(|value| value.parse().ok()).map(Timestamp::from_seconds);
    let issued = seconds("t").ok_or(malformed("it does not say when it was issued"))?;
    let expires = seconds("e").ok_or(malformed("it does not say when it expires"))?;
    if issued > now.plus_seconds(rules.role_skew_seconds) {
        return Err(TokenError::NotYetValid);
    }
    let life_max = rules.role_life_max_seconds.saturating_add(rules.role_skew_seconds);
    if expires > now.plus_seconds(life_max) {
        return Err(TokenError::LifeTooLong);
    }
    let domain = find("d").filter(|domain| !domain.is_empty()).ok_or(malformed("it names no domain (d)"))?;
    let roles = find("r").ok_or(malformed("it carries no role"))?;
    Ok(AdmittedToken {
        kind: TokenKind::Role,
        domain: domain.to_owned(),
        roles: checked_roles(roles.split(',').map(str::to_owned).collect())?,
        principal: find("p").map(str::to_owned),
        client: find("proxy").or_else(|| find("p")).map(str::to_owned),
        issued: Some(issued),
        expires,
        bound_to: None,
        proxy_spiffe_ids: Vec::new(),
    })
}

/// Items of the signed text; one that occurs twice could be read in two ways.
fn items(signed: &str) -> Result<Vec<(&str, &str)>, TokenError> {
    let mut items: Vec<(&str, &str)> = Vec::new();
    for item in signed.split(';') {
        let (key, value) = item.split_once('=').ok_or(TokenError::Malformed("an item has no value"))?;
        let twice = items.iter().any(|(known, _)| *known == key);
        if twice || value.contains('=') || items.len() == ITEMS_MAX {
            return Err(TokenError::Malformed("an item occurs twice or cannot be read"));
        }
        items.push((key, value));
    }
    Ok(items)
}

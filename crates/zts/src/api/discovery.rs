//! Keys and discovery documents, for anybody.

use std::sync::Arc;

use athenz_crypto::jose::{CurveNames, JwkSet};
use athenz_crypto::keys::PublicKey;
use athenz_model::wire::zts::{OAuthConfig, OpenIDConfig};
use athenz_serve::wire::json;
use athenz_serve::{Answer, Call, Mount};

use super::host;
use crate::index::Index;
use crate::state::State;

/// The services whose registered keys are served.
const ZMS_SERVICE: &str = "sys.auth.zms";
const ZTS_SERVICE: &str = "sys.auth.zts";

pub(super) fn add(mount: Mount<State>) -> Mount<State> {
    mount
        .handle("getJWKList", keys)
        .handle("getOpenIDConfig", openid_configuration)
        .handle("getOAuthConfig", oauth_configuration)
}

async fn keys(state: Arc<State>, call: Call) -> Answer {
    let rfc = state.config.jwk_rfc_only || call.query.boolean("rfc").unwrap_or(false);
    let names = if rfc { CurveNames::Rfc } else { CurveNames::Athenz };
    let index = state.index();
    if call.query.first("service") == Some("zms") {
        return json(&zms_keys(&state, &index, names));
    }
    json(&state.signers().jwks(registered(&index, ZTS_SERVICE), names))
}

/// The configured keys of ZMS, else the registered ones.
pub(crate) fn zms_keys(state: &State, index: &Index, names: CurveNames) -> JwkSet {
    let configured = state.zms_keys();
    if configured.is_empty() {
        return JwkSet::from_public_keys(registered(index, ZMS_SERVICE), names);
    }
    JwkSet::from_public_keys(configured.iter().map(|(id, key)| (id.as_str(), key)), names)
}

fn registered<'a>(index: &'a Index, service: &str) -> impl Iterator<Item = (&'a str, &'a PublicKey)> {
    let keys = index.service(service).map(|service| service.keys()).unwrap_or_default();
    keys.iter().filter_map(|key| Some((key.id(), key.key()?)))
}

async fn openid_configuration(state: Arc<State>, call: Call) -> Answer {
    let issuer = issuer(&state, &call);
    json(&OpenIDConfig {
        authorization_endpoint: Some(format!("{issuer}/oauth2/auth")),
        token_endpoint: Some(format!("{issuer}/oauth2/token")),
        jwks_uri: Some(keys_uri(&state, issuer)),
        response_types_supported: Some(vec!["id_token".to_owned()]),
        subject_types_supported: Some(vec!["public".to_owned()]),
        id_token_signing_alg_values_supported: Some(state.signers().algorithms()),
        claims_supported: None,
        issuer: Some(issuer.to_owned()),
    })
}

async fn oauth_configuration(state: Arc<State>, call: Call) -> Answer {
    let issuer = issuer(&state, &call);
    let introspection = state.config.tokens.introspection.then(|| format!("{issuer}/oauth2/introspect"));
    json(&OAuthConfig {
        authorization_endpoint: Some(format!("{issuer}/oauth2/auth")),
        introspection_endpoint: introspection,
        token_endpoint: Some(format!("{issuer}/oauth2/token")),
        jwks_uri: Some(keys_uri(&state, issuer)),
        response_types_supported: Some(vec!["token".to_owned(), "id_token token".to_owned()]),
        grant_types_supported: Some(vec!["client_credentials".to_owned()]),
        token_endpoint_auth_signing_alg_values_supported: Some(state.signers().algorithms()),
        issuer: Some(issuer.to_owned()),
    })
}

/// The issuer of this host name, if one is configured: what tokens got by it will say.
fn issuer<'a>(state: &'a State, call: &Call) -> &'a str {
    state.config.mapped_issuer(host(call)).unwrap_or_else(|| state.config.openid_issuer())
}

fn keys_uri(state: &State, issuer: &str) -> String {
    let query = if state.config.jwk_rfc_only { "" } else { "?rfc=true" };
    format!("{issuer}/oauth2/keys{query}")
}

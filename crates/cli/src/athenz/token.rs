//! `athenz token`

use athenz_client::zts::AccessTokenRequest;
use athenz_client::{ZtsClient, tokens::AccessToken};
use athenz_model::wire::zts::AccessTokenResponse;

use super::Outcome;
use super::options::{Kind, TokenArguments};
use super::output::Output;
use super::settings::Settings;
use super::token_store::{TokenKey, TokenStore};

/// The header that role tokens are shown in.
const ROLE_HEADER: &str = "Athenz-Role-Auth";

pub(super) async fn run(
    arguments: TokenArguments,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<Outcome> {
    let zts = settings.zts()?;
    match arguments.kind {
        Kind::Access => access_token(&arguments, &zts, settings, output).await?,
        Kind::Role => role_token(&arguments, &zts, output).await?,
    }
    Ok(Outcome::Done)
}

async fn access_token(
    arguments: &TokenArguments,
    zts: &ZtsClient,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<()> {
    let request = AccessTokenRequest {
        domain: arguments.domain.clone(),
        roles: arguments.roles.clone(),
        expires_in: arguments.expires_in,
        id_token_service: arguments.id_token.clone(),
        ..AccessTokenRequest::default()
    }
    .canonical();
    let answer = kept_or_new(&request, arguments.no_cache, zts, settings).await?;
    output.show(&answer, |answer| {
        let token = answer.access_token.as_deref().unwrap_or_default();
        match (&answer.id_token, arguments.header) {
            (_, true) => format!("Authorization: Bearer {token}"),
            (Some(id_token), false) => format!("{token}\n{id_token}"),
            (None, false) => token.to_owned(),
        }
    })
}

async fn kept_or_new(
    request: &AccessTokenRequest,
    no_cache: bool,
    zts: &ZtsClient,
    settings: &Settings,
) -> anyhow::Result<AccessTokenResponse> {
    let thumbprint = zts.http().identity().and_then(|identity| identity.thumbprint()).unwrap_or_default();
    let key = TokenKey { zts: zts.url().as_str(), thumbprint: &thumbprint, request };
    let store = TokenStore::of_user();
    let now = settings.clock().now();
    if let Some((_, answer)) = store.as_ref().filter(|_| !no_cache).and_then(|store| store.find(&key, now)) {
        return Ok(answer);
    }
    let answer = zts.access_token(request).await?;
    // refuses an answer without token
    AccessToken::from_answer(answer.clone(), now)?;
    if let Some(store) = &store {
        store.keep(&key, &answer, now);
    }
    Ok(answer)
}

async fn role_token(arguments: &TokenArguments, zts: &ZtsClient, output: &mut Output) -> anyhow::Result<()> {
    if arguments.id_token.is_some() {
        anyhow::bail!("a role token comes without an ID token; leave out --id-token or --kind role");
    }
    let life = arguments.expires_in;
    let answer = zts.role_token(&arguments.domain, &arguments.roles, life, life).await?;
    output.show(&answer, |answer| {
        let token = answer.token.as_deref().unwrap_or_default();
        if arguments.header { format!("{ROLE_HEADER}: {token}") } else { token.to_owned() }
    })
}

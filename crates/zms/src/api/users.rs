//! Users and principals.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::wire::zms::{PrincipalState, UserList};
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, json, no_content};
use serde_json::json as object;

use super::request::{Read, change, change_unchecked};
use crate::commands::delete_user;
use crate::state::Zms;

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount
        .handle("getUserList", get_user_list)
        .handle("deleteUser", delete_user_call)
        .handle("putPrincipalState", put_principal_state)
        .handle("getServicePrincipal", get_service_principal)
}

async fn get_user_list(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let users = &zms.rules.users;
    let domain = read.query("domain").unwrap_or_else(|| users.user.to_string());
    if domain != users.user.as_str()
        && !users.additional.iter().any(|additional| *additional.as_str() == *domain)
    {
        return Err(ApiError::bad_request("Unknown user domain").into());
    }
    let of_domain = |name: &Arc<str>| {
        name.strip_prefix(domain.as_str())
            .and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|rest| !rest.contains('.'))
    };
    let mut names: Vec<String> = read
        .world
        .registered_principals()
        .map(|(id, _)| read.world.name_of(id))
        .filter(of_domain)
        .map(|name| name.to_string())
        .collect();
    names.sort_unstable();
    json(&UserList { names: Some(names) })
}

async fn delete_user_call(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| delete_user::delete_user(context, path.get("name"))).await?;
    Ok(no_content())
}

async fn put_principal_state(zms: Arc<Zms>, call: Call) -> Answer {
    change_unchecked(&zms, &call, |context, path, body: Option<PrincipalState>| {
        delete_user::put_state(context, path.get("principalName"), body)
    })
    .await?;
    Ok(no_content())
}

/// Who the caller is. A certificate is no token, so there is none in the answer.
async fn get_service_principal(zms: Arc<Zms>, call: Call) -> Answer {
    Read::begin(&zms, &call).await?;
    let principal = call.caller()?;
    let service = principal.name.as_deref().unwrap_or_default();
    let mut answer = object!({ "domain": &*principal.domain, "service": service });
    if principal.credential == athenz_serve::caller::Credential::PrincipalToken
        && let (Some(token), Some(answer)) = (call.header("Athenz-Principal-Auth"), answer.as_object_mut())
    {
        answer.insert("token".to_owned(), token.into_owned().into());
    }
    json(&answer)
}

//! Entities.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::wire::zms::{Entity, EntityList};
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, json, no_content};

use super::request::{Read, change, change_unchecked};
use crate::commands::entities;
use crate::state::Zms;
use crate::views::services::entity;

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount
        .handle("getEntityList", get_entity_list)
        .handle("getEntity", get_entity)
        .handle("putEntity", put_entity)
        .handle("deleteEntity", delete_entity)
}

async fn get_entity_list(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("domainName");
    match read.world.domain(&name) {
        Some(domain) => {
            json(&EntityList { names: Some(domain.entities.keys().map(ToString::to_string).collect()) })
        }
        None => Err(ApiError::not_found(format!("unknown domain - {name}")).into()),
    }
}

async fn get_entity(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let (domain, name) = (read.name("domainName"), read.name("entityName"));
    let Some(found) = read.world.domain(&domain) else {
        return Err(ApiError::not_found(format!("unknown domain - {domain}")).into());
    };
    match found.entities.get(name.as_str()) {
        Some(held) => json(&entity(&domain, &name, held)),
        None => {
            Err(ApiError::not_found(format!("getEntity: Entity not found: '{domain}:entity.{name}'")).into())
        }
    }
}

async fn put_entity(zms: Arc<Zms>, call: Call) -> Answer {
    change_unchecked(&zms, &call, |context, path, body: Option<Entity>| {
        entities::put(context, path.get("domainName"), path.get("entityName"), body)
    })
    .await?;
    Ok(no_content())
}

async fn delete_entity(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| {
        entities::delete(context, path.get("domainName"), path.get("entityName"))
    })
    .await?;
    Ok(no_content())
}

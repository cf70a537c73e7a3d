//! Entities: arbitrary JSON objects under a name.

use std::collections::BTreeMap;

use athenz_model::ApiError;
use athenz_model::wire::zms::Entity as EntityBody;
use athenz_world::{Change, ChangeSet, Entity};
use serde_json::value::RawValue;

use crate::access::authorize;
use crate::audit;
use crate::audited_kind::AuditedKind;
use crate::context::Context;
use crate::quota::{self, Counted};
use crate::values::{domain_name, entity_name};

/// Names that hold definitions of rich authorization details for ZTS.
const AUTHORIZATION_DETAILS: &str = "zts.authorization_details_";

/// `PUT /domain/{domainName}/entity/{entityName}`.
pub(crate) fn put(
    context: &Context<'_>,
    domain: &str,
    name: &str,
    body: Option<EntityBody>,
) -> Result<ChangeSet, ApiError> {
    let (domain, name) = (domain_name(domain)?, entity_name(name)?);
    let full = format!("{domain}:entity.{name}");
    authorize(context, "update", &full)?;
    let Some(body) = body else {
        return Err(ApiError::bad_request("Missing or malformed Entity"));
    };
    let given = body.name.unwrap_or_default().to_lowercase();
    if given != full {
        return Err(ApiError::bad_request(format!(
            "validateEntity: Entity name mismatch: {full} != {given}"
        )));
    }
    let Some(value) = body.value else {
        return Err(ApiError::bad_request(format!("validateEntity: Entity value is empty: {name}")));
    };
    let members = members(&value)?;
    if name.starts_with(AUTHORIZATION_DETAILS) {
        check_authorization_details(&members)?;
    }
    let found = context.stored_domain(&domain)?;
    audit::check_domain(context, AuditedKind::Entity, &domain)?;
    if !found.entities.contains_key(&name) {
        quota::check(context, found, Counted::Entity, found.entities.len() + 1)?;
    }
    Ok(ChangeSet::loud(domain, vec![Change::PutEntity { name, value: Entity(text_of(&members)?) }]))
}

/// The members of the object without those that are null.
fn members(value: &RawValue) -> Result<BTreeMap<String, Box<RawValue>>, ApiError> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(value.get())
        .map_err(|_| ApiError::bad_request(crate::messages::INVALID_OBJECT))?;
    Ok(members.into_iter().filter(|(_, member)| member.get() != "null").collect())
}

fn text_of(members: &BTreeMap<String, Box<RawValue>>) -> Result<String, ApiError> {
    serde_json::to_string(members).map_err(|_| ApiError::bad_request(crate::messages::INVALID_OBJECT))
}

/// `value.data` is a JSON text of `{type, roles: [{name, optional}], fields: [{name, optional}]}`.
fn check_authorization_details(members: &BTreeMap<String, Box<RawValue>>) -> Result<(), ApiError> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Definition {
        r#type: Option<String>,
        roles: Option<Vec<Field>>,
        fields: Option<Vec<Field>>,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Field {
        #[serde(rename = "name")]
        _name: Option<String>,
        #[serde(rename = "optional")]
        _optional: Option<bool>,
    }

    let invalid = || ApiError::bad_request("Invalid authorization details entity object provided");
    let data = members.get("data").ok_or_else(invalid)?;
    let text: String = serde_json::from_str(data.get()).map_err(|_| invalid())?;
    let definition: Definition = serde_json::from_str(&text).map_err(|_| invalid())?;
    let missing = match definition {
        definition if definition.r#type.as_deref().unwrap_or_default().is_empty() => "type",
        definition if definition.roles.as_deref().unwrap_or_default().is_empty() => "roles",
        definition if definition.fields.as_deref().unwrap_or_default().is_empty() => "fields",
        _ => return Ok(()),
    };
    Err(ApiError::bad_request(format!("Authorization details entity object missing {missing}")))
}

/// `DELETE /domain/{domainName}/entity/{entityName}`.
pub(crate) fn delete(context: &Context<'_>, domain: &str, name: &str) -> Result<ChangeSet, ApiError> {
    let (domain, name) = (domain_name(domain)?, entity_name(name)?);
    authorize(context, "delete", &format!("{domain}:entity.{name}"))?;
    audit::check_domain(context, AuditedKind::Entity, &domain)?;
    if !context.world.domain(&domain).is_some_and(|found| found.entities.contains_key(&name)) {
        let call = context.call();
        return Err(ApiError::not_found(format!("{call}: unable to delete entity: {name}")));
    }
    Ok(ChangeSet::loud(domain, vec![Change::DeleteEntity { name }]))
}

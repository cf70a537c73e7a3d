//! Entities: arbitrary JSON objects under a name.

use std::collections::BTreeMap;

use athenz_model::ApiError;
use athenz_model::wire::zms::Entity as EntityBody;
use athenz_world::{Change, ChangeSet, Entity};
use serde_json::value::{RawValue, to_raw_value};

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

/// Deepest value whose nulls are looked for.
const MOST_LEVELS: usize = 100;

/// The members of the object without those that are null.
fn members(value: &RawValue) -> Result<BTreeMap<String, Box<RawValue>>, ApiError> {
    not_null(value, MOST_LEVELS).map_err(|_| ApiError::bad_request(crate::messages::INVALID_OBJECT))
}

/// The members of an object that are not null, at any depth; numbers stay as they are written.
fn not_null(value: &RawValue, levels: usize) -> Result<BTreeMap<String, Box<RawValue>>, serde_json::Error> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(value.get())?;
    let kept = members.into_iter().filter(|(_, member)| member.get() != "null");
    kept.map(|(name, member)| Ok((name, without_nulls(member, levels)?))).collect()
}

/// A value whose objects have no members that are null; nulls in lists stay.
fn without_nulls(value: Box<RawValue>, levels: usize) -> Result<Box<RawValue>, serde_json::Error> {
    if !value.get().contains("null") {
        return Ok(value);
    }
    let Some(levels) = levels.checked_sub(1) else {
        return Err(serde::de::Error::custom("nested too deep"));
    };
    match value.get().as_bytes().first() {
        Some(b'{') => to_raw_value(&not_null(&value, levels)?),
        Some(b'[') => {
            let items: Vec<Box<RawValue>> = serde_json::from_str(value.get())?;
            let items = items.into_iter().map(|item| without_nulls(item, levels));
            to_raw_value(&items.collect::<Result<Vec<_>, _>>()?)
        }
        _ => Ok(value),
    }
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

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{members, text_of};

    fn stored(given: &str) -> Option<String> {
        let given: Box<RawValue> = serde_json::from_str(given).unwrap();
        members(&given).ok().map(|members| text_of(&members).unwrap())
    }

    #[test]
    fn objects_lose_members_that_are_null() {
        let given = r#"{"a":[null,1.50,{"b":null}],"c":{"d":null,"e":{"f":null}},"g":null,"h":"null"}"#;
        let kept = r#"{"a":[null,1.50,{}],"c":{"e":{}},"h":"null"}"#;
        assert_eq!(stored(given).as_deref(), Some(kept));
    }

    #[test]
    fn nulls_are_not_looked_for_without_end() {
        let nested = |levels| format!(r#"{{"a":{}null{}}}"#, "[".repeat(levels), "]".repeat(levels));
        assert!(stored(&nested(50)).is_some());
        assert_eq!(stored(&nested(10_000)), None);
    }
}

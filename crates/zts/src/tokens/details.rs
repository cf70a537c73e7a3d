//! Authorization details of a token request (RFC 9396 as Athenz reads it): which kinds exist, and
//! whether a request keeps to them.

use std::collections::BTreeMap;

use athenz_model::ApiError;
use athenz_model::wire::zms::Entity;
use serde::Deserialize;

/// Where the entities that define kinds stand: `<domain>:entity.<this>…`.
const ENTITY_PREFIX: &str = "zts.authorization_details_";

/// One kind of authorization details.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// The `type` of the objects it describes.
    #[serde(rename = "type")]
    pub kind: String,
    /// Further members an object may have.
    #[serde(default)]
    pub fields: Vec<Field>,
}

/// A member of an object of authorization details.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name; case does not count.
    pub name: String,
    /// Told to clients; a request may leave any field out.
    #[serde(default)]
    pub optional: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleDefinition {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    roles: Vec<Field>,
    #[serde(default)]
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct EntityValue {
    data: String,
}

/// The kinds that the entities of a domain define, by short role name. An entity that cannot be
/// read defines nothing.
pub fn definitions_by_role(domain: &str, entities: &[Entity]) -> BTreeMap<Box<str>, Vec<Definition>> {
    let mut by_role: BTreeMap<Box<str>, Vec<Definition>> = BTreeMap::new();
    for entity in entities {
        let Some(read) = read_entity(domain, entity) else { continue };
        let definition = Definition { kind: read.kind, fields: read.fields };
        for role in &read.roles {
            by_role.entry(role.name.as_str().into()).or_default().push(definition.clone());
        }
    }
    by_role
}

fn read_entity(domain: &str, entity: &Entity) -> Option<RoleDefinition> {
    let name = entity.name.as_deref()?;
    let short = name.strip_prefix(domain)?.strip_prefix(":entity.")?;
    short.strip_prefix(ENTITY_PREFIX)?;
    let value: EntityValue = serde_json::from_str(entity.value.as_ref()?.get()).ok()?;
    match serde_json::from_str(&value.data) {
        Ok(read) => Some(read),
        Err(error) => {
            tracing::warn!(entity = name, %error, "authorization details cannot be read");
            None
        }
    }
}

/// Checks the authorization details of a request against the kinds of its role and of the system.
///
/// # Errors
/// 400 in Athenz's words: too long, no kinds to check against, no JSON array of objects, an object
/// that fits no kind.
pub fn check(
    text: &str,
    max_length: usize,
    role: &[Definition],
    system: &[Definition],
) -> Result<(), ApiError> {
    if text.chars().nth(max_length).is_some() {
        return Err(ApiError::bad_request("Authorization Details exceeds configured length limit"));
    }
    if role.is_empty() && system.is_empty() {
        return Err(ApiError::bad_request("Authorization Details not valid for this request"));
    }
    if text.is_empty() {
        return Ok(());
    }
    let objects: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(text)
        .map_err(|_| ApiError::bad_request("Invalid Authorization Details data"))?;
    if objects.iter().all(|object| fits(object, role) || fits(object, system)) {
        Ok(())
    } else {
        Err(ApiError::bad_request("Authorization Details configuration mismatch"))
    }
}

fn fits(object: &serde_json::Map<String, serde_json::Value>, definitions: &[Definition]) -> bool {
    let Some(kind) = object.get("type").and_then(serde_json::Value::as_str) else { return false };
    let Some(definition) = definitions.iter().find(|definition| definition.kind == kind) else {
        return false;
    };
    object
        .keys()
        .filter(|name| *name != "type")
        .all(|name| definition.fields.iter().any(|field| field.name.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(kind: &str, fields: &[&str]) -> Definition {
        let fields = fields.iter().map(|name| Field { name: (*name).to_owned(), optional: true }).collect();
        Definition { kind: kind.to_owned(), fields }
    }

    #[test]
    fn requests_keep_to_a_kind() {
        let role = [definition("message_access", &["location", "identifier"])];
        let system = [definition("proxy_access", &["principal"])];
        for (text, words) in [
            (r#"[{"type":"message_access","location":["https://x"],"IDENTIFIER":"id1"}]"#, None),
            (r#"[{"type":"message_access"},{"type":"proxy_access","principal":"p"}]"#, None),
            ("[]", None),
            ("", None),
            (
                r#"[{"type":"message_access","other":1}]"#,
                Some("Authorization Details configuration mismatch"),
            ),
            (r#"[{"type":"other"}]"#, Some("Authorization Details configuration mismatch")),
            (r#"[{"location":1}]"#, Some("Authorization Details configuration mismatch")),
            (r#"[{"type":1}]"#, Some("Authorization Details configuration mismatch")),
            (r#"{"type":"message_access"}"#, Some("Invalid Authorization Details data")),
            ("[1]", Some("Invalid Authorization Details data")),
            ("junk", Some("Invalid Authorization Details data")),
        ] {
            let answer = check(text, 1024, &role, &system).err().map(|error| error.message);
            assert_eq!(answer.as_deref(), words, "{text}");
        }
        let long = format!("[{}]", " ".repeat(1023));
        assert!(check(&long, 1024, &role, &system).unwrap_err().message.contains("length limit"));
        assert!(check("[]", 1024, &[], &[]).unwrap_err().message.contains("not valid for this request"));
    }

    #[test]
    fn entities_define_kinds_for_their_roles() {
        let entity = |name: &str, data: &str| -> Entity {
            let value = serde_json::to_string(&serde_json::json!({ "data": data })).unwrap();
            serde_json::from_str(&format!(r#"{{"name":"{name}","value":{value}}}"#)).unwrap()
        };
        let good = r#"{"type":"m","roles":[{"name":"readers","optional":true}],"fields":[{"name":"f","optional":false}]}"#;
        let unknown = r#"{"type":"m","roles":[{"name":"readers"}],"fields":[],"more":1}"#;
        let entities = [
            entity("d:entity.zts.authorization_details_msg", good),
            entity("d:entity.zts.authorization_details_bad", unknown),
            entity("d:entity.other", good),
        ];
        let found = definitions_by_role("d", &entities);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found["readers"],
            vec![Definition {
                kind: "m".to_owned(),
                fields: vec![Field { name: "f".to_owned(), optional: false }],
            }]
        );
    }
}

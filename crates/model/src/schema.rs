//! `GET /schema`: the contract as an RDL schema in JSON, made from the same data as the wire types.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The contract of ZMS.
const ZMS: &str = include_str!("../../../contract/zms.json");
/// The contract of ZTS.
const ZTS: &str = include_str!("../../../contract/zts.json");

#[derive(Deserialize)]
struct Contract {
    types: std::collections::BTreeMap<String, Type>,
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Type {
    base: Option<String>,
    pattern: Option<String>,
    #[serde(default)]
    fields: Vec<Value>,
    extends: Option<String>,
    #[serde(rename = "enum")]
    symbols: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "type")]
    of: String,
    method: String,
    path: String,
    name: Option<String>,
    #[serde(default)]
    errors: Vec<String>,
    #[serde(default)]
    authenticate: bool,
    authorize: Option<[String; 2]>,
    #[serde(default)]
    expected: Vec<String>,
    #[serde(default)]
    params: Vec<Map<String, Value>>,
}

/// The schema of ZMS, as JSON.
pub fn zms() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| schema("ZMS", "com.yahoo.athenz.zms", ZMS).to_string());
    &TEXT
}

/// The schema of ZTS, as JSON.
pub fn zts() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| schema("ZTS", "com.yahoo.athenz.zts", ZTS).to_string());
    &TEXT
}

fn schema(name: &str, namespace: &str, contract: &str) -> Value {
    // the contract is part of this crate and is read by its tests
    let Ok(contract) = serde_json::from_str::<Contract>(contract) else { return Value::Null };
    json!({
        "namespace": namespace,
        "name": name,
        "version": 1,
        "comment": format!("The contract of {name}: its types and operations"),
        "types": contract.types.iter().map(|(name, of)| type_definition(name, of)).collect::<Vec<_>>(),
        "resources": contract.resources.iter().map(resource).collect::<Vec<_>>(),
    })
}

fn type_definition(name: &str, of: &Type) -> Value {
    if let Some(symbols) = &of.symbols {
        let elements: Vec<_> = symbols.iter().map(|symbol| json!({ "symbol": symbol })).collect();
        return json!({ "EnumTypeDef": { "type": "Enum", "name": name, "elements": elements } });
    }
    match (&of.base, &of.pattern) {
        (Some(base), Some(pattern)) => {
            json!({ "StringTypeDef": { "type": base, "name": name, "pattern": pattern } })
        }
        (Some(base), None) => json!({ "AliasTypeDef": { "type": base, "name": name } }),
        (None, _) => {
            let parent = of.extends.as_deref().filter(|parent| *parent != "struct").unwrap_or("Struct");
            json!({ "StructTypeDef": { "type": parent, "name": name, "fields": of.fields } })
        }
    }
}

fn resource(of: &Resource) -> Value {
    let inputs: Vec<Value> =
        of.params.iter().filter(|p| p.get("in") != Some(&json!("response-header"))).map(input).collect();
    let exceptions: Map<String, Value> =
        of.errors.iter().map(|error| (error.clone(), json!({ "type": "ResourceError" }))).collect();
    let auth = match &of.authorize {
        Some([action, resource]) => json!({ "action": action, "resource": resource }),
        None => json!({ "authenticate": of.authenticate }),
    };
    let mut described = json!({
        "type": of.of,
        "method": of.method,
        "path": of.path,
        "inputs": inputs,
        "auth": auth,
        "expected": of.expected.first(),
        "exceptions": exceptions,
    });
    if let (Some(name), Some(described)) = (&of.name, described.as_object_mut()) {
        described.insert("name".to_owned(), json!(name));
    }
    if let (Some(described), true) = (described.as_object_mut(), of.expected.len() > 1) {
        described.insert("alternatives".to_owned(), json!(of.expected.get(1..)));
    }
    described
}

fn input(parameter: &Map<String, Value>) -> Value {
    let mut described = Map::new();
    for key in ["name", "type", "optional", "default", "header"] {
        if let Some(value) = parameter.get(key) {
            described.insert(key.to_owned(), value.clone());
        }
    }
    if parameter.get("in") == Some(&json!("path")) {
        described.insert("pathParam".to_owned(), json!(true));
    }
    if let Some(name) = parameter.get("query") {
        described.insert("queryParam".to_owned(), name.clone());
    }
    Value::Object(described)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_schema_describes_every_operation() {
        let of = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let (zms, zts) = (of(super::zms()), of(super::zts()));
        assert_eq!(zms["resources"].as_array().unwrap().len(), 132);
        assert_eq!(zts["resources"].as_array().unwrap().len(), 40);
        let role =
            zms["types"].as_array().unwrap().iter().find(|t| t["StructTypeDef"]["name"] == "Role").cloned();
        assert_eq!(role.unwrap()["StructTypeDef"]["type"], "RoleMeta");
    }
}

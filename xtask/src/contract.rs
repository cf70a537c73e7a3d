//! Writes the wire types and the operation tables from the contract data.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

const HEAD: &str = "// Written by `cargo xtask contract` from contract/*.json; do not edit.\n";

#[derive(Deserialize)]
struct Contract {
    service: String,
    types: BTreeMap<String, Type>,
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Type {
    base: Option<String>,
    #[serde(default)]
    fields: Vec<Field>,
    extends: Option<String>,
    #[serde(rename = "enum")]
    symbols: Option<Vec<String>>,
    file: String,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    #[serde(rename = "type")]
    of: String,
    #[serde(default)]
    optional: bool,
    default: Option<serde_json::Value>,
    x_allowempty: Option<String>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "type")]
    of: String,
    method: String,
    path: String,
    name: Option<String>,
    #[serde(default)]
    authenticate: bool,
    authorize: Option<[String; 2]>,
    #[serde(default)]
    params: Vec<Parameter>,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    #[serde(rename = "type")]
    of: String,
    #[serde(rename = "in")]
    place: String,
    query: Option<String>,
    header: Option<String>,
}

/// Writes the files.
pub(crate) fn write() -> Result<()> {
    for (path, text) in files()? {
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Fails if a file is not as it would be written.
pub(crate) fn check() -> Result<()> {
    for (path, text) in files()? {
        let present = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        ensure!(present == text, "{} is not what contract/ says: run `cargo xtask contract`", path.display());
    }
    Ok(())
}

fn files() -> Result<Vec<(PathBuf, String)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let wire = root.join("crates/model/src/wire");
    let mut operations = format!(
        "{HEAD}//! The operations of the contract.\n\nuse crate::names::Grammar;\nuse crate::operation::{{Authentication, Method, Operation, Parameter, Place}};\n"
    );
    let mut files = Vec::new();
    for service in ["zms", "zts"] {
        let text = std::fs::read_to_string(root.join(format!("contract/{service}.json")))?;
        let contract: Contract = serde_json::from_str(&text)?;
        files.push((wire.join(format!("{service}.rs")), formatted(&types(&contract)?)?));
        operations.push_str(&operation_table(&contract)?);
    }
    files.push((wire.join("operations.rs"), formatted(&operations)?));
    Ok(files)
}

fn formatted(text: &str) -> Result<String> {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config", "max_width=110,use_small_heuristics=Max"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("rustfmt")?;
    rustfmt.stdin.take().context("rustfmt takes no input")?.write_all(text.as_bytes())?;
    let output = rustfmt.wait_with_output()?;
    ensure!(output.status.success(), "rustfmt refuses what was written");
    Ok(String::from_utf8(output.stdout)?)
}

fn types(contract: &Contract) -> Result<String> {
    let mut text = format!(
        "{HEAD}//! The types of the {} contract.\n\nuse std::collections::BTreeMap;\n\nuse super::fields::{{Struct, wire, wire_enum}};\nuse crate::Timestamp;\n\n",
        contract.service.to_uppercase()
    );
    if !contract.types.values().any(|of| of.fields.iter().any(|field| field.of == "Struct")) {
        text = text.replace("Struct, ", "");
    }
    text.push_str("wire_enum! {\n");
    for (name, of) in &contract.types {
        if let Some(symbols) = &of.symbols {
            writeln!(text, "    /// `{name}` of `{}`.\n    {name} {{", of.file)?;
            for symbol in symbols {
                writeln!(text, "        {} = {symbol:?},", camel_symbol(symbol))?;
            }
            text.push_str("    }\n");
        }
    }
    text.push_str("}\n\nwire! {\n");
    for (name, of) in &contract.types {
        if of.base.is_none() && of.symbols.is_none() {
            writeln!(text, "    /// `{name}` of `{}`.\n    {name} {{", of.file)?;
            for field in all_fields(contract, of)? {
                text.push_str(&field_line(contract, field)?);
            }
            text.push_str("    }\n");
        }
    }
    text.push_str("}\n");
    Ok(text)
}

/// The fields of the parent first, then its own.
fn all_fields<'a>(contract: &'a Contract, of: &'a Type) -> Result<Vec<&'a Field>> {
    let mut fields = match of.extends.as_deref() {
        None | Some("struct") => Vec::new(),
        Some(parent) => match contract.types.get(parent) {
            Some(parent) => all_fields(contract, parent)?,
            None => bail!("unknown parent {parent}"),
        },
    };
    fields.extend(&of.fields);
    Ok(fields)
}

fn field_line(contract: &Contract, field: &Field) -> Result<String> {
    let presence = match (field.optional, &field.x_allowempty) {
        (false, _) => "Required",
        (true, Some(_)) => "MayBeEmpty",
        (true, None) => "Optional",
    };
    let default = match &field.default {
        None => "None".to_owned(),
        Some(serde_json::Value::Bool(truth)) => format!("Some({truth})"),
        Some(serde_json::Value::String(symbol)) if contract.types.contains_key(&field.of) => {
            format!("Some({}::{})", field.of, camel_symbol(symbol))
        }
        Some(other) => bail!("a default of an unknown kind: {other}"),
    };
    let leaf = leaf(&field.of);
    Ok(format!(
        "        {}: {} = {:?}, {presence}, {} of {leaf:?}, {default};\n",
        snake(&field.name),
        rust_type(contract, &field.of),
        field.name,
        grammar(contract, leaf)
    ))
}

fn rust_type(contract: &Contract, of: &str) -> String {
    if let Some(element) = within(of, "Array") {
        let element = match element {
            // null is an empty one
            "TagCompoundValue" => "Option<String>".to_owned(),
            _ => rust_type(contract, element),
        };
        return format!("Vec<{element}>");
    }
    if let Some(pair) = within(of, "Map") {
        let value = pair.split_once(',').map_or(pair, |(_, value)| value);
        return format!("BTreeMap<String, {}>", rust_type(contract, value));
    }
    match of {
        "String" | "UUID" => "String".to_owned(),
        "Int32" => "i32".to_owned(),
        "Int64" => "i64".to_owned(),
        "Bool" => "bool".to_owned(),
        "Timestamp" | "Struct" => of.to_owned(),
        _ if contract.types.get(of).is_some_and(|found| found.base.is_some()) => "String".to_owned(),
        _ => of.to_owned(),
    }
}

fn within<'a>(of: &'a str, container: &str) -> Option<&'a str> {
    of.strip_prefix(container)?.strip_prefix('<')?.strip_suffix('>')
}

/// The type whose grammar a field has: of a list that of its elements, of a map that of its keys.
fn leaf(of: &str) -> &str {
    if let Some(element) = within(of, "Array") {
        return element;
    }
    match within(of, "Map").and_then(|pair| pair.split_once(',')) {
        Some((key, _)) => key,
        None => of,
    }
}

fn grammar(contract: &Contract, of: &str) -> &'static str {
    match of {
        "SimpleName" | "AuthorityKeyword" => "SimpleName",
        "CompoundName" | "DomainName" | "EntityName" | "ServiceName" | "ActionName" | "AuthorityName"
        | "LocationName" => "CompoundName",
        "ResourceName" => "ResourceName",
        "ResourceNames" => "ResourceNames",
        "GroupName" => "GroupName",
        "ExternalMemberName" => "ExternalMemberName",
        "GroupMemberName" => "GroupMemberName",
        "PrincipalName" => "PrincipalName",
        "MemberName" => "MemberName",
        "AuthorityKeywords" => "AuthorityKeywords",
        "EntityList" => "EntityList",
        "TagKey" => "TagKey",
        "TagCompoundValue" => "TagCompoundValue",
        "AssertionConditionKey" => "AssertionConditionKey",
        "AssertionConditionValue" => "AssertionConditionValue",
        "YBase64" => "YBase64",
        "YEncoded" => "YEncoded",
        "SignedToken" if contract.service == "zms" => "SignedToken",
        "ResourceOwnerName" => "ResourceOwnerName",
        "PathElement" => "PathElement",
        "AWSRoleName" => "AwsRoleName",
        "AWSArnRoleName" => "AwsArnRoleName",
        _ => "Any",
    }
}

fn operation_table(contract: &Contract) -> Result<String> {
    let service = contract.service.to_uppercase();
    let mut text = format!(
        "\n/// The {} operations of {service}.\npub const {service}: &[Operation] = &[\n",
        contract.resources.len()
    );
    for resource in &contract.resources {
        let path = resource.path.split('?').next().unwrap_or_default();
        let authentication = match (&resource.authorize, resource.authenticate) {
            (Some([action, resource]), _) => {
                format!("Authentication::Authorize {{ action: {action:?}, resource: {resource:?} }}")
            }
            (None, true) => "Authentication::Authenticate".to_owned(),
            (None, false) => "Authentication::None".to_owned(),
        };
        let mut parameters = String::new();
        for parameter in &resource.params {
            let place = match (parameter.place.as_str(), &parameter.query, &parameter.header) {
                ("path", _, _) => "Place::Path".to_owned(),
                ("query", Some(name), _) => format!("Place::Query({name:?})"),
                ("header", _, Some(name)) => format!("Place::Header({name:?})"),
                ("body", _, _) => "Place::Body".to_owned(),
                ("response-header", _, _) => continue,
                _ => bail!("{path}: parameter {} stands nowhere", parameter.name),
            };
            write!(
                parameters,
                "Parameter {{ name: {:?}, of: {:?}, grammar: Grammar::{}, place: {place} }},",
                parameter.name,
                parameter.of,
                grammar(contract, &parameter.of)
            )?;
        }
        writeln!(
            text,
            "Operation {{ id: {:?}, method: Method::{}, path: {path:?}, authentication: {authentication}, parameters: &[{parameters}] }},",
            operation_id(resource),
            camel_symbol(&resource.method),
        )?;
    }
    text.push_str("];\n");
    Ok(text)
}

/// The name of the call in Athenz's generated clients: the given one, or the method and the type
/// of the body, or of the answer where there is no body.
fn operation_id(resource: &Resource) -> String {
    let body = resource.params.iter().find(|parameter| parameter.place == "body").map(|body| &body.of);
    let name = match (&resource.name, resource.path.as_str()) {
        (Some(name), _) => name.clone(),
        (None, "/schema") => "getRdlSchema".to_owned(),
        (None, _) => format!("{}{}", resource.method.to_lowercase(), body.unwrap_or(&resource.of)),
    };
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// `ACCESS_ALLOWED` as `AccessAllowed`.
fn camel_symbol(symbol: &str) -> String {
    symbol
        .split('_')
        .filter(|word| !word.is_empty())
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + &rest.to_lowercase()
        })
        .collect()
}

/// `memberExpiryDays` as `member_expiry_days`; words that Rust keeps for itself get `r#`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        let word_begins = letter.is_ascii_uppercase()
            && (before.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                || (before.is_some_and(char::is_ascii_uppercase)
                    && after.is_some_and(char::is_ascii_lowercase)));
        if word_begins {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    match snake.as_str() {
        "type" | "use" => format!("r#{snake}"),
        _ => snake,
    }
}

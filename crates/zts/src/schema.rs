//! The schema of the API as a document, made from the table of operations.

use std::sync::LazyLock;

use athenz_model::operation::{Authentication, Operation, Parameter, Place};
use athenz_model::wire::operations::ZTS;
use bytes::Bytes;
use serde::Serialize;

#[derive(Serialize)]
struct Schema {
    namespace: &'static str,
    name: &'static str,
    version: u8,
    comment: &'static str,
    types: [(); 0],
    resources: Vec<Resource>,
}

#[derive(Serialize)]
struct Resource {
    method: &'static str,
    path: &'static str,
    name: &'static str,
    inputs: Vec<Input>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<Auth>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    name: &'static str,
    #[serde(rename = "type")]
    of: &'static str,
    path_param: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_param: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<&'static str>,
}

#[derive(Serialize)]
struct Auth {
    #[serde(skip_serializing_if = "Option::is_none")]
    authenticate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'static str>,
}

/// The document as JSON.
pub(crate) fn text() -> Bytes {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| serde_json::to_vec(&schema()).unwrap_or_default().into());
    TEXT.clone()
}

fn schema() -> Schema {
    Schema {
        namespace: "com.yahoo.athenz.zts",
        name: "ZTS",
        version: 1,
        comment: "operations of ZTS; their types are those of the published contract",
        types: [],
        resources: ZTS.iter().map(resource).collect(),
    }
}

fn resource(operation: &Operation) -> Resource {
    Resource {
        method: operation.method.as_str(),
        path: operation.path,
        name: operation.id,
        inputs: operation.parameters.iter().map(input).collect(),
        auth: auth(operation.authentication),
    }
}

fn input(parameter: &Parameter) -> Input {
    let (query_param, header) = match parameter.place {
        Place::Query(name) => (Some(name), None),
        Place::Header(name) => (None, Some(name)),
        Place::Path | Place::Body => (None, None),
    };
    let path_param = parameter.place == Place::Path;
    Input { name: parameter.name, of: parameter.of, path_param, query_param, header }
}

const fn auth(authentication: Authentication) -> Option<Auth> {
    match authentication {
        Authentication::None => None,
        Authentication::Authenticate => Some(Auth { authenticate: Some(true), action: None, resource: None }),
        Authentication::Authorize { action, resource } => {
            Some(Auth { authenticate: None, action: Some(action), resource: Some(resource) })
        }
    }
}

//! Which services may act for others, and in which writes: a principal's token may name a service
//! that signs it too (`b…bs`), such as a user interface. Reading is free.

use std::collections::BTreeMap;
use std::path::Path;

use athenz_model::ApiError;
use serde::Deserialize;

/// The services that come with the server.
const SHIPPED: &str = include_str!("data/authorized_services.json");

/// Why a file of authorized services cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizedServicesError {
    /// The file cannot be read.
    #[error("cannot read the authorized services")]
    Read(#[from] std::io::Error),
    /// The file is not what it should be.
    #[error("the authorized services are not valid JSON of their kind")]
    Parse(#[from] serde_json::Error),
}

/// Services by full name.
#[derive(Debug, Deserialize)]
pub(crate) struct AuthorizedServices {
    services: BTreeMap<String, AuthorizedService>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizedService {
    #[serde(default)]
    allowed_operations: Vec<AllowedOperation>,
}

#[derive(Debug, Deserialize)]
struct AllowedOperation {
    name: String,
    /// Lists by `role`, `role-prefix`, `group`, `group-prefix`, `name`; none is everything.
    #[serde(default)]
    items: BTreeMap<String, Vec<String>>,
}

/// What an operation works on, where a list may restrict that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// Nothing that could be listed.
    None,
    /// Members of a role, by its short name.
    Role(String),
    /// Members of a group, by its short name.
    Group(String),
    /// Templates by name.
    Templates(Vec<String>),
}

impl AuthorizedServices {
    /// The services of a file, or the shipped ones.
    ///
    /// # Errors
    /// The file cannot be used.
    pub(crate) fn load(path: Option<&Path>) -> Result<Self, AuthorizedServicesError> {
        Ok(match path {
            Some(path) => serde_json::from_str(&std::fs::read_to_string(path)?)?,
            None => serde_json::from_str(SHIPPED)?,
        })
    }

    /// Whether a service may act for others at all.
    pub(crate) fn knows(&self, service: &str) -> bool {
        self.services.contains_key(service)
    }

    /// Whether a service may act for somebody in an operation on an item.
    ///
    /// # Errors
    /// 403: the service may act for nobody, or not in this.
    pub(crate) fn check(&self, service: &str, operation: &str, item: &Item) -> Result<(), ApiError> {
        let Some(known) = self.services.get(service) else {
            return Err(ApiError::forbidden(format!("Unauthorized Service {service}")));
        };
        let mut named = known.allowed_operations.iter().filter(|o| o.name.eq_ignore_ascii_case(operation));
        if named.any(|allowed| allowed.covers(item)) {
            return Ok(());
        }
        let operation = operation.to_lowercase();
        let on = match item {
            Item::Role(role) => format!(" on role {role}"),
            Item::Group(group) => format!(" on group {group}"),
            Item::Templates(names) => {
                format!(" on opItemKey name and opItemVal {}", names.join(","))
            }
            Item::None => String::new(),
        };
        Err(ApiError::forbidden(format!("Unauthorized Operation ({operation}) for Service {service}{on}")))
    }
}

impl AllowedOperation {
    fn covers(&self, item: &Item) -> bool {
        if self.items.values().all(Vec::is_empty) {
            return true;
        }
        let listed = |list: &str, name: &str| self.list(list).any(|held| held.eq_ignore_ascii_case(name));
        let begins = |list: &str, name: &str| self.list(list).any(|prefix| name.starts_with(prefix));
        match item {
            Item::None => false,
            Item::Role(role) => listed("role", role) || begins("role-prefix", role),
            Item::Group(group) => listed("group", group) || begins("group-prefix", group),
            Item::Templates(names) => names.iter().all(|name| listed("name", name)),
        }
    }

    fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        self.items.get(name).into_iter().flatten().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::{AuthorizedServices, Item};

    #[test]
    fn a_service_does_what_it_is_allowed_to_and_no_more() {
        let services: AuthorizedServices = serde_json::from_str(
            r#"{"services": {"media.ui": {"allowedOperations": [
                {"name": "putRole"},
                {"name": "putmembership", "items": {"role": ["readers"], "role-prefix": ["team_"]}},
                {"name": "putdomaintemplate", "items": {"name": ["web"]}}
            ]}, "media.none": {}}}"#,
        )
        .unwrap();
        let role = |name: &str| Item::Role(name.to_owned());
        let templates =
            |names: &[&str]| Item::Templates(names.iter().map(|name| (*name).to_owned()).collect());
        for (service, operation, item, refusal) in [
            ("media.ui", "putrole", Item::None, None),
            ("media.ui", "putMembership", role("readers"), None),
            ("media.ui", "putMembership", role("team_a"), None),
            ("media.ui", "putDomainTemplate", templates(&["web"]), None),
            (
                "media.ui",
                "putDomainTemplate",
                templates(&["web", "db"]),
                Some(
                    "Unauthorized Operation (putdomaintemplate) for Service media.ui on opItemKey name and opItemVal web,db",
                ),
            ),
            (
                "media.ui",
                "putMembership",
                role("admin"),
                Some("Unauthorized Operation (putmembership) for Service media.ui on role admin"),
            ),
            (
                "media.ui",
                "putEntity",
                Item::None,
                Some("Unauthorized Operation (putentity) for Service media.ui"),
            ),
            (
                "media.none",
                "putRole",
                Item::None,
                Some("Unauthorized Operation (putrole) for Service media.none"),
            ),
            ("media.other", "putRole", Item::None, Some("Unauthorized Service media.other")),
        ] {
            let refused = services.check(service, operation, &item).err().map(|error| error.message);
            assert_eq!(refused.as_deref(), refusal, "{service} {operation} {item:?}");
        }
    }

    #[test]
    fn the_shipped_services_can_be_read() {
        let services = AuthorizedServices::load(None).unwrap();
        assert!(services.knows("athenz.ui-server"));
        assert!(services.check("athenz.ui-server", "putGroupMembership", &Item::Group("any".into())).is_ok());
        assert!(services.check("athenz.ui-server", "putEntity", &Item::None).is_err());
    }
}

//! Solution templates: sets of roles, policies, groups and services with places to fill in.

use std::collections::BTreeMap;
use std::path::Path;

use athenz_model::wire::zms::Template;
use serde::Deserialize;

/// The templates that come with the server.
const SHIPPED: &str = include_str!("data/solution_templates.json");

/// Why a template file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplatesError {
    /// The file cannot be read.
    #[error("cannot read the solution templates")]
    Read(#[from] std::io::Error),
    /// The file is not what it should be.
    #[error("the solution templates are not valid JSON of their kind")]
    Parse(#[from] serde_json::Error),
    /// A role of a template has a trust domain and members.
    #[error("template {0} has a role with both trust and members")]
    TrustAndMembers(String),
}

/// The templates of a server by name.
#[derive(Debug, Default)]
pub(crate) struct Templates(BTreeMap<String, Template>);

#[derive(Deserialize)]
struct File {
    templates: BTreeMap<String, Template>,
}

impl Templates {
    /// The templates of a file, or the shipped ones.
    ///
    /// # Errors
    /// The file cannot be used.
    pub(crate) fn load(path: Option<&Path>) -> Result<Self, TemplatesError> {
        let file: File = match path {
            Some(path) => serde_json::from_str(&std::fs::read_to_string(path)?)?,
            None => serde_json::from_str(SHIPPED)?,
        };
        for (name, template) in &file.templates {
            let clash =
                |role: &athenz_model::wire::zms::Role| role.trust.is_some() && role.role_members.is_some();
            if template.roles.iter().flatten().any(clash) {
                return Err(TemplatesError::TrustAndMembers(name.clone()));
            }
        }
        Ok(Self(file.templates))
    }

    /// A template by name (lower case).
    pub(crate) fn find(&self, name: &str) -> Option<&Template> {
        self.0.get(name)
    }

    /// All templates by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Template)> {
        self.0.iter().map(|(name, template)| (name.as_str(), template))
    }
}

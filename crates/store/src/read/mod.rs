//! Rows as a world, table by table without joins.

mod members;
mod table;

use std::sync::Arc;

use athenz_model::names::{DomainName, EntityName, MemberName, SimpleName};
use athenz_model::wire::zms::AssertionEffect;
use athenz_world::load::{CollectionKey, DomainKey, GatheredMembers};
use athenz_world::{
    Assertion, CollectionAttributes, CollectionKind, CollectionSettings, DomainAttributes, Entity, Head,
    Pending, PendingKind, PolicyVersionAttributes, Registration, Sequence, Service, World, WorldBuilder,
};
use rustc_hash::FxHashMap;
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::value::Columns;
use crate::write::{REGISTERED, SUSPENDED, UNKNOWN};

pub(crate) use self::members::MemberReader;
use self::members::PrincipalNumbers;
pub(crate) use self::table::{Scope, Table};

/// Takes the rows of [`Table::BEFORE_MEMBERS`], the memberships, and the rows of
/// [`Table::AFTER_MEMBERS`], and makes a world of them.
pub(crate) struct Loader {
    builder: WorldBuilder,
    principals: PrincipalNumbers,
    domains: FxHashMap<i64, DomainKey>,
    collections: FxHashMap<i64, CollectionKey>,
    versions: FxHashMap<i64, (DomainKey, EntityName, SimpleName)>,
    settings: FxHashMap<String, Arc<CollectionSettings>>,
}

impl Loader {
    /// Starts with what the scope leaves as it is.
    pub(crate) fn new(scope: &Scope) -> Self {
        let builder = match scope {
            Scope::All => WorldBuilder::new(),
            Scope::Domains { world, names } => {
                let mut builder = WorldBuilder::on((**world).clone());
                names.iter().for_each(|name| builder.forget(name));
                builder
            }
        };
        Self {
            builder,
            principals: PrincipalNumbers::default(),
            domains: FxHashMap::default(),
            collections: FxHashMap::default(),
            versions: FxHashMap::default(),
            settings: FxHashMap::default(),
        }
    }

    /// Takes a row.
    pub(crate) fn row(&mut self, table: Table, row: &impl Columns) -> Result<(), StoreError> {
        match table {
            Table::Principal => self.principal(row),
            Table::Tombstone => {
                self.builder.tombstone(domain_name(row.text(0)?)?, Sequence(row.integer(1)?));
                Ok(())
            }
            Table::Departed => {
                self.builder.departed(&domain_name(row.text(0)?)?, simple_name(row.text(1)?)?);
                Ok(())
            }
            Table::Domain => self.domain(row),
            Table::Collection => self.collection(row),
            Table::Pending => self.pending(row),
            Table::Version => self.version(row),
            Table::Assertion => self.assertion(row),
            Table::Service | Table::Entity | Table::Template | Table::Quota | Table::Dependency => {
                self.object(table, row)
            }
        }
    }

    /// Takes memberships; several readers may be at work at once.
    pub(crate) fn member_reader(&self) -> MemberReader<'_> {
        MemberReader::new(self)
    }

    /// What the readers of memberships read.
    pub(crate) fn members(&mut self, gathered: Vec<GatheredMembers>) {
        gathered.into_iter().for_each(|gathered| self.builder.members(gathered));
    }

    /// Row numbers of all roles and groups, first and last of each part of about equal size.
    pub(crate) fn collection_ranges(&self, size: usize) -> Vec<(i64, i64)> {
        let mut numbers: Vec<i64> = self.collections.keys().copied().collect();
        numbers.sort_unstable();
        numbers.chunks(size).filter_map(|part| Some((*part.first()?, *part.last()?))).collect()
    }

    /// The world, once all rows are in.
    pub(crate) fn finish(self, head: Head) -> World {
        self.builder.finish(head)
    }

    fn principal(&mut self, row: &impl Columns) -> Result<(), StoreError> {
        let registration = match row.integer(2)? {
            UNKNOWN => Registration::Unknown,
            REGISTERED => Registration::Registered,
            SUSPENDED => Registration::Suspended,
            other => return Err(StoreError::Damaged(format!("principal with registration {other}"))),
        };
        let name = row.text(1)?;
        let id = match MemberName::parse(name) {
            Ok(parsed) if parsed.as_str() == name => self.builder.principal(&parsed, registration),
            // a requester need not be a possible member
            _ if registration == Registration::Unknown => self.builder.requester(name),
            _ => return Err(StoreError::Damaged(format!("registered principal with the name {name:?}"))),
        };
        self.principals.insert(row.integer(0)?, id);
        Ok(())
    }

    fn domain(&mut self, row: &impl Columns) -> Result<(), StoreError> {
        let mut attributes: DomainAttributes = from_json(row.text(4)?)?;
        attributes.modified = row.moment(3)?;
        let key = self.builder.domain(domain_name(row.text(1)?)?, Sequence(row.integer(2)?), attributes);
        self.domains.insert(row.integer(0)?, key);
        Ok(())
    }

    fn domain_key(&self, id: i64) -> Result<DomainKey, StoreError> {
        self.domains
            .get(&id)
            .copied()
            .ok_or_else(|| StoreError::Damaged(format!("row of unknown domain {id}")))
    }

    fn collection_key(&self, id: i64) -> Result<CollectionKey, StoreError> {
        self.collections
            .get(&id)
            .copied()
            .ok_or_else(|| StoreError::Damaged(format!("row of unknown collection {id}")))
    }

    fn collection(&mut self, row: &impl Columns) -> Result<(), StoreError> {
        let kind = match row.text(2)? {
            "role" => CollectionKind::Role,
            "group" => CollectionKind::Group,
            other => return Err(StoreError::Damaged(format!("collection of kind {other}"))),
        };
        let attributes = CollectionAttributes {
            created: row.moment(4)?,
            modified: row.moment(5)?,
            trust: row.optional_text(6)?.map(domain_name).transpose()?,
            settings: self.settings(row.optional_text(7)?)?,
        };
        let domain = self.domain_key(row.integer(1)?)?;
        let key = self.builder.collection(domain, kind, entity_name(row.text(3)?)?, attributes);
        let key = key.ok_or_else(|| StoreError::Damaged("collection without domain".to_owned()))?;
        self.collections.insert(row.integer(0)?, key);
        Ok(())
    }

    /// Equal settings are one object.
    fn settings(&mut self, text: Option<&str>) -> Result<Arc<CollectionSettings>, StoreError> {
        let Some(text) = text else { return Ok(CollectionAttributes::unset()) };
        if let Some(known) = self.settings.get(text) {
            return Ok(Arc::clone(known));
        }
        let settings: Arc<CollectionSettings> = Arc::new(from_json(text)?);
        self.settings.insert(text.to_owned(), Arc::clone(&settings));
        Ok(settings)
    }

    fn pending(&mut self, row: &impl Columns) -> Result<(), StoreError> {
        let kind = match row.text(2)? {
            "ADD" => PendingKind::Add,
            "DELETE" => PendingKind::Delete,
            other => return Err(StoreError::Damaged(format!("request of kind {other}"))),
        };
        let pending = Pending {
            name: member_name(row.text(1)?)?,
            kind,
            requester: row.text(3)?.to_owned(),
            requested: row.moment(4)?,
            audit_reference: row.optional_text(5)?.unwrap_or_default().to_owned(),
            expiration: row.optional_moment(6)?,
            review_reminder: row.optional_moment(7)?,
        };
        let key = self.collection_key(row.integer(0)?)?;
        self.builder.pending(key, pending);
        Ok(())
    }

    fn version(&mut self, row: &impl Columns) -> Result<(), StoreError> {
        let (policy, version) = (entity_name(row.text(2)?)?, simple_name(row.text(3)?)?);
        let attributes = PolicyVersionAttributes {
            active: row.flag(4)?,
            modified: row.moment(5)?,
            description: row.optional_text(6)?.unwrap_or_default().to_owned(),
            tags: from_optional_json(row.optional_text(7)?)?,
            owner: from_optional_json(row.optional_text(8)?)?,
            spelling: row.optional_text(9)?.unwrap_or_default().to_owned(),
        };
        let domain = self.domain_key(row.integer(1)?)?;
        self.versions.insert(row.integer(0)?, (domain, policy.clone(), version.clone()));
        self.builder.policy_version(domain, policy, version, attributes);
        Ok(())
    }

    fn assertion(&mut self, row: &impl Columns) -> Result<(), StoreError> {
        let effect = match row.text(5)? {
            "ALLOW" => AssertionEffect::Allow,
            "DENY" => AssertionEffect::Deny,
            other => return Err(StoreError::Damaged(format!("assertion with effect {other}"))),
        };
        let assertion = Assertion {
            id: row.integer(0)?,
            role: row.text(2)?.to_owned(),
            action: row.text(3)?.to_owned(),
            resource: row.text(4)?.to_owned(),
            effect,
            conditions: from_optional_json(row.optional_text(6)?)?,
        };
        let number = row.integer(1)?;
        let Some((domain, policy, version)) = self.versions.get(&number) else {
            return Err(StoreError::Damaged(format!("assertion of unknown version {number}")));
        };
        self.builder.assertion(*domain, policy, version, assertion);
        Ok(())
    }

    fn object(&mut self, table: Table, row: &impl Columns) -> Result<(), StoreError> {
        let domain = self.domain_key(row.integer(0)?)?;
        let text = row.text(1)?;
        match table {
            Table::Service => {
                let service: Service = from_json(row.text(2)?)?;
                self.builder.service(domain, simple_name(text)?, service);
            }
            Table::Entity => self.builder.entity(domain, entity_name(text)?, Entity(row.text(2)?.to_owned())),
            Table::Template => self.builder.template(domain, text.to_owned(), small(row.integer(2)?)?),
            Table::Quota => self.builder.quota(domain, from_json(text)?),
            _ => self.builder.dependency(domain, text.to_owned()),
        }
        Ok(())
    }
}

fn small<T: TryFrom<i64>>(number: i64) -> Result<T, StoreError> {
    T::try_from(number).map_err(|_| StoreError::Damaged(format!("number {number} is out of range")))
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged(format!("JSON of a row: {error}")))
}

fn from_optional_json<T: DeserializeOwned + Default>(text: Option<&str>) -> Result<T, StoreError> {
    text.map_or_else(|| Ok(T::default()), from_json)
}

fn domain_name(text: &str) -> Result<DomainName, StoreError> {
    DomainName::parse(text).map_err(|error| StoreError::Damaged(error.to_string()))
}

fn entity_name(text: &str) -> Result<EntityName, StoreError> {
    EntityName::parse(text).map_err(|error| StoreError::Damaged(error.to_string()))
}

fn simple_name(text: &str) -> Result<SimpleName, StoreError> {
    SimpleName::parse(text).map_err(|error| StoreError::Damaged(error.to_string()))
}

fn member_name(text: &str) -> Result<MemberName, StoreError> {
    MemberName::parse(text).map_err(|error| StoreError::Damaged(error.to_string()))
}

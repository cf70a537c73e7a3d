//! Rows as a world, table by table without joins.

use std::sync::Arc;

use athenz_model::names::{DomainName, EntityName, MemberName, SimpleName};
use athenz_model::wire::zms::AssertionEffect;
use athenz_policy::{Member, PrincipalId, SystemDisabled, TextId};
use athenz_world::load::{CollectionKey, DomainKey};
use athenz_world::{
    Assertion, CollectionAttributes, CollectionKind, CollectionSettings, DomainAttributes, Entity, Head,
    Pending, PendingKind, PolicyVersionAttributes, Registration, Sequence, Service, World, WorldBuilder,
};
use rustc_hash::FxHashMap;
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::value::Columns;
use crate::write::{REGISTERED, SUSPENDED, UNKNOWN};

/// Which rows to read.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// All of them.
    All,
    /// Those of some domains, in exchange for what a world holds of them.
    Domains {
        /// The world that is brought up to date.
        world: Box<World>,
        /// The domains.
        names: Vec<DomainName>,
    },
}

/// A table of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Principal,
    Tombstone,
    Domain,
    Collection,
    Member,
    Pending,
    Version,
    Assertion,
    Service,
    Entity,
    Template,
    Quota,
    Dependency,
}

const OF_DOMAIN: &str = " WHERE domain_id = (SELECT id FROM domain WHERE name = $1)";
const OF_COLLECTIONS: &str = " WHERE collection_id IN (SELECT c.id FROM collection c \
    JOIN domain d ON d.id = c.domain_id WHERE d.name = $1)";
const OF_VERSIONS: &str = " WHERE version_id IN (SELECT v.id FROM policy_version v \
    JOIN domain d ON d.id = v.domain_id WHERE d.name = $1)";

impl Table {
    /// Every table, parents before children.
    pub(crate) const ALL: &[Self] = &[
        Self::Principal,
        Self::Tombstone,
        Self::Domain,
        Self::Collection,
        Self::Member,
        Self::Pending,
        Self::Version,
        Self::Assertion,
        Self::Service,
        Self::Entity,
        Self::Template,
        Self::Quota,
        Self::Dependency,
    ];

    /// Selection, condition for one domain (`$1`), order.
    const fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Principal => ("SELECT id, name, registration FROM principal", "", " ORDER BY id"),
            Self::Tombstone => ("SELECT domain, revision FROM tombstone", " WHERE domain = $1", ""),
            Self::Domain => (
                "SELECT id, name, revision, modified, attributes FROM domain",
                " WHERE name = $1",
                " ORDER BY id",
            ),
            Self::Collection => (
                "SELECT id, domain_id, kind, name, created, modified, trust, settings FROM collection",
                OF_DOMAIN,
                " ORDER BY id",
            ),
            Self::Member => (
                "SELECT collection_id, principal_id, requester_id, audit_reference, system_disabled, inactive, \
                 expiration, review_reminder FROM member",
                OF_COLLECTIONS,
                " ORDER BY collection_id, principal_id",
            ),
            Self::Pending => (
                "SELECT collection_id, member, kind, requester, requested, audit_reference, expiration, \
                 review_reminder FROM pending_member",
                OF_COLLECTIONS,
                "",
            ),
            Self::Version => (
                "SELECT id, domain_id, policy, version, active, modified, description, tags, owner, spelling \
                 FROM policy_version",
                OF_DOMAIN,
                " ORDER BY id",
            ),
            Self::Assertion => (
                "SELECT id, version_id, role, action, resource, effect, conditions FROM assertion",
                OF_VERSIONS,
                " ORDER BY id",
            ),
            Self::Service => ("SELECT domain_id, name, attributes FROM service", OF_DOMAIN, ""),
            Self::Entity => ("SELECT domain_id, name, value FROM entity", OF_DOMAIN, ""),
            Self::Template => ("SELECT domain_id, name, version FROM template", OF_DOMAIN, ""),
            Self::Quota => ("SELECT domain_id, limits FROM quota", OF_DOMAIN, ""),
            Self::Dependency => ("SELECT domain_id, service FROM dependency", OF_DOMAIN, ""),
        }
    }

    /// Reads all rows.
    pub(crate) fn of_all(self) -> String {
        let (select, _, order) = self.parts();
        format!("{select}{order}")
    }

    /// Reads the rows of the domain `$1`; none for what belongs to no domain.
    pub(crate) fn of_domain(self) -> Option<String> {
        let (select, condition, order) = self.parts();
        (!condition.is_empty()).then(|| format!("{select}{condition}{order}"))
    }
}

/// Members of a collection while its rows come in.
struct Gathered {
    collection: CollectionKey,
    row: i64,
    members: Vec<Member>,
}

/// Takes rows of all tables in the order of [`Table::ALL`] and makes a world of them.
pub(crate) struct Loader {
    builder: WorldBuilder,
    principals: PrincipalNumbers,
    domains: FxHashMap<i64, DomainKey>,
    collections: FxHashMap<i64, CollectionKey>,
    versions: FxHashMap<i64, (DomainKey, EntityName, SimpleName)>,
    settings: FxHashMap<String, Arc<CollectionSettings>>,
    last_text: Option<(String, TextId)>,
    gathered: Option<Gathered>,
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
            last_text: None,
            gathered: None,
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
            Table::Domain => self.domain(row),
            Table::Collection => self.collection(row),
            Table::Member => self.member(row),
            Table::Pending => self.pending(row),
            Table::Version => self.version(row),
            Table::Assertion => self.assertion(row),
            Table::Service | Table::Entity | Table::Template | Table::Quota | Table::Dependency => {
                self.object(table, row)
            }
        }
    }

    /// The world, once all rows are in.
    pub(crate) fn finish(mut self, head: Head) -> World {
        self.finish_members();
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

    fn member(&mut self, row: &impl Columns) -> Result<(), StoreError> {
        let collection = row.integer(0)?;
        if self.gathered.as_ref().is_none_or(|gathered| gathered.row != collection) {
            self.finish_members();
            let key = self.collection_key(collection)?;
            self.gathered = Some(Gathered { collection: key, row: collection, members: Vec::new() });
        }
        let member = Member {
            principal: self.principals.id(row.integer(1)?)?,
            requester: row.optional_integer(2)?.map(|number| self.principals.id(number)).transpose()?,
            audit_reference: row.optional_text(3)?.map(|text| self.text_id(text)),
            system_disabled: SystemDisabled::from_bits(small(row.integer(4)?)?),
            active: !row.flag(5)?,
            expiration: row.optional_moment(6)?,
            review_reminder: row.optional_moment(7)?,
        };
        if let Some(gathered) = &mut self.gathered {
            gathered.members.push(member);
        }
        Ok(())
    }

    fn finish_members(&mut self) {
        if let Some(gathered) = self.gathered.take() {
            self.builder.members(gathered.collection, gathered.members);
        }
    }

    /// Audit references of neighbours are often the same.
    fn text_id(&mut self, text: &str) -> TextId {
        match &self.last_text {
            Some((last, id)) if last == text => *id,
            _ => {
                let id = self.builder.text(text);
                self.last_text = Some((text.to_owned(), id));
                id
            }
        }
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

/// Row numbers of principals to ids of the world: an array, since the numbers are dense but for
/// what failed transactions left out.
#[derive(Default)]
struct PrincipalNumbers {
    dense: Vec<Option<PrincipalId>>,
    sparse: FxHashMap<i64, PrincipalId>,
}

/// The longest gap between two numbers that the array takes.
const GAP: usize = 1 << 20;

impl PrincipalNumbers {
    fn insert(&mut self, number: i64, id: PrincipalId) {
        match usize::try_from(number) {
            Ok(place) if place < self.dense.len() + GAP => {
                if place >= self.dense.len() {
                    self.dense.resize(place + 1, None);
                }
                if let Some(slot) = self.dense.get_mut(place) {
                    *slot = Some(id);
                }
            }
            _ => {
                self.sparse.insert(number, id);
            }
        }
    }

    fn id(&self, number: i64) -> Result<PrincipalId, StoreError> {
        let dense = usize::try_from(number).ok().and_then(|place| self.dense.get(place).copied().flatten());
        dense
            .or_else(|| self.sparse.get(&number).copied())
            .ok_or_else(|| StoreError::Damaged(format!("membership of unknown principal {number}")))
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

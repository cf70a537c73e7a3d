//! The tables of a world and how they are asked for.

use athenz_model::names::DomainName;
use athenz_world::World;

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

/// A table of a world; that of memberships is read apart, by [`super::MemberReader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Principal,
    Tombstone,
    Departed,
    Domain,
    Collection,
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
pub(super) const OF_COLLECTIONS: &str = " WHERE collection_id IN (SELECT c.id FROM collection c \
    JOIN domain d ON d.id = c.domain_id WHERE d.name = $1)";
const OF_VERSIONS: &str = " WHERE version_id IN (SELECT v.id FROM policy_version v \
    JOIN domain d ON d.id = v.domain_id WHERE d.name = $1)";

impl Table {
    /// What memberships refer to, parents before children.
    pub(crate) const BEFORE_MEMBERS: &[Self] =
        &[Self::Principal, Self::Tombstone, Self::Departed, Self::Domain, Self::Collection];

    /// The rest, parents before children.
    pub(crate) const AFTER_MEMBERS: &[Self] = &[
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
            Self::Departed => ("SELECT domain, service FROM departed_service", " WHERE domain = $1", ""),
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

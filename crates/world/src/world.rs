//! The snapshot that everything reads.

use std::sync::Arc;

use athenz_model::names::{DomainName, EntityName, MemberName};
use athenz_model::{DepartedServices, Timestamp};
use athenz_policy::{Directory, Member, PrincipalId, Principals, Texts};
use imbl::{HashMap, OrdMap, Vector};

use crate::attributes::DomainAttributes;
use crate::collection::{Collection, CollectionKind, MemberRow};
use crate::domain::Domain;
use crate::entry::{Head, Sequence};
use crate::trusting::TrustingRoles;

/// What is known of a principal beyond its memberships.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Registration {
    /// Never named as a member, or deleted.
    #[default]
    Unknown,
    /// Named as a member at least once.
    Registered,
    /// Suspended by an administrator: every membership of it is without effect.
    Suspended,
}

/// What only one domain may hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unique {
    /// An AWS account.
    Account(String),
    /// An Azure subscription.
    AzureSubscription(String),
    /// A GCP project.
    GcpProject(String),
    /// A numeric product id.
    YpmId(i32),
    /// A textual product id.
    ProductId(String),
    /// The domain's name as it stands in certificates, with `-` for `.`.
    DnsName(String),
}

impl Unique {
    /// The name as it stands in the DNS names of certificates.
    pub fn dns_name(domain: &str) -> Self {
        Self::DnsName(domain.replace('.', "-"))
    }

    pub(crate) fn all_of(name: &DomainName, attributes: &DomainAttributes) -> Vec<Self> {
        let text = |text: &str, make: fn(String) -> Self| (!text.is_empty()).then(|| make(text.to_owned()));
        let accounts = attributes.account.split(',').filter_map(|account| text(account, Self::Account));
        accounts
            .chain(text(&attributes.azure_subscription, Self::AzureSubscription))
            .chain(text(&attributes.gcp_project, Self::GcpProject))
            .chain(text(&attributes.product_id, Self::ProductId))
            .chain((attributes.ypm_id != 0).then_some(Self::YpmId(attributes.ypm_id)))
            .chain([Self::dns_name(name)])
            .collect()
    }
}

/// All of ZMS at one moment. Cloning is cheap and shares everything.
#[derive(Clone, Debug)]
pub struct World {
    /// Where in the sequence this is.
    pub head: Head,
    pub(crate) domains: OrdMap<DomainName, Arc<Domain>>,
    pub(crate) principals: Arc<Principals>,
    pub(crate) texts: Arc<Texts>,
    pub(crate) registered: Vector<Registration>,
    pub(crate) unique: HashMap<Unique, DomainName>,
    pub(crate) tombstones: OrdMap<DomainName, Sequence>,
    pub(crate) departed: DepartedServices,
    pub(crate) trusting: TrustingRoles,
}

impl Default for World {
    fn default() -> Self {
        Self {
            head: Head { next_id: 1, ..Head::default() },
            domains: OrdMap::new(),
            principals: Arc::new(Principals::new()),
            texts: Arc::new(Texts::new()),
            registered: Vector::new(),
            unique: HashMap::new(),
            tombstones: OrdMap::new(),
            departed: DepartedServices::default(),
            trusting: TrustingRoles::default(),
        }
    }
}

impl World {
    /// A domain by name.
    pub fn domain(&self, name: &str) -> Option<&Arc<Domain>> {
        self.domains.get(name)
    }

    /// All domains, sorted by name.
    pub fn domains(&self) -> impl Iterator<Item = &Arc<Domain>> {
        self.domains.values()
    }

    /// The domains from a name on (inclusive), sorted.
    pub fn domains_from(&self, name: &str) -> impl Iterator<Item = &Arc<Domain>> {
        self.domains
            .range::<_, str>((std::ops::Bound::Included(name), std::ops::Bound::Unbounded))
            .map(|(_, domain)| domain)
    }

    /// How many domains there are.
    pub fn domain_count(&self) -> usize {
        self.domains.len()
    }

    /// The domains below another, at any depth, sorted.
    pub fn subdomains<'a>(&'a self, parent: &'a str) -> impl Iterator<Item = &'a Arc<Domain>> {
        let prefix = format!("{parent}.");
        // '.' sorts before every letter and digit, so the domains below stand together
        self.domains
            .range::<_, str>((std::ops::Bound::Included(prefix.as_str()), std::ops::Bound::Unbounded))
            .map(|(_, domain)| domain)
            .take_while(move |domain| domain.name.starts_with(&prefix))
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// The domain that holds a value only one may hold.
    pub fn holder(&self, unique: &Unique) -> Option<&DomainName> {
        self.unique.get(unique)
    }

    /// Names that are stored: members, requesters.
    pub fn principals(&self) -> &Arc<Principals> {
        &self.principals
    }

    /// Audit references that are stored with memberships.
    pub fn texts(&self) -> &Arc<Texts> {
        &self.texts
    }

    /// What is known of a principal.
    pub fn registration(&self, name: &str) -> Registration {
        self.principals.id(name).map_or(Registration::Unknown, |id| self.registration_of(id))
    }

    /// What is known of a principal, by id.
    pub fn registration_of(&self, id: PrincipalId) -> Registration {
        self.registered.get(id.index()).copied().unwrap_or_default()
    }

    /// Whether a principal was ever named as a member and not deleted since.
    pub fn is_registered(&self, name: &str) -> bool {
        self.registration(name) != Registration::Unknown
    }

    /// Every registered principal.
    pub fn registered_principals(&self) -> impl Iterator<Item = (PrincipalId, Registration)> {
        self.registered
            .iter()
            .enumerate()
            .filter(|(_, registration)| **registration != Registration::Unknown)
            .filter_map(|(index, registration)| Some((PrincipalId::from_index(index)?, *registration)))
    }

    /// Deleted domains that have not been made again, with the revision of their deletion.
    pub fn tombstones(&self) -> impl Iterator<Item = (&DomainName, Sequence)> {
        self.tombstones.iter().map(|(name, revision)| (name, *revision))
    }

    /// Services that were deleted, alone or with their domain, and not made again.
    pub const fn departed(&self) -> &DepartedServices {
        &self.departed
    }

    /// A role or group by domain and short name.
    pub fn collection(&self, kind: CollectionKind, domain: &str, name: &str) -> Option<&Arc<Collection>> {
        self.domain(domain)?.collection(kind, name)
    }

    /// Every role or group that has `principal` itself as a member (no wildcards, no groups).
    pub fn memberships<'a>(
        &'a self,
        kind: CollectionKind,
        principal: &str,
    ) -> impl Iterator<Item = (&'a Arc<Domain>, &'a str, &'a Collection, &'a Member)> + use<'a> {
        let id = self.principals.id(principal);
        self.domains().flat_map(move |domain| {
            domain.collections(kind).iter().filter_map(move |(name, collection)| {
                Some((domain, name.as_str(), collection.as_ref(), collection.members.get(id?)?))
            })
        })
    }

    /// Every role that is delegated to a domain, which need not be there: by owner, then by name.
    pub fn trusting<'a>(
        &'a self,
        trusted: &str,
    ) -> impl Iterator<Item = (&'a Arc<Domain>, &'a EntityName, &'a Collection)> + use<'a> {
        self.trusting.of(trusted).filter_map(|(owner, role)| {
            let owner = self.domain(owner)?;
            Some((owner, role, &**owner.roles.get(role)?))
        })
    }

    /// A membership as rows and log entries have it.
    pub fn member_row(&self, member: &Member) -> Option<MemberRow> {
        Some(MemberRow {
            name: MemberName::parse(&self.principals.name(member.principal)).ok()?,
            requester: member.requester.map(|id| self.principals.name(id).to_string()).unwrap_or_default(),
            audit_reference: member
                .audit_reference
                .map(|id| self.texts.name(id).to_string())
                .unwrap_or_default(),
            system_disabled: member.system_disabled.bits(),
            inactive: !member.active,
            expiration: member.expiration,
            review_reminder: member.review_reminder,
        })
    }

    /// The stored name of a principal.
    pub fn name_of(&self, id: PrincipalId) -> Arc<str> {
        self.principals.name(id)
    }

    /// The newest `modified` of all domains.
    pub fn newest(&self) -> Timestamp {
        self.domains().map(|domain| domain.attributes.modified).max().unwrap_or(Timestamp::EPOCH)
    }
}

impl Directory for World {
    fn domain(&self, name: &str) -> Option<&dyn athenz_policy::Domain> {
        self.domains.get(name).map(|domain| domain.as_ref() as &dyn athenz_policy::Domain)
    }

    fn principals(&self) -> &Principals {
        &self.principals
    }
}

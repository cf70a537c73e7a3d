//! One domain of the index: compiled once from its document, never changed after.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use athenz_model::Timestamp;
use athenz_model::wire::zms::{self, DomainData};
use athenz_policy::{Domain, Member, Members, Policies, Principals, RoleView, SystemDisabled};

use super::policies::{self, PolicyText};
use super::services::Service;
use super::signed::SignedCache;
use super::transport::TransportAssertion;
use crate::source::TrustedDomain;
use crate::tokens::details::{self, Definition};

/// Tag that asks for role certificates of a role.
const ISSUE_ROLE_CERTS: &str = "zts.IssueRoleCerts";

/// Tags of a role or domain.
pub type Tags = BTreeMap<Box<str>, Box<[Box<str>]>>;

/// What a domain says about tokens and certificates, and the cloud accounts it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the domain, with their names")]
pub struct DomainSettings {
    pub token_expiry_mins: Option<i32>,
    pub role_cert_expiry_mins: Option<i32>,
    pub service_cert_expiry_mins: Option<i32>,
    pub cert_dns_domain: Option<Box<str>>,
    pub x509_signer_key_id: Option<Box<str>>,
    pub ssh_signer_key_id: Option<Box<str>>,
    pub aws_account: Option<Box<str>>,
    pub azure_subscription: Option<Box<str>>,
    pub azure_tenant: Option<Box<str>>,
    pub azure_client: Option<Box<str>>,
    pub gcp_project: Option<Box<str>>,
    pub gcp_project_number: Option<Box<str>>,
    pub tags: Tags,
}

/// A role of a domain.
#[derive(Clone, Debug)]
pub struct RoleEntry {
    /// Its own members; nobody for a delegated role.
    pub members: Members,
    /// The domain it is delegated to.
    pub trust: Option<Box<str>>,
    /// Longest life of its tokens, in minutes.
    pub token_expiry_mins: Option<i32>,
    /// Longest life of its certificates, in minutes.
    pub cert_expiry_mins: Option<i32>,
    /// Its tags.
    pub tags: Tags,
}

impl RoleEntry {
    fn new(role: &zms::Role, principals: &Principals) -> Self {
        Self {
            members: members(role, principals),
            trust: boxed(&role.trust),
            token_expiry_mins: role.token_expiry_mins,
            cert_expiry_mins: role.cert_expiry_mins,
            tags: tags(&role.tags),
        }
    }

    /// The largest positive number among the first values of a tag.
    pub fn tag_number(&self, tag: &str) -> Option<i64> {
        self.tags.get(tag)?.first()?.parse().ok().filter(|number| *number > 0)
    }

    fn view(&self) -> RoleView<'_> {
        RoleView { members: &self.members, trust: self.trust.as_deref() }
    }
}

/// A domain.
#[derive(Clone, Debug)]
pub struct DomainEntry {
    name: Arc<str>,
    modified: Timestamp,
    tag: Box<str>,
    settings: DomainSettings,
    roles: BTreeMap<Box<str>, RoleEntry>,
    groups: BTreeMap<Box<str>, Members>,
    compiled: Policies,
    services: BTreeMap<Box<str>, Service>,
    lists_services: bool,
    policy_texts: Vec<PolicyText>,
    zms_signature: Option<Box<str>>,
    zms_key_id: Option<Box<str>>,
    details: BTreeMap<Box<str>, Vec<Definition>>,
    certificate_roles: Vec<Box<str>>,
    transport: Vec<TransportAssertion>,
    signed: SignedCache,
}

impl DomainEntry {
    /// Compiles a domain. What does not belong to it by name is left out.
    pub(super) fn new(domain: &TrustedDomain, principals: &Principals) -> Self {
        let (name, data) = (domain.name(), domain.data());
        let roles = roles(name, data, principals);
        let signed = data.policies.as_ref();
        let contents = signed.and_then(|signed| signed.contents.as_ref());
        let policies = contents.and_then(|contents| contents.policies.as_deref()).unwrap_or_default();
        let services = data.services.iter().flatten().filter_map(|service| Service::new(name, service));
        let certificate_roles = roles.iter().filter(|(_, role)| asks_for_certificates(role));
        Self {
            name: name.into(),
            modified: domain.modified(),
            tag: domain.modified().to_string().into(),
            settings: settings(data),
            certificate_roles: certificate_roles.map(|(role, _)| role.clone()).collect(),
            groups: groups(name, data, principals),
            compiled: super::compile::policies(policies),
            services: services.collect(),
            lists_services: data.services.is_some(),
            policy_texts: policies::texts(policies),
            zms_signature: signed.and_then(|signed| boxed(&signed.signature)),
            zms_key_id: signed.and_then(|signed| boxed(&signed.key_id)),
            details: details::definitions_by_role(name, data.entities.as_deref().unwrap_or_default()),
            transport: TransportAssertion::all(name, policies),
            signed: SignedCache::default(),
            roles,
        }
    }

    /// The same domain with other lists of members.
    pub(super) fn with_members(&self, other: impl Fn(&Members) -> Members) -> Self {
        let mut entry = self.clone();
        let roles = entry.roles.values_mut().map(|role| &mut role.members);
        for members in roles.chain(entry.groups.values_mut()) {
            *members = other(members);
        }
        entry
    }

    /// The members of every role and group.
    pub(super) fn all_members(&self) -> impl Iterator<Item = &Members> {
        self.roles.values().map(|role| &role.members).chain(self.groups.values())
    }

    /// Name of the domain.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name, shared.
    pub fn shared_name(&self) -> &Arc<str> {
        &self.name
    }

    /// When it was last changed.
    pub const fn modified(&self) -> Timestamp {
        self.modified
    }

    /// The tag of everything made of it: the moment of the last change, without quotes.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// What it says about tokens and certificates.
    pub const fn settings(&self) -> &DomainSettings {
        &self.settings
    }

    /// A role by its short name.
    pub fn role_entry(&self, short_name: &str) -> Option<&RoleEntry> {
        self.roles.get(short_name)
    }

    /// The short name of a role as it is kept here.
    pub fn role_name(&self, short_name: &str) -> Option<&str> {
        self.roles.get_key_value(short_name).map(|(name, _)| &**name)
    }

    /// The short name of a group as it is kept here.
    pub fn group_name(&self, short_name: &str) -> Option<&str> {
        self.groups.get_key_value(short_name).map(|(name, _)| &**name)
    }

    /// All roles by short name.
    pub fn roles(&self) -> impl Iterator<Item = (&str, &RoleEntry)> {
        self.roles.iter().map(|(name, role)| (&**name, role))
    }

    /// All groups by short name.
    pub fn groups(&self) -> impl Iterator<Item = (&str, &Members)> {
        self.groups.iter().map(|(name, members)| (&**name, members))
    }

    /// A service by its short name.
    pub fn service(&self, short_name: &str) -> Option<&Service> {
        self.services.get(short_name)
    }

    /// All services by short name; `None` where the document does not list services.
    pub fn services(&self) -> Option<impl Iterator<Item = (&str, &Service)>> {
        self.lists_services.then(|| self.services.iter().map(|(name, service)| (&**name, service)))
    }

    /// Authorization details that a role accepts.
    pub fn details(&self, role: &str) -> &[Definition] {
        self.details.get(role).map(Vec::as_slice).unwrap_or_default()
    }

    /// Short names of the roles that ask for role certificates.
    pub fn certificate_roles(&self) -> &[Box<str>] {
        &self.certificate_roles
    }

    /// Assertions that are rules for packet filters.
    pub fn transport_assertions(&self) -> &[TransportAssertion] {
        &self.transport
    }

    /// The policies as they are given to others.
    pub fn policy_texts(&self) -> &[PolicyText] {
        &self.policy_texts
    }

    /// The signature of ZMS over the active policies, and the id of its key.
    pub fn zms_signature(&self) -> (Option<&str>, Option<&str>) {
        (self.zms_signature.as_deref(), self.zms_key_id.as_deref())
    }

    pub(crate) const fn signed_policies(&self) -> &SignedCache {
        &self.signed
    }

    /// Hosts of its services in lower case, with the full name of the service.
    pub(super) fn hosts(&self) -> BTreeSet<(String, Arc<str>)> {
        let services = self.services.values();
        let pairs = services.flat_map(|service| {
            let name: Arc<str> = Arc::from(&*service.full_name);
            let hosts = service.hosts.iter().flatten();
            hosts.map(move |host| (host.to_ascii_lowercase(), name.clone()))
        });
        pairs.collect()
    }
}

impl Domain for DomainEntry {
    fn name(&self) -> &str {
        &self.name
    }

    /// Disabled domains are not in the index at all.
    fn enabled(&self) -> bool {
        true
    }

    fn policies(&self) -> &Policies {
        &self.compiled
    }

    fn role(&self, short_name: &str) -> Option<RoleView<'_>> {
        self.roles.get(short_name).map(RoleEntry::view)
    }

    fn for_each_role<'a>(&'a self, visit: &mut dyn FnMut(&'a str, RoleView<'a>)) {
        for (name, role) in &self.roles {
            visit(name, role.view());
        }
    }

    fn group(&self, short_name: &str) -> Option<&Members> {
        self.groups.get(short_name)
    }
}

fn boxed(text: &Option<String>) -> Option<Box<str>> {
    text.as_deref().filter(|text| !text.is_empty()).map(Into::into)
}

fn tags(tags: &Option<BTreeMap<String, zms::TagValueList>>) -> Tags {
    let values = |list: &zms::TagValueList| {
        list.list.iter().flatten().flatten().map(|value| value.as_str().into()).collect()
    };
    tags.iter().flatten().map(|(tag, list)| (tag.as_str().into(), values(list))).collect()
}

fn settings(data: &DomainData) -> DomainSettings {
    DomainSettings {
        token_expiry_mins: data.token_expiry_mins,
        role_cert_expiry_mins: data.role_cert_expiry_mins,
        service_cert_expiry_mins: data.service_cert_expiry_mins,
        cert_dns_domain: boxed(&data.cert_dns_domain),
        x509_signer_key_id: boxed(&data.x509_cert_signer_key_id),
        ssh_signer_key_id: boxed(&data.ssh_cert_signer_key_id),
        aws_account: boxed(&data.account),
        azure_subscription: boxed(&data.azure_subscription),
        azure_tenant: boxed(&data.azure_tenant),
        azure_client: boxed(&data.azure_client),
        gcp_project: boxed(&data.gcp_project),
        gcp_project_number: boxed(&data.gcp_project_number),
        tags: tags(&data.tags),
    }
}

fn roles(domain: &str, data: &DomainData, principals: &Principals) -> BTreeMap<Box<str>, RoleEntry> {
    let roles = data.roles.iter().flatten();
    let entries = roles.filter_map(|role| {
        let short = short_name(domain, ":role.", role.name.as_deref()?)?;
        Some((short.into(), RoleEntry::new(role, principals)))
    });
    entries.collect()
}

fn groups(domain: &str, data: &DomainData, principals: &Principals) -> BTreeMap<Box<str>, Members> {
    let groups = data.groups.iter().flatten();
    let entries = groups.filter_map(|group| {
        let short = short_name(domain, ":group.", group.name.as_deref()?)?;
        let members = group.group_members.iter().flatten().filter_map(|member| {
            let counts = member.approved.unwrap_or(true);
            let name = member.member_name.as_deref().filter(|_| counts)?;
            Some(Member {
                active: member.active.unwrap_or(true),
                system_disabled: system_disabled(member.system_disabled),
                expiration: member.expiration,
                ..Member::of(principals.intern(&name.to_ascii_lowercase()))
            })
        });
        Some((short.into(), Members::from_sorted(members.collect(), principals)))
    });
    entries.collect()
}

fn short_name<'a>(domain: &str, kind: &str, name: &'a str) -> Option<&'a str> {
    name.strip_prefix(domain)?.strip_prefix(kind).filter(|short| !short.is_empty())
}

fn members(role: &zms::Role, principals: &Principals) -> Members {
    let id = |name: &str| Member::of(principals.intern(&name.to_ascii_lowercase()));
    let members: Vec<Member> = match (&role.role_members, &role.members) {
        (Some(members), _) => {
            let counting = members.iter().filter(|member| member.approved.unwrap_or(true));
            let records = counting.filter_map(|member| {
                Some(Member {
                    active: member.active.unwrap_or(true),
                    system_disabled: system_disabled(member.system_disabled),
                    expiration: member.expiration,
                    ..id(member.member_name.as_deref()?)
                })
            });
            records.collect()
        }
        (None, Some(names)) => names.iter().map(|name| id(name)).collect(),
        (None, None) => Vec::new(),
    };
    Members::from_sorted(members, principals)
}

/// Bits beyond those we know disable as well.
fn system_disabled(bits: Option<i32>) -> SystemDisabled {
    SystemDisabled::from_bits(u8::try_from(bits.unwrap_or(0)).unwrap_or(u8::MAX))
}

fn asks_for_certificates(role: &RoleEntry) -> bool {
    role.tags.get(ISSUE_ROLE_CERTS).is_some_and(|values| values.iter().any(|value| &**value == "true"))
}

//! The whole replica as one immutable value: readers hold one and see no change.
//!
//! Domains share everything with the index before them; a change compiles one domain anew.

mod compile;
mod entry;
mod names;
pub mod policies;
pub mod services;
mod signed;
pub mod transport;

use std::collections::BTreeSet;
use std::sync::Arc;

use athenz_crypto::keys::PublicKey;
use athenz_model::DepartedServices;
use athenz_policy::{Directory, Domain, Principals};
use rustc_hash::FxBuildHasher;

pub use entry::{DomainEntry, DomainSettings, RoleEntry, Tags};
pub use services::{Service, ServiceKey};
pub(crate) use signed::Signed;

use crate::source::TrustedDomain;

type Map<V> = imbl::GenericHashMap<Arc<str>, V, FxBuildHasher, imbl::shared_ptr::DefaultSharedPtr>;

/// Every enabled domain.
#[derive(Clone, Debug)]
pub struct Index {
    domains: Map<Arc<DomainEntry>>,
    /// Lower-case host to full service names.
    hosts: Map<BTreeSet<Arc<str>>>,
    /// Domains with roles that ask for role certificates.
    certificate_domains: imbl::OrdSet<Arc<str>>,
    principals: Arc<Principals>,
    /// With more names than this it is time to count how many are in use.
    count_names_at: usize,
    departed: DepartedServices,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            domains: Map::default(),
            hosts: Map::default(),
            certificate_domains: imbl::OrdSet::default(),
            principals: Arc::new(Principals::new()),
            count_names_at: 0,
            departed: DepartedServices::default(),
        }
    }
}

impl Index {
    /// A domain compiled for this index and those made of it; `None` when it is disabled.
    pub fn compile(&self, domain: &TrustedDomain) -> Option<Arc<DomainEntry>> {
        domain.enabled().then(|| Arc::new(DomainEntry::new(domain, &self.principals)))
    }

    /// The table of names that [`Self::compile`] uses.
    pub(crate) const fn shared_principals(&self) -> &Arc<Principals> {
        &self.principals
    }

    /// Replaces a domain by what was compiled of it, or removes it.
    pub(crate) fn replace(&mut self, name: &str, entry: Option<Arc<DomainEntry>>) {
        if let Some(before) = self.domains.remove(name) {
            self.certificate_domains.remove(name);
            for (host, service) in before.hosts() {
                self.remove_host(&host, &service);
            }
        }
        if let Some(entry) = entry {
            self.insert(entry);
        }
    }

    fn insert(&mut self, entry: Arc<DomainEntry>) {
        for (host, service) in entry.hosts() {
            self.hosts.entry(host.into()).or_default().insert(service);
        }
        if !entry.certificate_roles().is_empty() {
            self.certificate_domains.insert(entry.shared_name().clone());
        }
        self.domains.insert(entry.shared_name().clone(), entry);
    }

    fn remove_host(&mut self, host: &str, service: &str) {
        if let Some(services) = self.hosts.get_mut(host) {
            services.remove(service);
            if services.is_empty() {
                self.hosts.remove(host);
            }
        }
    }

    /// A domain by its canonical name.
    pub fn domain(&self, name: &str) -> Option<&Arc<DomainEntry>> {
        self.domains.get(name)
    }

    /// Names of all domains.
    pub fn domain_names(&self) -> impl Iterator<Item = &str> {
        self.domains.keys().map(|name| &**name)
    }

    /// How many domains there are.
    pub fn len(&self) -> usize {
        self.domains.len()
    }

    /// Whether there is no domain at all.
    pub fn is_empty(&self) -> bool {
        self.domains.is_empty()
    }

    /// A service by its full name.
    pub fn service(&self, full_name: &str) -> Option<&Service> {
        let (domain, service) = full_name.rsplit_once('.')?;
        self.domain(domain)?.service(service)
    }

    /// A registered public key of a service.
    pub fn public_key(&self, service: &str, unverified_id: &str) -> Option<&PublicKey> {
        self.service(service)?.key(unverified_id)?.key()
    }

    /// Services that were deleted and not made again.
    pub const fn departed(&self) -> &DepartedServices {
        &self.departed
    }

    pub(crate) const fn departed_mut(&mut self) -> &mut DepartedServices {
        &mut self.departed
    }

    /// Full names of the services on a host (lower case).
    pub fn services_of_host(&self, host: &str) -> Option<&BTreeSet<Arc<str>>> {
        self.hosts.get(host)
    }

    /// Domains with roles that ask for role certificates, by name.
    pub fn certificate_domains(&self) -> impl Iterator<Item = &Arc<DomainEntry>> {
        self.certificate_domains.iter().filter_map(|name| self.domain(name))
    }
}

impl Directory for Index {
    fn domain(&self, name: &str) -> Option<&dyn Domain> {
        self.domains.get(name).map(|entry| &**entry as &dyn Domain)
    }

    fn principals(&self) -> &Principals {
        &self.principals
    }
}

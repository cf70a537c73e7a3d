//! Certificates: what a request may carry ([`csr_rules`], [`role_csr_rules`]), how long a
//! certificate lives ([`lifetime`]), who signs it ([`signer`]), and what is remembered of it
//! ([`theft`]). [`register`], [`refresh`], [`older_refresh`] and [`role`] put it together.

pub mod authority;
pub mod bundles;
pub mod cleaning;
pub mod config;
pub mod csr_rules;
pub mod launch;
pub mod lifetime;
pub mod names;
pub mod public_keys;
pub mod request;
pub mod role_csr_rules;
pub mod signer;
pub mod spiffe;
pub mod subject;
pub mod theft;

mod identity;
mod older_refresh;
mod refresh;
mod register;
mod role;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use athenz_model::Timestamp;
use athenz_store::certificate_records::{CertificateRecords, RecordStoreError};

pub(crate) use identity::{RequestFacts, authorize_workload, record_store_failed};
pub(crate) use older_refresh::{OlderOrder, older_refresh};
pub(crate) use refresh::{RefreshOrder, refresh};
pub(crate) use register::register;
pub(crate) use role::{RoleCertificateOrder, issue_role_certificate, role_of_request};

use bundles::{BundleError, Bundles};
use config::CertificateConfig;
use csr_rules::CsrRules;
use launch::NameAuthorities;
use public_keys::KeyConfigs;
use role_csr_rules::RoleCsrRules;
use signer::CertificateSigner;

use crate::providers::remote::CallProvider;

/// A service, and the provider that vouches for its instances. All names are canonical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The domain.
    pub domain: String,
    /// The service within the domain.
    pub service: String,
    /// Full name of the provider.
    pub provider: String,
}

impl Workload {
    /// A workload by names in any case.
    pub fn new(provider: &str, domain: &str, service: &str) -> Self {
        Self {
            domain: domain.to_ascii_lowercase(),
            service: service.to_ascii_lowercase(),
            provider: provider.to_ascii_lowercase(),
        }
    }

    /// `domain.service`
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.domain, self.service)
    }
}

/// Everything a ZTS needs to issue certificates.
#[derive(Debug)]
pub struct Certificates {
    /// Settings.
    pub config: CertificateConfig,
    /// Who signs.
    pub signer: Arc<dyn CertificateSigner>,
    /// What is remembered.
    pub records: CertificateRecords,
    rules: CsrRules,
    role_rules: RoleCsrRules,
    bundles: Bundles,
    authorities: NameAuthorities,
    key_configs: KeyConfigs,
    providers: Option<Box<dyn CallProvider>>,
    removed: AtomicU64,
}

impl Certificates {
    /// Puts the parts together, and reads the bundles.
    ///
    /// # Errors
    /// A bundle cannot be used.
    pub fn new(
        config: CertificateConfig,
        signer: Arc<dyn CertificateSigner>,
        records: CertificateRecords,
    ) -> Result<Self, BundleError> {
        Ok(Self {
            rules: config.csr_rules(),
            role_rules: config.role_csr_rules(),
            bundles: Bundles::read(&config.bundles, signer.authority_pem())?,
            authorities: NameAuthorities::default(),
            key_configs: KeyConfigs::default(),
            providers: None,
            removed: AtomicU64::new(0),
            config,
            signer,
            records,
        })
    }

    /// The same, able to call providers that are services of their own.
    #[must_use]
    pub fn with_providers(mut self, call: Box<dyn CallProvider>) -> Self {
        self.providers = Some(call);
        self
    }

    /// A bundle of authority certificates by its lower-case name.
    pub fn bundle(&self, name: &str) -> Option<&str> {
        self.bundles.find(name)
    }

    /// Forgets records that were not renewed while a certificate of the longest life would have
    /// ended, and register tokens and used assertions that have expired. Returns the number of records; call it again
    /// while it is `limit`.
    ///
    /// # Errors
    /// The store is not available.
    pub async fn clean(&self, now: Timestamp, limit: u32) -> Result<u64, RecordStoreError> {
        let issued_before = now.plus_minutes(-self.config.service_max_minutes);
        let removed = self.records.clean(now, issued_before, limit).await?;
        self.removed.fetch_add(removed, Ordering::Relaxed);
        Ok(removed)
    }

    /// How many records [`Self::clean`] has forgotten since the start.
    pub fn removed(&self) -> u64 {
        self.removed.load(Ordering::Relaxed)
    }
}

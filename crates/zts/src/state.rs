//! What all calls share.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use athenz_crypto::keys::{KeyError, PublicKey};
use athenz_crypto::random::Random;
use athenz_model::names::UserDomains;
use athenz_model::{ApiError, Clock, Timestamp};
use athenz_policy::Semantics;
use athenz_serve::caller::PublicKeys;

use crate::certificates::Certificates;
use crate::config::Config;
use crate::index::Index;
use crate::replica::Replica;
use crate::signing::Signers;
use crate::tokens::assertion::UsedAssertion;
use crate::tokens::seen::{self, SeenAssertions};

/// The service that this server is.
const ZTS_SERVICE: &str = "sys.auth.zts";

/// Everything a ZTS needs to answer.
#[derive(Debug)]
pub struct State {
    /// Settings.
    pub config: Config,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// Where random numbers come from.
    pub random: Arc<dyn Random>,
    /// The domains held.
    pub replica: Arc<Replica>,
    /// What makes a name a user.
    pub user_domains: UserDomains,
    /// The rules of decisions.
    pub semantics: Semantics,
    /// Assertions that were used and are still good.
    pub(crate) assertions: SeenAssertions,
    signers: ArcSwap<Signers>,
    zms_keys: Vec<(String, PublicKey)>,
    certificates: Option<Certificates>,
}

impl State {
    /// A state with these parts, our own decision rules, and nothing remembered.
    ///
    /// # Errors
    /// A configured public key of ZMS is none.
    pub fn new(
        config: Config,
        user_domains: UserDomains,
        replica: Arc<Replica>,
        signers: Signers,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, KeyError> {
        Ok(Self {
            zms_keys: config.zms_keys()?,
            config,
            clock,
            random,
            replica,
            user_domains,
            semantics: Semantics::ours(),
            assertions: SeenAssertions::default(),
            signers: ArcSwap::from_pointee(signers),
            certificates: None,
        })
    }

    /// The same, able to issue certificates.
    #[must_use]
    pub fn with_certificates(mut self, certificates: Certificates) -> Self {
        self.certificates = Some(certificates);
        self
    }

    /// What issues certificates.
    ///
    /// # Errors
    /// 400: this server issues none.
    pub fn certificates(&self) -> Result<&Certificates, ApiError> {
        let none = || ApiError::bad_request("this server issues no certificates, configure a signer");
        self.certificates.as_ref().ok_or_else(none)
    }

    /// The configured public keys of ZMS, by key id.
    pub fn zms_keys(&self) -> &[(String, PublicKey)] {
        &self.zms_keys
    }

    /// Why nothing may be answered from the domains held: they are older than this deployment allows.
    pub fn staleness(&self) -> Option<String> {
        self.replica.too_old(self.config.replication.max_age?)
    }

    /// The present index.
    pub fn index(&self) -> Guard<Arc<Index>> {
        self.replica.index()
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The present signing keys.
    pub fn signers(&self) -> Guard<Arc<Signers>> {
        self.signers.load()
    }

    /// Signs with other keys from now on: a step of a rotation.
    pub fn replace_signers(&self, signers: Signers) {
        self.signers.store(Arc::new(signers));
    }

    /// Uses an assertion up; whether it was not used before. With a store of certificate records
    /// that holds across restarts and servers.
    ///
    /// # Errors
    /// 503: too many are remembered, or the store is away.
    pub(crate) async fn take_assertion(
        &self,
        used: &UsedAssertion<'_>,
        now: Timestamp,
    ) -> Result<bool, ApiError> {
        let digest = seen::digest(used);
        if !self.assertions.take(digest, used, now)? {
            return Ok(false);
        }
        let Ok(certificates) = self.certificates() else { return Ok(true) };
        certificates.records.take_assertion(digest, used.expires).await.map_err(|error| {
            tracing::error!(%error, "a used assertion cannot be remembered");
            // the store decides at the next try
            self.assertions.forget(digest, used);
            ApiError::unavailable("used assertions cannot be remembered; please retry")
        })
    }
}

/// Keys of callers that show a token: those of the replica, and our own for what we signed.
impl PublicKeys for State {
    fn public_key(&self, service: &str, key_id: &str) -> Option<PublicKey> {
        let registered = self.index().public_key(service, key_id).cloned();
        registered
            .or_else(|| (service == ZTS_SERVICE).then(|| self.signers().find(key_id).cloned()).flatten())
    }
}

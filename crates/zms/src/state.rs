//! A running ZMS: what its routes share.

use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use athenz_crypto::keys::PublicKey;
use athenz_crypto::ring::SigningKey;
use athenz_model::wire::zms::DomainData;
use athenz_model::{ApiError, Clock, Timestamp};
use athenz_serve::freshness::{Freshness, Revision};
use athenz_store::{Reloaded, Store, StoreError};
use athenz_world::{ChangeSet, Head, World};
use tokio::sync::watch;

use crate::apart::Apart;
use crate::authorized_services::{AuthorizedServices, AuthorizedServicesError};
use crate::bootstrap::{self, SystemService};
use crate::config::{Config, ConfigError, Rules};
use crate::context::{Caller, Context};
use crate::documents::{DocumentError, Documents};
use crate::owner_header::OwnerHeader;
use crate::templates::{Templates, TemplatesError};
use crate::writer::{WriteFacts, WriterHandle, WriterParts};

/// Why ZMS could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The templates cannot be used.
    #[error(transparent)]
    Templates(#[from] TemplatesError),
    /// The authorized services cannot be used.
    #[error(transparent)]
    AuthorizedServices(#[from] AuthorizedServicesError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The first objects could not be made.
    #[error("cannot set up the system domains: {0}")]
    SetUp(ApiError),
}

/// What ZMS is made of.
#[derive(Debug)]
pub struct Parts {
    /// The `[zms]` settings.
    pub config: Config,
    /// The store, open.
    pub store: Arc<Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Signs documents and tokens.
    pub key: SigningKey,
    /// Services that must exist below `sys.auth`, the server's own among them.
    pub services: Vec<SystemService>,
}

/// A running ZMS.
#[derive(Debug)]
pub struct Zms {
    pub(crate) rules: Arc<Rules>,
    pub(crate) templates: Arc<Templates>,
    pub(crate) authorized_services: AuthorizedServices,
    pub(crate) key: SigningKey,
    pub(crate) store: Arc<Store>,
    pub(crate) documents: Documents,
    pub(crate) started: Timestamp,
    pub(crate) apart: Apart,
    world: Arc<ArcSwap<World>>,
    heads: watch::Receiver<Head>,
    writer: WriterHandle,
}

impl Zms {
    /// Loads the world, makes what is missing of the first objects, and starts the writer.
    ///
    /// # Errors
    /// A setting or the store cannot be used.
    pub async fn start(parts: Parts) -> Result<Arc<Self>, StartError> {
        let templates = Arc::new(Templates::load(parts.config.solution_templates_fname.as_deref())?);
        let authorized_services = AuthorizedServices::load(parts.config.authz_service_fname.as_deref())?;
        let rules = Arc::new(Rules::new(parts.config)?);
        let loaded = parts.store.load().await?;
        let (heads_sender, heads) = watch::channel(loaded.head);
        let world = Arc::new(ArcSwap::from_pointee(loaded));
        let writer = WriterHandle::start(WriterParts {
            store: Arc::clone(&parts.store),
            clock: Arc::clone(&parts.clock),
            rules: Arc::clone(&rules),
            templates: Arc::clone(&templates),
            world: Arc::clone(&world),
            heads: heads_sender,
        });
        let zms = Arc::new(Self {
            documents: Documents::new(parts.key.clone(), rules.users.clone()),
            key: parts.key,
            started: parts.clock.now(),
            apart: Apart::new(),
            rules,
            templates,
            authorized_services,
            store: parts.store,
            world,
            heads,
            writer,
        });
        zms.set_up(parts.services).await.map_err(StartError::SetUp)?;
        Ok(zms)
    }

    async fn set_up(&self, services: Vec<SystemService>) -> Result<(), ApiError> {
        let facts = WriteFacts {
            operation: "systemSetup",
            caller: Arc::new(Caller::named(bootstrap::SETUP_ACTOR)),
            audit_reference: bootstrap::SETUP_REFERENCE.to_owned(),
            owner: OwnerHeader::Absent,
            right: None,
        };
        self.writer.write(facts, move |context| bootstrap::set_up(context, &services)).await.map(drop)
    }

    /// What makes a name a user.
    pub fn user_domains(&self) -> &athenz_model::names::UserDomains {
        &self.rules.users
    }

    /// The newest world this process knows. With a store of its own that is the newest there is.
    pub fn world(&self) -> Arc<World> {
        self.world.load_full()
    }

    /// The world at least as new as every commit that was answered before this call, by whatever
    /// process; `None` where the store cannot be asked.
    pub async fn fresh_world(&self) -> Result<Arc<World>, ApiError> {
        let known = self.world();
        if !self.store.is_shared() {
            return Ok(known);
        }
        let caught = self.store.catch_up(&known).await.map_err(|error| {
            tracing::error!(%error, "store");
            error.to_api()
        })?;
        if caught.world.head == known.head && caught.reloaded == Reloaded::Nothing {
            return Ok(known);
        }
        let caught = Arc::new(caught.world);
        self.world.rcu(|present| {
            // the store is right, as it is for the writer: when it was set back its head is lower,
            // and every process goes back with it
            let is_known = Arc::ptr_eq(present, &known);
            if is_known || is_later(&caught, present) { Arc::clone(&caught) } else { Arc::clone(present) }
        });
        // others may have gone on; this is what the store had after the call began
        Ok(caught)
    }

    /// Tells of each new head.
    pub fn heads(&self) -> watch::Receiver<Head> {
        self.heads.clone()
    }

    /// The document of a domain for a ZTS in the same process.
    ///
    /// # Errors
    /// It cannot be signed.
    pub async fn domain_data(
        &self,
        world: &World,
        domain: &athenz_world::Domain,
    ) -> Result<DomainData, DocumentError> {
        self.documents.data(world, domain).await
    }

    /// A registered public key of a service: `domain.service` and key id.
    pub fn service_key(&self, service: &str, key_id: &str) -> Option<PublicKey> {
        let (domain, name) = service.rsplit_once('.')?;
        let world = self.world.load();
        crate::keys::public_key(world.domain(domain)?.services.get(name)?.public_keys.get(key_id)?)
    }

    pub(crate) async fn write(
        &self,
        facts: WriteFacts,
        decide: impl FnMut(&Context<'_>) -> Result<ChangeSet, ApiError> + Send + 'static,
    ) -> Result<Arc<World>, ApiError> {
        self.writer.write(facts, decide).await
    }
}

/// Whether a world was read after another, should both be of the same life of the store.
fn is_later(world: &World, other: &World) -> bool {
    (world.head.epoch, world.head.sequence) > (other.head.epoch, other.head.sequence)
}

impl athenz_serve::caller::PublicKeys for Zms {
    fn public_key(&self, service: &str, key_id: &str) -> Option<PublicKey> {
        // nobody of a disabled domain comes in with a token
        let enabled =
            |domain: &str| self.world.load().domain(domain).is_some_and(|domain| !domain.attributes.disabled);
        let (domain, _) = service.rsplit_once('.')?;
        self.service_key(service, key_id).filter(|_| enabled(domain))
    }
}

impl Freshness for Zms {
    fn revision(&self) -> Option<Revision> {
        let head = self.world.load().head;
        let (epoch, sequence) = (u64::try_from(head.epoch.0), u64::try_from(head.sequence.0));
        Some(Revision { epoch: epoch.ok()?, sequence: sequence.ok()? })
    }

    fn makes_changes(&self) -> bool {
        true
    }

    /// Every read catches up by itself with what other processes did.
    fn reach(&self, _: Revision) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }

    fn age(&self) -> Option<i64> {
        None
    }
}

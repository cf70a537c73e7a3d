//! From a ZMS to a ZTS in the same process: what has changed, as soon as it is committed, and off
//! the path of any request.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use athenz_model::names::DomainName;
use athenz_store::Store;
use athenz_world::{Domain, Sequence, World};
use athenz_zms::Zms;
use athenz_zts::Replica;
use athenz_zts::source::{Checkpoint, Epoch, Event, TrustedDomain};
use tokio_util::sync::CancellationToken;

/// Events that are published together.
const TOGETHER: usize = 256;
/// The pause before a domain that failed is tried again.
const RETRY: Duration = Duration::from_secs(5);
/// How often a store that other processes write to is asked, should a hint be lost.
const LOOK: Duration = Duration::from_secs(1);

/// Tells a replica what a ZMS has.
#[derive(Debug)]
pub struct Feed {
    zms: Arc<Zms>,
    replica: Arc<Replica>,
    told: BTreeMap<DomainName, Sequence>,
    epoch: Option<i64>,
    failed: bool,
}

impl Feed {
    /// A feed that has told nothing yet.
    pub fn new(zms: Arc<Zms>, replica: Arc<Replica>) -> Self {
        Self { zms, replica, told: BTreeMap::new(), epoch: None, failed: false }
    }

    /// Tells everything that is new, once. A domain that cannot be told holds up no other.
    pub async fn step(&mut self) {
        let world = self.zms.world();
        let epoch = Epoch(u64::try_from(world.head.epoch.0).unwrap_or_default());
        if self.epoch.replace(world.head.epoch.0) != Some(world.head.epoch.0) {
            // numbers of another life of the store say nothing
            self.told.clear();
        }
        self.failed = false;
        let mut events: Vec<Event> = self.gone(&world);
        for domain in self.changed(&world) {
            match self.document(&world, &domain, epoch).await {
                Ok(event) => {
                    events.push(event);
                    self.told.insert(domain.name.clone(), domain.revision);
                }
                Err(error) => {
                    tracing::error!(domain = %domain.name, error, "ZTS is not told of a domain");
                    self.failed = true;
                }
            }
            if events.len() >= TOGETHER {
                self.replica.apply(std::mem::take(&mut events));
            }
        }
        if !self.failed {
            let sequence = u64::try_from(world.head.sequence.0).unwrap_or_default();
            events.push(Event::Checkpoint(Checkpoint { epoch, sequence }));
        }
        self.replica.apply(events);
    }

    /// Tells what is new whenever there is something, until `stop`. A store that other processes
    /// write to is asked for what they did.
    pub async fn run(mut self, store: Arc<Store>, stop: CancellationToken) {
        let mut heads = self.zms.heads();
        let mut hints = store.listen();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                changed = heads.changed() => if changed.is_err() { return },
                _ = hints.changed(), if store.is_shared() => self.follow_others().await,
                () = tokio::time::sleep(LOOK), if store.is_shared() => self.follow_others().await,
                () = tokio::time::sleep(RETRY), if self.failed => {}
            }
            self.step().await;
        }
    }

    async fn follow_others(&self) {
        // an error is logged there; what is held stays in use
        let _ = self.zms.fresh_world().await;
    }

    fn gone(&mut self, world: &World) -> Vec<Event> {
        let index = self.replica.index();
        let held = index.domain_names().map(str::to_owned);
        let told = self.told.keys().map(ToString::to_string);
        let mut gone: Vec<String> = held.chain(told).filter(|name| world.domain(name).is_none()).collect();
        gone.sort_unstable();
        gone.dedup();
        self.told.retain(|name, _| world.domain(name).is_some());
        gone.into_iter().map(Event::Delete).collect()
    }

    fn changed(&self, world: &World) -> Vec<Arc<Domain>> {
        let is_new = |domain: &&Arc<Domain>| self.told.get(&domain.name) != Some(&domain.revision);
        world.domains().filter(is_new).cloned().collect()
    }

    async fn document(&self, world: &World, domain: &Domain, epoch: Epoch) -> Result<Event, String> {
        let data = self.zms.domain_data(world, domain).await.map_err(|error| error.to_string())?;
        let trusted =
            TrustedDomain::from_process(Arc::new(data), epoch).map_err(|error| error.to_string())?;
        Ok(Event::Upsert(Arc::new(trusted)))
    }
}

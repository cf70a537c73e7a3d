//! From a ZMS to a ZTS in the same process: what has changed, as soon as it is committed, and off
//! the path of any request.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use athenz_model::names::DomainName;
use athenz_store::Store;
use athenz_world::fingerprint::Fingerprint;
use athenz_world::{Domain, Head, Sequence, World};
use athenz_zms::Zms;
use athenz_zts::Replica;
use athenz_zts::source::{Checkpoint, Epoch, Event, TrustedDomain};
use tokio_util::sync::CancellationToken;

/// Events that are published together.
const TOGETHER: usize = 256;
/// The pause before a domain that failed is tried again.
const RETRY: Duration = Duration::from_secs(5);
/// How often the replica hears that it has everything, and a store that other processes write to is
/// asked, should a hint be lost.
const LOOK: Duration = Duration::from_secs(1);

/// Tells a replica what a ZMS has.
#[derive(Debug)]
pub struct Feed {
    zms: Arc<Zms>,
    replica: Arc<Replica>,
    /// By what a domain is known again: numbers alone may come back with a store that was set back.
    told: BTreeMap<DomainName, (Sequence, Fingerprint)>,
    epoch: Option<i64>,
    /// Up to where everything has been told.
    complete: Option<Head>,
    failed: bool,
}

impl Feed {
    /// A feed that has told nothing yet.
    pub fn new(zms: Arc<Zms>, replica: Arc<Replica>) -> Self {
        Self { zms, replica, told: BTreeMap::new(), epoch: None, complete: None, failed: false }
    }

    /// Tells everything that is new, once. A domain that cannot be told holds up no other.
    pub async fn step(&mut self) {
        let world = self.zms.world();
        let epoch = Epoch(u64::try_from(world.head.epoch.0).unwrap_or_default());
        if self.epoch.replace(world.head.epoch.0) != Some(world.head.epoch.0) {
            // numbers of another life of the store say nothing
            self.told.clear();
            self.complete = None;
        }
        if self.complete == Some(world.head) {
            return self.replica.confirm(self.replica.now());
        }
        self.failed = false;
        self.complete = None;
        let mut events = Vec::new();
        for domain in self.changed(&world) {
            match self.document(&world, &domain, epoch).await {
                Ok(event) => {
                    events.push(event);
                    self.told.insert(domain.name.clone(), (domain.revision, domain.fingerprint));
                }
                Err(error) => {
                    tracing::error!(domain = %domain.name, error, "ZTS is not told of a domain");
                    self.replica.count_domain_failure();
                    self.failed = true;
                }
            }
            if events.len() >= TOGETHER {
                self.replica.apply(std::mem::take(&mut events));
            }
        }
        events.extend(self.gone(&world));
        events.push(Event::Departed(world.departed().clone()));
        if !self.failed {
            let sequence = u64::try_from(world.head.sequence.0).unwrap_or_default();
            events.push(Event::Checkpoint(Checkpoint { epoch, sequence }));
            self.complete = Some(world.head);
        }
        self.replica.apply(events);
    }

    /// Tells what is new whenever there is something, until `stop`. A store that other processes
    /// write to is asked for what they did.
    pub async fn run(mut self, store: Arc<Store>, stop: CancellationToken) {
        let mut heads = self.zms.heads();
        let mut hints = store.listen();
        loop {
            let pause = if self.failed { RETRY } else { LOOK };
            let is_newest = tokio::select! {
                () = stop.cancelled() => return,
                // what this process commits, it has just followed the others up to
                changed = heads.changed() => if changed.is_err() { return } else { true },
                _ = hints.changed(), if store.is_shared() => self.follow_others().await,
                () = tokio::time::sleep(pause) => self.follow_others().await,
            };
            if is_newest {
                self.step().await;
            } else {
                // what is held stays in use, and grows old
                self.replica.count_failure();
            }
        }
    }

    /// Whether the world is the newest now; an error is logged where it happens.
    async fn follow_others(&self) -> bool {
        self.zms.fresh_world().await.is_ok()
    }

    /// Domains that are no longer there. All that are there have been told, but for those that failed.
    fn gone(&mut self, world: &World) -> Vec<Event> {
        if !self.failed && self.told.len() == world.domain_count() {
            return Vec::new();
        }
        let is_gone = |name: &&DomainName| world.domain(name).is_none();
        let gone: Vec<DomainName> = self.told.keys().filter(is_gone).cloned().collect();
        for name in &gone {
            self.told.remove(name);
        }
        gone.into_iter().map(|name| Event::Delete(name.to_string())).collect()
    }

    /// Domains that are new or of another revision: both lists are in the order of names, so one
    /// pass tells.
    fn changed(&self, world: &World) -> Vec<Arc<Domain>> {
        let mut told = self.told.iter().peekable();
        let is_new = |domain: &&Arc<Domain>| {
            while told.next_if(|(name, _)| **name < domain.name).is_some() {}
            told.next_if(|(name, _)| **name == domain.name)
                .is_none_or(|(_, state)| *state != (domain.revision, domain.fingerprint))
        };
        world.domains().filter(is_new).cloned().collect()
    }

    async fn document(&self, world: &World, domain: &Domain, epoch: Epoch) -> Result<Event, String> {
        let data = self.zms.domain_data(world, domain).await.map_err(|error| error.to_string())?;
        let trusted =
            TrustedDomain::from_process(Arc::new(data), epoch).map_err(|error| error.to_string())?;
        Ok(Event::Upsert(Arc::new(trusted)))
    }
}

//! `athenzd zms` and `athenzd zts`: each server alone, from its configuration file.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use athenz_client::{Egress, HttpClient, HttpOptions, Identity, Limits as CallLimits, Trust, ZmsClient};
use athenz_crypto::ring::{RingKey, SigningKey};
use athenz_crypto::tls::read_certificates;
use athenz_crypto::x509::{Authority, Certificate};
use athenz_model::{Clock, SystemClock};
use athenz_serve::Router;
use athenz_serve::access_log::AccessLog;
use athenz_serve::caller::OpenPaths;
use athenz_serve::health::{Health, HealthPart};
use athenz_serve::metrics::Metrics;
use athenz_serve::operations::{self, OperatorState};
use athenz_serve::settings::ServerSettings;
use athenz_serve::shutdown;
use athenz_store::certificate_records::{CertificateRecords, Limits};
use athenz_store::{Store, StoreUrl};
use athenz_zms::SystemService;
use athenz_zms::config::Rules;
use athenz_zts::Replica;
use athenz_zts::certificates::cleaning::Cleaning;
use athenz_zts::config::ReplicationConfig;
use athenz_zts::providers::remote::CallProvider;
use athenz_zts::signing::Signers;
use athenz_zts::source::{DiskStore, Poller};
use tokio_util::sync::CancellationToken;

use super::listen::{self, Bound};
use super::logging;
use super::polling::poller;
use super::providers;
use super::pruning::Pruning;
use super::readiness;
use super::servers::{Issuer, Surroundings, ZmsSettings, ZtsSettings, start_zms, start_zts, system_service};
use super::settings::{
    IssuerTable, ServerFile, SourceTable, ZmsFile, ZtsFile, check_identity, key_ring, read_private_key,
    read_public_key,
};

/// The pause between two looks while nothing is held yet.
const FIRST_LOOKS: Duration = Duration::from_secs(2);

/// Runs a ZMS until SIGTERM or Ctrl-C.
pub(super) async fn zms(file: ZmsFile) -> anyhow::Result<()> {
    logging::start(file.log);
    let stop = shutdown::on_signals()?;
    let front = Front::open(file.server.clone(), &stop).await?;
    let ready = front.health.part("store");
    let retention = file.store.log_retention()?;
    let store = open_store(&file).await?;
    let pruning = Pruning::new(Arc::clone(&store), Arc::clone(&front.clock), retention);
    pruning.register(&front.metrics);
    let clock = &*front.clock;
    let running = start_zms(ZmsSettings {
        key: active_key(&file, clock)?,
        services: services(&file, clock)?,
        store: Arc::clone(&store),
        open_paths: file.open_paths,
        config: file.zms,
        surroundings: front.surroundings(),
    });
    let running = running.await.context("ZMS does not start")?;
    ready.ready();
    tokio::spawn(readiness::follow(store, ready, stop.clone()));
    tokio::spawn(pruning.run(stop.clone()));
    front.serve(running.router, stop).await
}

/// The store of a configuration file.
pub(super) async fn open_store(file: &ZmsFile) -> anyhow::Result<Arc<Store>> {
    let config = file.store.config()?;
    let store =
        Store::open(&config).await.with_context(|| format!("cannot open the store {:?}", config.url))?;
    Ok(Arc::new(store))
}

/// The key that a ZMS signs with.
pub(super) fn active_key(file: &ZmsFile, clock: &dyn Clock) -> anyhow::Result<SigningKey> {
    Ok(key_ring(&file.keys, clock.now())?.active().clone())
}

/// The services of the system that a configuration file names: ZTS, and ZMS with every key that
/// verifiers must know, before it signs and after.
pub(super) fn services(file: &ZmsFile, clock: &dyn Clock) -> anyhow::Result<Vec<SystemService>> {
    let ring = key_ring(&file.keys, clock.now())?;
    let of_zms = |key: &RingKey| system_service("zms", key.id.as_str(), &key.public, "");
    let mut services: Vec<SystemService> = ring.published().iter().map(of_zms).collect();
    if let Some(zts) = &file.zts_service {
        let key = read_public_key(&zts.public_key).context("[zts_service]")?;
        services.push(system_service("zts", &zts.key_id, &key, &zts.provider_endpoint));
    }
    Ok(services)
}

/// Runs a ZTS until SIGTERM or Ctrl-C.
pub(super) async fn zts(file: ZtsFile) -> anyhow::Result<()> {
    logging::start(file.log);
    let stop = shutdown::on_signals()?;
    let front = Front::open(file.server.clone(), &stop).await?;
    let ready = front.health.part("domains");
    let client = zms_client(&file.source, &front.clock)?;
    let replication = file.zts.replication.clone();
    check_max_age(&replication)?;
    let disk = replication.data_dir.as_ref().map(DiskStore::open).transpose();
    let issuer = match &file.issuer {
        Some(table) => Some(issuer(table, &file.source, &front.clock).await.context("[issuer]")?),
        None => None,
    };
    let running = start_zts(ZtsSettings {
        users: file.users.domains()?,
        signers: signers(&file, &*front.clock)?,
        issuer,
        disk: disk.context("[zts.replication] data_dir")?,
        open_paths: file.open_paths,
        config: file.zts,
        surroundings: front.surroundings(),
    })
    .context("ZTS does not start")?;
    let state = Arc::clone(&running.state);
    front.health.watch("replica", move || state.staleness());
    let keys = trusted_keys(running.state.zms_keys())?;
    let poller = poller(client, keys, &replication, &running.replica);
    let period = Duration::from_secs(u64::try_from(replication.update_interval).unwrap_or(60).max(1));
    tokio::spawn(follow(poller, Arc::clone(&running.replica), period, ready, stop.clone()));
    tokio::spawn(Cleaning::new(Arc::clone(&running.state)).run(stop.clone().cancelled_owned()));
    front.serve(running.router, stop).await
}

/// Without keys of ZMS no document could be believed.
fn trusted_keys<K>(keys: &[K]) -> anyhow::Result<&[K]> {
    if keys.is_empty() {
        bail!("[zts] zms_public_keys: name at least one public key of ZMS, with `id` and `pem`");
    }
    Ok(keys)
}

fn check_max_age(replication: &ReplicationConfig) -> anyhow::Result<()> {
    if !replication.max_age_is_possible() {
        bail!(
            "[zts.replication] max_age: {} seconds are less than two times update_interval ({})",
            replication.max_age.unwrap_or_default(),
            replication.update_interval
        );
    }
    Ok(())
}

fn signers(file: &ZtsFile, clock: &dyn Clock) -> anyhow::Result<Signers> {
    let main = key_ring(&file.keys, clock.now())?;
    let rsa = (!file.rsa_keys.is_empty()).then(|| key_ring(&file.rsa_keys, clock.now())).transpose();
    Ok(Signers::new(main, rsa.context("rsa_keys")?))
}

fn authority(table: &IssuerTable) -> anyhow::Result<(Authority, String)> {
    let chain = read_certificates(&table.certificate)?;
    let pem: String = chain.iter().map(Certificate::to_pem).collect();
    let certificate = chain.into_iter().next().context("no certificate")?;
    let key = SigningKey::in_process("issuer".parse()?, read_private_key(&table.key)?);
    Ok((Authority::new(certificate, key)?, pem))
}

async fn issuer(table: &IssuerTable, source: &SourceTable, clock: &Arc<dyn Clock>) -> anyhow::Result<Issuer> {
    let (authority, pem) = authority(table)?;
    let config = table.records_config()?;
    let records = CertificateRecords::open(&config, Limits::default()).await;
    let records = records.with_context(|| format!("cannot open the records {:?}", config.url))?;
    let providers = providers(table, source, clock)?;
    Ok(Issuer { authority, chain: Some(pem), records, providers })
}

fn providers(
    table: &IssuerTable,
    source: &SourceTable,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Option<Box<dyn CallProvider>>> {
    let Some(table) = &table.providers else { return Ok(None) };
    let providers = providers::configured(table, source, clock).context("[issuer.providers]")?;
    Ok(Some(Box::new(providers)))
}

fn zms_client(source: &SourceTable, clock: &Arc<dyn Clock>) -> anyhow::Result<ZmsClient> {
    let trust = match &source.authorities {
        Some(path) => Trust::from_file(path).context("[source] authorities")?,
        None => Trust::System,
    };
    let identity = Identity::from_files(&source.certificate, &source.key, Arc::clone(clock));
    let http = HttpClient::new(HttpOptions {
        egress: Egress::nothing().with_server_url(&source.url).context("[source] url")?,
        trust,
        identity: Some(identity.context("[source]")?),
        limits: CallLimits::of_replication(),
        clock: Arc::clone(clock),
        ..HttpOptions::default()
    });
    ZmsClient::new(http.context("[source]")?, &source.url).context("[source] url")
}

/// Follows ZMS until `stop`. What is held stays in use while ZMS is away.
async fn follow(
    mut poller: Poller<ZmsClient>,
    replica: Arc<Replica>,
    period: Duration,
    part: HealthPart,
    stop: CancellationToken,
) {
    loop {
        let step = stop.run_until_cancelled(poller.step()).await;
        let holds_something = replica.index().domain_names().next().is_some();
        match step {
            None => return,
            Some(Err(error)) if holds_something => {
                tracing::warn!(%error, "replication from ZMS failed; serving what is held");
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "nothing is replicated from ZMS yet");
                part.waiting(error.to_string());
            }
            Some(Ok(())) => {}
        }
        if holds_something {
            part.ready();
        }
        let pause = if holds_something { period } else { FIRST_LOOKS.min(period) };
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

/// What both servers have around their operations.
struct Front {
    settings: ServerSettings,
    bound: Bound,
    operator: Option<Bound>,
    log: Option<AccessLog>,
    metrics: Arc<Metrics>,
    health: Health,
    clock: Arc<dyn Clock>,
    tls: Arc<athenz_crypto::tls::ReloadableServerTls>,
}

impl Front {
    /// Takes the addresses and reads the TLS files.
    async fn open(settings: ServerSettings, stop: &CancellationToken) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let take = |key: &'static str, address: SocketAddr| async move {
            Bound::take(key, &address.to_string()).await
        };
        let bound = take("[server] address", settings.address).await?;
        let operator = match settings.operator_address {
            Some(address) => Some(take("[server] operator_address", address).await?),
            None => None,
        };
        let tls = listen::tls(settings.tls_files(), Arc::clone(&clock), settings.reload.0, stop)?;
        let log = settings.open_access_log().context("[server] access_log")?;
        let (metrics, health) = (Arc::new(Metrics::new()), Health::new());
        Ok(Self { settings, bound, operator, log, metrics, health, clock, tls })
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            clock: Arc::clone(&self.clock),
            metrics: Arc::clone(&self.metrics),
            access_log: self.log.clone(),
            limits: self.settings.limits.requests(),
            proxies: self.settings.proxies(),
            operator: None,
        }
    }

    fn operator_router(&self) -> anyhow::Result<Arc<Router>> {
        let state = OperatorState { health: self.health.clone(), metrics: Arc::clone(&self.metrics) };
        Ok(Arc::new(
            Router::builder(Arc::clone(&self.clock)).mount(operations::mount(Arc::new(state))).build()?,
        ))
    }

    /// Serves until `stop`, then lets running requests end.
    async fn serve(self, router: Arc<Router>, stop: CancellationToken) -> anyhow::Result<()> {
        let limits = self.settings.limits.listener();
        let operator_router = self.operator_router()?;
        // readiness is asked for until the last request has ended
        let drained = CancellationToken::new();
        let operator = self.operator.map(|bound| {
            tokio::spawn(bound.serve(operator_router, Arc::clone(&self.tls), limits.clone(), drained.clone()))
        });
        tracing::info!(url = self.bound.url(), "answering");
        let health = self.health.clone();
        let draining = stop.clone();
        tokio::spawn(async move {
            draining.cancelled().await;
            health.drain();
        });
        self.bound.serve(router, self.tls, limits, stop).await;
        drained.cancel();
        if let Some(operator) = operator {
            operator.await?;
        }
        if let Some(log) = self.log {
            log.flush();
        }
        Ok(())
    }
}

/// Checks everything of a file that can be checked without listening or opening a store.
pub(super) fn check(file: &ServerFile) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    match file {
        ServerFile::Zms(file) => {
            check_server(&file.server, &file.open_paths)?;
            file.store.config()?;
            file.store.log_retention()?;
            active_key(file, &*clock)?;
            services(file, &*clock)?;
            check_place("[store] url", &file.store.store_url()?)?;
            Rules::new(file.zms.clone())?;
        }
        ServerFile::Zts(file) => {
            check_server(&file.server, &file.open_paths)?;
            signers(file, &*clock)?;
            check_max_age(&file.zts.replication)?;
            file.users.domains()?;
            trusted_keys(&file.zts.zms_keys().context("[zts] zms_public_keys")?)?;
            check_identity(&file.source.certificate, &file.source.key).context("[source]")?;
            zms_client(&file.source, &clock)?;
            if let Some(table) = &file.issuer {
                authority(table).and_then(|_| table.records_config()).context("[issuer]")?;
                check_place("[issuer] records", &table.records_url()?)?;
                providers(table, &file.source, &clock)?;
            }
        }
    }
    Ok(())
}

fn check_server(server: &ServerSettings, open_paths: &[String]) -> anyhow::Result<()> {
    check_identity(&server.certificate, &server.key).context("[server]")?;
    if let Some(path) = &server.client_authorities {
        read_certificates(path).context("[server] client_authorities")?;
    }
    if let Some(path) = server.access_log.as_deref().filter(|path| path.as_os_str() != "-") {
        check_folder("[server] access_log", path)?;
    }
    // the kernel gives any free port for port 0
    if server.operator_address == Some(server.address) && server.address.port() != 0 {
        bail!("[server] operator_address: {} is the address of the server already", server.address);
    }
    OpenPaths::parse(open_paths).context("open_paths")?;
    Ok(())
}

fn check_place(key: &str, url: &StoreUrl) -> anyhow::Result<()> {
    match url {
        StoreUrl::Sqlite(path) => check_folder(key, path),
        StoreUrl::Postgres(_) => Ok(()),
    }
}

/// Files are made where they are missing, folders are not.
fn check_folder(key: &str, file: &Path) -> anyhow::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        bail!("{key}: there is no folder {}; make it, for the user of the server", folder.display());
    }
    Ok(())
}

//! `athenzd dev`: a whole Athenz on a laptop.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use athenz_crypto::ring::KeyRing;
use athenz_crypto::tls::{IdentityFiles, ServerTlsFiles};
use athenz_model::{Clock, SystemClock};
use athenz_serve::access_log::AccessLog;
use athenz_serve::health::Health;
use athenz_serve::listener::ListenerLimits;
use athenz_serve::shutdown;
use athenz_store::certificate_records::{CertificateRecords, Limits};
use athenz_store::{Store, StoreConfig, StoreUrl};
use athenz_zms::config::Rules;
use athenz_zts::certificates::cleaning::Cleaning;
use athenz_zts::providers::remote::CallProvider;
use athenz_zts::signing::Signers;
use athenz_zts::tokens::details::{Definition, Field};
use tokio_util::sync::CancellationToken;

use super::feed::Feed;
use super::home::{ADMIN, Addresses, LockedHome, Ready, ServerNames, StoreKind};
use super::listen::{self, Bound};
use super::logging::{self, Level, LogTable};
use super::providers;
use super::pruning::{Pruning, USUAL_RETENTION};
use super::readiness;
use super::servers::{
    Issuer, RunningZms, RunningZts, Surroundings, ZMS_OPEN_PATHS, ZTS_OPEN_PATHS, ZTS_PROVIDER, ZmsSettings,
    ZtsSettings, start_zms, start_zts, system_service,
};

/// How often certificates of the servers are looked at.
const RENEWAL: Duration = Duration::from_secs(6 * 3600);
/// How often TLS files are looked at.
const RELOAD: Duration = Duration::from_secs(10);
/// Connections to the store; each keeps a cache of its own.
const CONNECTIONS: usize = 4;

/// What can be chosen.
#[derive(Debug)]
pub(super) struct DevOptions {
    pub(super) home: PathBuf,
    pub(super) zms: String,
    pub(super) zts: String,
    pub(super) store: String,
}

/// The listeners, taken before anything is made.
struct Listeners {
    zms: Bound,
    zts: Bound,
}

impl Listeners {
    fn addresses(&self) -> Addresses {
        Addresses { zms: self.zms.url(), zts: self.zts.url() }
    }

    fn names(&self) -> ServerNames {
        ServerNames {
            hosts: [&self.zms, &self.zts]
                .iter()
                .filter_map(|bound| bound.host())
                .map(str::to_owned)
                .collect(),
            addresses: vec![self.zms.ip(), self.zts.ip()],
        }
    }
}

/// Runs until SIGTERM or Ctrl-C.
pub(super) async fn run(options: DevOptions) -> anyhow::Result<()> {
    logging::start(LogTable { level: Level::Warn, ..LogTable::default() });
    let stop = shutdown::on_signals()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let url = store_url(&options.store)?;
    let home = Arc::new(LockedHome::lock(&options.home)?);
    let listeners = Listeners {
        zms: Bound::take("--zms", &options.zms).await?,
        zts: Bound::take("--zts", &options.zts).await?,
    };
    let (addresses, names) = (listeners.addresses(), listeners.names());
    home.prepare(&names, &*clock)?;
    home.write_documents(&addresses)?;

    let log = AccessLog::file(&home.private_file(home.access_log())?)
        .with_context(|| format!("cannot write {}", home.access_log().display()))?;
    let health = Health::new();
    let store = open_store(&home, url.as_ref()).await?;
    let records = open_records(&home, url).await?;
    let around = surroundings(&clock, &log, &health);
    let pruning = Pruning::new(Arc::clone(&store), Arc::clone(&clock), USUAL_RETENTION);
    pruning.register(&around.metrics);
    let zms = zms(&home, &store, &around).await?;
    let zts = zts(&home, &addresses, records, &surroundings(&clock, &log, &health))?;
    let mut feed = Feed::new(Arc::clone(&zms.zms), Arc::clone(&zts.replica));
    feed.step().await;

    listen::check_answers(&zms.router, "/zms/v1/status").await?;
    listen::check_answers(&zts.router, "/zts/v1/status").await?;
    tokio::spawn(feed.run(Arc::clone(&store), stop.clone()));
    tokio::spawn(pruning.run(stop.clone()));
    let part = health.part("store");
    part.ready();
    tokio::spawn(readiness::follow(Arc::clone(&store), part, stop.clone()));
    tokio::spawn(Cleaning::new(Arc::clone(&zts.state)).run(stop.clone().cancelled_owned()));
    tokio::spawn(renew(Arc::clone(&home), names, Arc::clone(&clock), stop.clone()));
    let serving = serve(&home, listeners, (&zms, &zts), &clock, &stop)?;
    let ready = home.write_ready(&Ready {
        zms: addresses.zms.clone(),
        zts: addresses.zts.clone(),
        pid: std::process::id(),
    })?;
    greet(&home, &addresses)?;
    stop.cancelled().await;
    health.drain();
    drop(ready);
    serving.await;
    log.flush();
    Ok(())
}

fn store_url(text: &str) -> anyhow::Result<Option<StoreUrl>> {
    if text == "sqlite" {
        return Ok(None);
    }
    match text.parse() {
        Ok(url @ StoreUrl::Postgres(_)) => Ok(Some(url)),
        _ => bail!("--store is `sqlite` or postgres://USER:PASSWORD@HOST/DATABASE"),
    }
}

async fn open_store(home: &LockedHome, url: Option<&StoreUrl>) -> anyhow::Result<Arc<Store>> {
    let kind = if url.is_some() { StoreKind::Postgres } else { StoreKind::Embedded };
    home.check_store(kind)?;
    let url = url.cloned().unwrap_or_else(|| StoreUrl::Sqlite(home.zms_database()));
    let config = StoreConfig { connections: CONNECTIONS, ..StoreConfig::new(url) };
    let store = Store::open(&config).await.with_context(|| {
        format!("cannot open the store {:?}; check that it is there and what --store says", config.url)
    })?;
    home.keeps_store(kind)?;
    Ok(Arc::new(store))
}

/// Certificate records: beside what ZMS knows, on connections of their own.
async fn open_records(home: &LockedHome, url: Option<StoreUrl>) -> anyhow::Result<CertificateRecords> {
    let url = match url {
        Some(url) => url,
        None => StoreUrl::Sqlite(home.private_file(home.certificate_database())?),
    };
    let config = StoreConfig { connections: CONNECTIONS, ..StoreConfig::new(url) };
    let records = CertificateRecords::open(&config, Limits::default()).await;
    records.with_context(|| format!("cannot open the certificate records {:?}", config.url))
}

fn surroundings(clock: &Arc<dyn Clock>, log: &AccessLog, health: &Health) -> Surroundings {
    let mut surroundings = Surroundings::new(Arc::clone(clock));
    surroundings.access_log = Some(log.clone());
    surroundings.operator = Some(health.clone());
    surroundings
}

fn texts(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

/// The ZMS of a development world.
fn zms_config() -> athenz_zms::Config {
    athenz_zms::Config { domain_admin: vec![ADMIN.to_owned()], ..athenz_zms::Config::default() }
}

async fn zms(home: &LockedHome, store: &Arc<Store>, around: &Surroundings) -> anyhow::Result<RunningZms> {
    let zts_key = home.signing_key("zts")?;
    let zts = system_service("zts", zts_key.id().as_str(), zts_key.public_key(), ZTS_PROVIDER);
    let running = start_zms(ZmsSettings {
        config: zms_config(),
        store: Arc::clone(store),
        key: home.signing_key("zms")?,
        services: vec![zts],
        open_paths: texts(&ZMS_OPEN_PATHS),
        surroundings: around.clone(),
    });
    running.await.context("ZMS does not start")
}

/// The ZTS of a development world.
fn zts_config(url: &str) -> athenz_zts::Config {
    let mut config =
        athenz_zts::Config { url: Some(format!("{url}/zts/v1")), ..athenz_zts::Config::default() };
    // signed policies as every client has met them so far: without versions and ids
    config.policies.details = false;
    config.tokens.system_authorization_details = vec![Definition {
        kind: "proxy_access".to_owned(),
        fields: vec![Field { name: "principal".to_owned(), optional: true }],
    }];
    config
}

fn zts(
    home: &LockedHome,
    addresses: &Addresses,
    records: CertificateRecords,
    around: &Surroundings,
) -> anyhow::Result<RunningZts> {
    let ring = KeyRing::single(home.signing_key("zts")?, around.clock.now());
    let providers = Some(Box::new(providers::of_home(home, &around.clock)?) as Box<dyn CallProvider>);
    let running = start_zts(ZtsSettings {
        config: zts_config(&addresses.zts),
        users: Rules::new(zms_config())?.users,
        signers: Signers::new(ring, None),
        issuer: Some(Issuer { authority: home.issuer()?, chain: None, records, providers }),
        disk: None,
        open_paths: texts(&ZTS_OPEN_PATHS),
        surroundings: around.clone(),
    });
    running.context("ZTS does not start")
}

/// Starts both listeners. The future ends when the last connection of both is gone.
fn serve(
    home: &LockedHome,
    listeners: Listeners,
    (zms, zts): (&RunningZms, &RunningZts),
    clock: &Arc<dyn Clock>,
    stop: &CancellationToken,
) -> anyhow::Result<impl Future<Output = ()>> {
    let tls = |server: &str| {
        let identity = IdentityFiles {
            certificate: home.pki(&format!("{server}.crt")),
            key: home.pki(&format!("{server}.key")),
        };
        let files = ServerTlsFiles { identity, client_authorities: Some(home.pki("clients.crt")) };
        listen::tls(files, Arc::clone(clock), RELOAD, stop)
    };
    // people press Ctrl-C and wait
    let limits = ListenerLimits { drain: Duration::from_secs(5), ..ListenerLimits::default() };
    let zms = listeners.zms.serve(Arc::clone(&zms.router), tls("zms")?, limits.clone(), stop.clone());
    let zts = listeners.zts.serve(Arc::clone(&zts.router), tls("zts")?, limits, stop.clone());
    let (zms, zts) = (tokio::spawn(zms), tokio::spawn(zts));
    Ok(async {
        // a listener that panicked has nothing left to wait for
        let _ = tokio::join!(zms, zts);
    })
}

/// Makes certificates of the servers anew before they end; the listeners follow the files.
async fn renew(home: Arc<LockedHome>, names: ServerNames, clock: Arc<dyn Clock>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(RENEWAL)).await.is_some() {
        let (home, names, clock) = (Arc::clone(&home), names.clone(), Arc::clone(&clock));
        match tokio::task::spawn_blocking(move || home.prepare(&names, &*clock)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!("certificates cannot be made anew: {error:#}"),
            Err(error) => tracing::error!(%error, "certificates cannot be made anew"),
        }
    }
}

fn greet(home: &LockedHome, addresses: &Addresses) -> anyhow::Result<()> {
    let root = home.root().display();
    let Addresses { zms, zts } = addresses;
    let athenz = client_command();
    let text = format!(
        "Athenz is running, with {ADMIN} as its administrator.\n  \
           ZMS   {zms}/zms/v1\n  ZTS   {zts}/zts/v1\n  home  {root}\n\n\
         Try next:\n  \
           {athenz} --home {root} domain create hello\n  \
           {athenz} --home {root} role create hello reader --member user.jane\n  \
           zms-cli -z {zms}/zms/v1 -c {root}/pki/ca.crt -cert {root}/pki/{ADMIN}.crt -key {root}/pki/{ADMIN}.key show-domain hello\n\n\
         Ctrl-C stops it; the same command goes on with what is there.\n"
    );
    let mut out = std::io::stdout().lock();
    // nobody may be reading, and the servers run all the same
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    Ok(())
}

/// The command that stands beside this program, so that it can be copied and run from anywhere.
fn client_command() -> String {
    let beside = std::env::current_exe().ok().map(|program| program.with_file_name("athenz"));
    beside
        .filter(|path| path.is_file())
        .map_or_else(|| "athenz".to_owned(), |path| path.display().to_string())
}

//! What an operator does beside the running server: backups, and the way back in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use athenz_crypto::ring::SigningKey;
use athenz_model::{Clock, SystemClock};
use athenz_store::{Store, StoreConfig, StoreError, StoreUrl};
use athenz_zms::SystemService;

use super::home::{ADMIN, Home};
use super::output::say;
use super::servers::{Surroundings, ZmsSettings, start_zms};
use super::settings::ServerFile;
use super::standalone::{active_key, open_store, services};

/// Which store is meant.
#[derive(Debug)]
pub(super) enum Place {
    /// Of a development world.
    Home(Home),
    /// Of a server alone.
    Server(ServerFile),
}

/// Copies an embedded store while it is in use.
pub(super) async fn backup(place: Place, certificates: bool, out: PathBuf) -> anyhow::Result<()> {
    let from = match &place {
        Place::Home(home) => {
            let path = if certificates { home.certificate_database() } else { home.zms_database() };
            if path.exists() { path } else { return Err(in_postgres()) }
        }
        Place::Server(ServerFile::Zms(file)) => file_of(file.store.store_url()?)?,
        Place::Server(ServerFile::Zts(file)) => {
            let issuer = file.issuer.as_ref().context("a ZTS without [issuer] keeps nothing to back up")?;
            file_of(issuer.records_url().context("[issuer]")?)?
        }
    };
    athenz_store::backup_file(&from, &out)
        .await
        .with_context(|| format!("cannot copy {} to {}", from.display(), out.display()))?;
    say(&format!("{} is a complete copy of {}\n", out.display(), from.display()))
}

fn file_of(url: StoreUrl) -> anyhow::Result<PathBuf> {
    match url {
        StoreUrl::Sqlite(path) => Ok(path),
        StoreUrl::Postgres(_) => Err(in_postgres()),
    }
}

fn in_postgres() -> anyhow::Error {
    anyhow!("what is in PostgreSQL is backed up with the tools of PostgreSQL, for example pg_dump")
}

/// Makes somebody a system administrator, by the command that does it for clients. The server must
/// be stopped: an embedded store has one owner.
pub(super) async fn grant(place: Place, user: String) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let parts = match place {
        Place::Home(home) => of_home(&home).await,
        Place::Server(ServerFile::Zms(file)) => {
            let parts = ZmsParts {
                key: active_key(&file, &*clock)?,
                services: services(&file)?,
                store: open_store(&file).await.map_err(stop_first)?,
                config: file.zms,
            };
            Ok(parts)
        }
        Place::Server(ServerFile::Zts(_)) => {
            bail!("administrators are members of a role in ZMS: name its file")
        }
    }?;
    let running = start_zms(ZmsSettings {
        config: parts.config,
        store: parts.store,
        key: parts.key,
        services: parts.services,
        open_paths: Vec::new(),
        surroundings: Surroundings::new(clock),
    });
    let running = running.await.context("ZMS does not start")?;
    let granted = running.zms.appoint_administrator(&user).await;
    granted.map_err(|error| anyhow!("{user} cannot be made an administrator: {}", error.message))?;
    say(&format!("{user} is a member of sys.auth:role.admin\n"))
}

struct ZmsParts {
    config: athenz_zms::Config,
    key: SigningKey,
    services: Vec<SystemService>,
    store: Arc<Store>,
}

async fn of_home(home: &Home) -> anyhow::Result<ZmsParts> {
    let path = home.zms_database();
    if !path.exists() {
        bail!("{} keeps what ZMS knows in PostgreSQL: write a file for `--config`", home.root().display());
    }
    Ok(ZmsParts {
        config: athenz_zms::Config { domain_admin: vec![ADMIN.to_owned()], ..athenz_zms::Config::default() },
        key: home.signing_key("zms")?,
        services: Vec::new(),
        store: open(&path).await.map_err(stop_first)?,
    })
}

async fn open(path: &Path) -> anyhow::Result<Arc<Store>> {
    let config = StoreConfig { connections: 1, ..StoreConfig::new(StoreUrl::Sqlite(path.to_owned())) };
    Ok(Arc::new(Store::open(&config).await?))
}

fn stop_first(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<StoreError>() {
        Some(StoreError::InUse { .. }) => error.context("stop the server first"),
        _ => error,
    }
}

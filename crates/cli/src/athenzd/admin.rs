//! What an operator does beside the running server: backups, and the way back in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use athenz_crypto::ring::SigningKey;
use athenz_model::{Clock, SystemClock};
use athenz_store::{Restored, Store, StoreConfig, StoreError, StoreUrl};
use athenz_zms::SystemService;

use super::home::{ADMIN, Home, StoreKind};
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
            home.check_store(StoreKind::Embedded)?;
            if certificates { home.certificate_database() } else { home.zms_database() }
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

/// Puts a backup in the place of the embedded store of a ZMS that is stopped.
pub(super) async fn restore(place: Place, backup: PathBuf) -> anyhow::Result<()> {
    let store = match &place {
        Place::Home(home) => home.zms_database(),
        Place::Server(ServerFile::Zms(file)) => match file.store.store_url()? {
            StoreUrl::Sqlite(path) => path,
            StoreUrl::Postgres(_) => {
                bail!(
                    "a store in PostgreSQL is brought back with the tools of PostgreSQL, as the README says"
                )
            }
        },
        Place::Server(ServerFile::Zts(_)) => {
            bail!("what is brought back is the store of a ZMS: name its file")
        }
    };
    let restored = athenz_store::restore_file(&backup, &store, SystemClock.now()).await;
    let Restored { kept, head } = restored
        .map_err(|error| stop_first(error.into()))
        .with_context(|| format!("cannot bring {} back", store.display()))?;
    let kept = kept.map(|kept| format!("\nwhat was there before is kept as {}", kept.display()));
    say(&format!(
        "{} holds what {} held, as epoch {}{}\n",
        store.display(),
        backup.display(),
        head.epoch.0,
        kept.unwrap_or_default()
    ))
}

/// Makes somebody a system administrator, by the command that does it for clients. The server must
/// be stopped: an embedded store has one owner.
pub(super) async fn grant(place: Place, user: String) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let parts = match place {
        Place::Home(home) => of_home(&home).await,
        Place::Server(ServerFile::Zms(file)) => {
            check_there(&file.store.store_url()?)?;
            let parts = ZmsParts {
                key: active_key(&file, &*clock)?,
                services: services(&file, &*clock)?,
                store: open_store(&file).await.map_err(stop_first)?,
                config: file.zms,
            };
            Ok(parts)
        }
        Place::Server(ServerFile::Zts(_)) => {
            bail!("administrators are members of a role in ZMS: name its file")
        }
    }?;
    // nobody is to be made an administrator of a world that a slip of the pen makes
    if parts.store.head().await?.sequence.0 == 0 {
        bail!("the store is empty; check [store] url: the server fills it at its first start");
    }
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
    home.check_store(StoreKind::Embedded)?;
    let path = home.zms_database();
    check_there(&StoreUrl::Sqlite(path.clone()))?;
    Ok(ZmsParts {
        config: athenz_zms::Config { domain_admin: vec![ADMIN.to_owned()], ..athenz_zms::Config::default() },
        key: home.signing_key("zms")?,
        services: Vec::new(),
        store: open(&path).await.map_err(stop_first)?,
    })
}

/// A file that is not there would be made, and be another world.
fn check_there(url: &StoreUrl) -> anyhow::Result<()> {
    match url {
        StoreUrl::Sqlite(path) if !path.exists() => bail!(
            "there is no store {}; check [store] url: the server makes it at its first start",
            path.display()
        ),
        _ => Ok(()),
    }
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

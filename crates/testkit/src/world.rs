//! The servers and what they stand on.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use athenz_cli::athenzd::servers::{
    Issuer, RunningZms, RunningZts, Surroundings, ZMS_OPEN_PATHS, ZTS_OPEN_PATHS, ZTS_PROVIDER, ZmsSettings,
    ZtsSettings, start_zms, start_zts, system_service,
};
use athenz_conformance::{
    Addresses, Answer, Exchange, Json, Player, Scope, Server, Style, TestAuthority, Transport,
    TransportError, Values,
};
use athenz_crypto::keys::{Curve, PrivateKey, PublicKey};
use athenz_crypto::random::SystemRandom;
use athenz_crypto::ring::{KeyRing, SigningKey};
use athenz_crypto::x509::{Authority, Subject};
use athenz_model::{Clock, SystemClock};
use athenz_serve::limits::RequestLimits;
use athenz_store::certificate_records::{CertificateRecords, Limits};
use athenz_store::testing::PostgresServer;
use athenz_store::{FaultPoints, Store, StoreConfig, StoreUrl};
use athenz_zms::config::Rules;
use athenz_zts::signing::Signers;
use athenz_zts::tokens::details::{Definition, Field};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::follower::{Follower, InProcessZms};
use crate::transport::exchange_with;

/// Where ZMS would be reached.
pub const ZMS_URL: &str = "https://localhost:4443/zms/v1";
/// Where ZTS would be reached; both issuers of its tokens.
pub const ZTS_URL: &str = "https://localhost:8443/zts/v1";

pub(crate) const ADMIN: &str = "user.admin";
const AUTHORITY_DAYS: i64 = 3_650;

/// Which store ZMS is on, and certificate records beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// An SQLite file of its own.
    Sqlite,
    /// An empty database of the PostgreSQL server that the tests of a binary share.
    Postgres,
}

/// How ZTS hears of what happens in ZMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replication {
    /// From ZMS in the same process.
    Channel,
    /// By Athenz's polling: the answers of ZMS as they are on the wire, signatures verified.
    Polling,
}

/// The four ways to run Athenz.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Which store.
    pub store: StoreKind,
    /// Which replication.
    pub replication: Replication,
}

/// What a world is made of.
#[derive(Debug)]
pub struct WorldSettings {
    /// The shape.
    pub shape: Shape,
    /// The clock of both servers and of the test authority.
    pub clock: Arc<dyn Clock>,
    /// A store of the test's own, instead of a new one of the shape's kind.
    pub store: Option<StoreUrl>,
    /// Certificate records of the test's own, instead of new ones beside the store.
    pub records: Option<StoreUrl>,
    /// Where the store of ZMS fails.
    pub faults: FaultPoints,
    /// Limits of each request.
    pub limits: RequestLimits,
    /// The `[zms]` settings.
    pub zms: athenz_zms::Config,
    /// The `[zts]` settings.
    pub zts: athenz_zts::Config,
}

impl WorldSettings {
    /// The world of the recordings, in this shape.
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            clock: Arc::new(SystemClock),
            store: None,
            records: None,
            faults: FaultPoints::default(),
            limits: RequestLimits::default(),
            zms: athenz_zms::Config { domain_admin: vec![ADMIN.to_owned()], ..athenz_zms::Config::default() },
            zts: zts_config(),
        }
    }
}

fn zts_config() -> athenz_zts::Config {
    let mut config = athenz_zts::Config { url: Some(ZTS_URL.to_owned()), ..athenz_zts::Config::default() };
    // the reference was behind legacy replication: signed policies without versions and ids
    config.policies.details = false;
    config.tokens.system_authorization_details = vec![Definition {
        kind: "proxy_access".to_owned(),
        fields: vec![Field { name: "principal".to_owned(), optional: true }],
    }];
    // whoever settles wants everything, whenever that is
    config.replication.update_interval = 0;
    config.replication.delete_interval = 0;
    config
}

/// A ZMS and a ZTS that answer in this process.
#[derive(Debug)]
pub struct TestWorld {
    /// ZMS and its router.
    pub zms: RunningZms,
    /// ZTS, its replica and its router.
    pub zts: RunningZts,
    /// The store of ZMS.
    pub store: Arc<Store>,
    /// Issues client certificates that the servers believe.
    pub authority: Arc<TestAuthority>,
    /// The clock of everything here.
    pub clock: Arc<dyn Clock>,
    follower: Mutex<Follower>,
    _folder: TempDir,
}

impl TestWorld {
    /// Starts the world of the recordings in this shape, on the clock of the machine.
    pub async fn start(shape: Shape) -> Self {
        Self::start_with(WorldSettings::new(shape)).await
    }

    /// Starts a world; ZTS knows what ZMS has at its start.
    ///
    /// # Panics
    /// A part does not start; the text says why.
    pub async fn start_with(settings: WorldSettings) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let clock = settings.clock;
        let mut around = Surroundings::new(Arc::clone(&clock));
        around.limits = settings.limits;
        let authority =
            Arc::new(TestAuthority::make(Arc::clone(&clock)).expect("a test authority can be made"));
        let url = match settings.store {
            Some(url) => url,
            None => new_store(settings.shape.store, folder.path()).await,
        };
        let records = settings.records.unwrap_or_else(|| match &url {
            StoreUrl::Sqlite(_) => StoreUrl::Sqlite(folder.path().join("certificates.db")),
            StoreUrl::Postgres(_) => url.clone(),
        });
        let config = StoreConfig { faults: settings.faults, ..StoreConfig::new(url) };
        let store = Arc::new(Store::open(&config).await.expect("the store opens"));
        let (zms_key, zts_key) = server_keys();
        let zms_public = zms_key.public_key().clone();
        let zms_config = settings.zms.clone();
        let users = Rules::new(settings.zms).expect("the settings of ZMS are right").users;
        let zms = start_zms(ZmsSettings {
            config: zms_config,
            store: Arc::clone(&store),
            key: zms_key,
            services: vec![system_service("zts", "0", zts_key.public_key(), ZTS_PROVIDER)],
            open_paths: ZMS_OPEN_PATHS.map(str::to_owned).to_vec(),
            surroundings: around.clone(),
        });
        let zms = zms.await.expect("ZMS starts");
        let replication = settings.zts.replication.clone();
        let zts = start_zts(ZtsSettings {
            config: settings.zts,
            users,
            signers: Signers::new(KeyRing::single(zts_key, clock.now()), None),
            issuer: Some(issuer(records, &*clock).await),
            disk: None,
            open_paths: ZTS_OPEN_PATHS.map(str::to_owned).to_vec(),
            surroundings: around,
        })
        .expect("ZTS starts");
        let follower = follower(settings.shape.replication, &zms, &zts, &authority, zms_public, &replication);
        let world =
            Self { zms, zts, store, authority, clock, follower: Mutex::new(follower), _folder: folder };
        world.settle().await;
        world
    }

    /// Lets ZTS catch up with everything that ZMS has answered so far.
    ///
    /// # Panics
    /// ZMS does not tell what has changed.
    pub async fn settle(&self) {
        self.follower.lock().await.step().await;
    }

    /// A value of a request with everything filled in that recordings can ask for, such as
    /// `{"$csr": {…}}`, `{"$ntoken": {…}}` and `${pubkey:NAME}`; keys are kept by their names.
    ///
    /// # Panics
    /// The value asks for what cannot be made.
    pub fn filled(&self, value: &Value) -> Value {
        let given = Json::parse(value.to_string().as_bytes()).expect("JSON");
        let mut scope = Scope::default();
        let mut values = Values { authority: &self.authority, clock: self.clock.as_ref(), scope: &mut scope };
        let filled = values.expand(&given).expect("a value that can be made").write(Style::Spaced);
        serde_json::from_str(&filled).expect("JSON")
    }

    /// Plays recordings against this world.
    pub fn player(self: &Arc<Self>) -> Player<Arc<Self>> {
        let addresses = Addresses { zms: ZMS_URL.to_owned(), zts: ZTS_URL.to_owned(), others: Vec::new() };
        Player::new(Arc::clone(self), Arc::clone(&self.authority), Arc::clone(&self.clock), addresses)
    }
}

impl Transport for TestWorld {
    async fn send(&self, exchange: Exchange) -> Result<Answer, TransportError> {
        let router = match exchange.to {
            Server::Zms => &self.zms.router,
            Server::Zts => &self.zts.router,
        };
        exchange_with(router, exchange).await
    }

    /// Afterwards ZTS knows everything, so nothing more can change.
    async fn settle(&self) -> bool {
        Self::settle(self).await;
        false
    }
}

async fn new_store(kind: StoreKind, folder: &Path) -> StoreUrl {
    match kind {
        StoreKind::Sqlite => StoreUrl::Sqlite(folder.join("zms.db")),
        StoreKind::Postgres => {
            let server = tokio::task::spawn_blocking(PostgresServer::shared).await.expect("a server");
            StoreUrl::Postgres(server.database().await)
        }
    }
}

/// Keys of ZMS and ZTS, the same for all worlds of a process: some share a store, in which they are
/// registered.
fn server_keys() -> (SigningKey, SigningKey) {
    static KEYS: OnceLock<(SigningKey, SigningKey)> = OnceLock::new();
    KEYS.get_or_init(|| (new_key("0"), new_key("0"))).clone()
}

fn new_key(id: &str) -> SigningKey {
    let key = PrivateKey::generate_ec(Curve::P256).expect("the system has randomness");
    SigningKey::in_process(id.parse().expect("a key id"), key)
}

async fn issuer(records: StoreUrl, clock: &dyn Clock) -> Issuer {
    let name = Subject::common_name("Athenz test ZTS");
    let from = clock.now().plus_minutes(-60);
    let authority = Authority::self_signed(new_key("ca"), &name, from, AUTHORITY_DAYS, &SystemRandom);
    let records = CertificateRecords::open(&StoreConfig::new(records), Limits::default()).await;
    Issuer {
        authority: authority.expect("an authority can be made"),
        chain: None,
        records: records.expect("certificate records open"),
        providers: None,
    }
}

fn follower(
    replication: Replication,
    zms: &RunningZms,
    zts: &RunningZts,
    authority: &TestAuthority,
    zms_key: PublicKey,
    config: &athenz_zts::config::ReplicationConfig,
) -> Follower {
    match replication {
        Replication::Channel => Follower::channel(zms, zts),
        Replication::Polling => {
            let zts_itself = authority.client("sys.auth.zts").expect("a client certificate can be made");
            let client = InProcessZms::new(Arc::clone(&zms.router), zts_itself);
            Follower::polling(client, zms_key, config, zts)
        }
    }
}

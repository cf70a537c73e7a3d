//! ZMS and ZTS with their routers. No sockets, no files: the same code runs behind a listener and
//! in a test with a clock that stands still.

use std::sync::Arc;

use athenz_crypto::keys::PublicKey;
use athenz_crypto::random::{Random, SystemRandom};
use athenz_crypto::ring::SigningKey;
use athenz_crypto::x509::Authority;
use athenz_model::Clock;
use athenz_model::names::UserDomains;
use athenz_serve::access_log::AccessLog;
use athenz_serve::caller::{
    Authenticator, Authority as CallerAuthority, CertificateAuthority, CertificateRules, OpenPaths,
    PrincipalTokenAuthority, PublicKeys, RoleTokenAuthority, TokenSettings, check_not_departed,
};
use athenz_serve::health::Health;
use athenz_serve::limits::RequestLimits;
use athenz_serve::metrics::Metrics;
use athenz_serve::operations::{self, OperatorState};
use athenz_serve::remote::TrustedProxies;
use athenz_serve::router::{Mount, RouterError};
use athenz_serve::{Router, caller};
use athenz_store::Store;
use athenz_store::certificate_records::CertificateRecords;
use athenz_zms::{Parts, SystemService, Zms};
use athenz_zts::certificates::Certificates;
use athenz_zts::certificates::signer::{BuiltInSigner, Maxima};
use athenz_zts::providers::remote::CallProvider;
use athenz_zts::signing::Signers;
use athenz_zts::source::DiskStore;
use athenz_zts::{Replica, State};

/// Paths of ZMS that need no credential, unless configured otherwise.
pub const ZMS_OPEN_PATHS: [&str; 2] = ["/zms/v1/status", "/zms/v1/schema"];

/// Paths of ZTS that need no credential, unless configured otherwise: an instance that registers
/// has none yet.
pub const ZTS_OPEN_PATHS: [&str; 3] = ["/zts/v1/status", "/zts/v1/schema", "/zts/v1/instance"];

/// What the endpoint of ZTS's own provider is called in ZMS.
pub const ZTS_PROVIDER: &str = "class://com.yahoo.athenz.instance.provider.impl.InstanceZTSProvider";

/// What surrounds the operations of a server.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where requests are logged.
    pub access_log: Option<AccessLog>,
    /// Limits of a request.
    pub limits: RequestLimits,
    /// Proxies that are believed.
    pub proxies: TrustedProxies,
    /// Puts `/livez`, `/readyz` and `/metrics` beside the operations.
    pub operator: Option<Health>,
}

impl Surroundings {
    /// Built-in limits, nothing logged, no operator's paths.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            metrics: Arc::new(Metrics::new()),
            access_log: None,
            limits: RequestLimits::default(),
            proxies: TrustedProxies::default(),
            operator: None,
        }
    }

    fn router<S: Send + Sync + 'static>(self, mount: Mount<S>) -> Result<Arc<Router>, RouterError> {
        let mut builder = Router::builder(self.clock)
            .metrics(Arc::clone(&self.metrics))
            .limits(self.limits)
            .proxies(self.proxies);
        if let Some(log) = self.access_log {
            log.register(&self.metrics);
            builder = builder.access_log(log);
        }
        builder = builder.mount(mount);
        if let Some(health) = self.operator {
            builder =
                builder.mount(operations::mount(Arc::new(OperatorState { health, metrics: self.metrics })));
        }
        builder.build().map(Arc::new)
    }
}

/// Why a server cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// ZMS does not start.
    #[error(transparent)]
    Zms(#[from] athenz_zms::StartError),
    /// A table of operations is wrong.
    #[error(transparent)]
    Router(#[from] RouterError),
    /// A list of open paths is wrong.
    #[error(transparent)]
    OpenPaths(#[from] caller::OpenPathError),
    /// A bundle of authorities cannot be used.
    #[error(transparent)]
    Bundle(#[from] athenz_zts::certificates::bundles::BundleError),
    /// A configured public key of ZMS is none.
    #[error("[zts] zms_public_keys: {0}")]
    ZmsKey(athenz_crypto::keys::KeyError),
}

/// What a ZMS is made of.
#[derive(Debug)]
pub struct ZmsSettings {
    /// The `[zms]` settings.
    pub config: athenz_zms::Config,
    /// The store, open.
    pub store: Arc<Store>,
    /// Signs documents and tokens.
    pub key: SigningKey,
    /// Services of the system that must exist beside ZMS's own.
    pub services: Vec<SystemService>,
    /// Paths that need no credential.
    pub open_paths: Vec<String>,
    /// What surrounds it.
    pub surroundings: Surroundings,
}

/// A ZMS that answers.
#[derive(Clone, Debug)]
pub struct RunningZms {
    /// The server.
    pub zms: Arc<Zms>,
    /// Takes requests to it.
    pub router: Arc<Router>,
}

/// Starts a ZMS: loads its world and makes what is missing of the first objects.
///
/// # Errors
/// A setting or the store cannot be used.
pub async fn start_zms(settings: ZmsSettings) -> Result<RunningZms, ServerError> {
    let user_domain = settings.config.user_domain.clone();
    let mut services = settings.services;
    services.insert(0, system_service("zms", settings.key.id().as_str(), settings.key.public_key(), ""));
    let zms = Zms::start(Parts {
        config: settings.config,
        store: settings.store,
        clock: Arc::clone(&settings.surroundings.clock),
        key: settings.key,
        services,
    })
    .await?;
    let keys: Arc<dyn PublicKeys> = Arc::new(RegisteredKeys(Arc::clone(&zms)));
    let authorities: Vec<Arc<dyn CallerAuthority>> = vec![
        Arc::new(PrincipalTokenAuthority::new(of_users(TokenSettings::principal(), &user_domain), keys)),
        Arc::new(CertificateAuthority::new(CertificateRules::default())),
    ];
    let known = Arc::clone(&zms);
    let authenticator = Authenticator::new(authorities)
        .with_open_paths(OpenPaths::parse(&settings.open_paths)?)
        .with_check(Arc::new(move |caller| {
            check_not_departed(known.world().departed(), known.user_domains(), caller)
        }));
    let mount = athenz_zms::mount(Arc::clone(&zms), Arc::new(authenticator));
    Ok(RunningZms { zms, router: settings.surroundings.router(mount)? })
}

/// A service of the system, to be registered in ZMS.
pub fn system_service(name: &'static str, key_id: &str, key: &PublicKey, endpoint: &str) -> SystemService {
    SystemService {
        name,
        key_id: key_id.to_owned(),
        key: key.to_ybase64_pem(),
        provider_endpoint: endpoint.to_owned(),
    }
}

fn of_users(settings: TokenSettings, user_domain: &str) -> TokenSettings {
    TokenSettings { user_domain: user_domain.to_owned(), ..settings }
}

/// The keys that ZMS knows of services.
#[derive(Debug)]
struct RegisteredKeys(Arc<Zms>);

impl PublicKeys for RegisteredKeys {
    fn public_key(&self, service: &str, key_id: &str) -> Option<PublicKey> {
        self.0.public_key(service, key_id)
    }
}

/// What a ZTS is made of.
#[derive(Debug)]
pub struct ZtsSettings {
    /// The `[zts]` settings.
    pub config: athenz_zts::Config,
    /// What makes a name a user.
    pub users: UserDomains,
    /// Signs tokens and policies.
    pub signers: Signers,
    /// Issues certificates; none are issued without it.
    pub issuer: Option<Issuer>,
    /// Keeps accepted documents.
    pub disk: Option<DiskStore>,
    /// Paths that need no credential.
    pub open_paths: Vec<String>,
    /// What surrounds it.
    pub surroundings: Surroundings,
}

/// What issues certificates and remembers them.
#[derive(Debug)]
pub struct Issuer {
    /// The authority.
    pub authority: Authority,
    /// The certificates that verify what it issues, PEM; its own alone without it.
    pub chain: Option<String>,
    /// What is remembered.
    pub records: CertificateRecords,
    /// Calls providers that are services of their own.
    pub providers: Option<Box<dyn CallProvider>>,
}

/// A ZTS that answers, as soon as something feeds its replica.
#[derive(Clone, Debug)]
pub struct RunningZts {
    /// What its handlers share.
    pub state: Arc<State>,
    /// The domains it holds, to be fed.
    pub replica: Arc<Replica>,
    /// Takes requests to it.
    pub router: Arc<Router>,
}

/// Starts a ZTS with an empty replica.
///
/// # Errors
/// A setting cannot be used.
pub fn start_zts(settings: ZtsSettings) -> Result<RunningZts, ServerError> {
    let clock = Arc::clone(&settings.surroundings.clock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let replica = Arc::new(Replica::new(Arc::clone(&clock), settings.disk));
    let user_domain = settings.users.user.to_string();
    let certificates = certificates(&settings.config, settings.issuer, &random)?;
    let state =
        State::new(settings.config, settings.users, Arc::clone(&replica), settings.signers, clock, random)
            .map_err(ServerError::ZmsKey)?;
    let state = Arc::new(match certificates {
        Some(certificates) => state.with_certificates(certificates),
        None => state,
    });
    register(&state, &settings.surroundings.metrics);
    let keys: Arc<dyn PublicKeys> = state.clone();
    let authorities: Vec<Arc<dyn CallerAuthority>> = vec![
        Arc::new(PrincipalTokenAuthority::new(
            of_users(TokenSettings::principal(), &user_domain),
            Arc::clone(&keys),
        )),
        Arc::new(CertificateAuthority::new(CertificateRules::default())),
        Arc::new(RoleTokenAuthority::new(of_users(TokenSettings::role(), &user_domain), keys)),
    ];
    let known = Arc::clone(&state);
    let authenticator = Authenticator::new(authorities)
        .with_open_paths(OpenPaths::parse(&settings.open_paths)?)
        .refusing_restricted()
        .with_check(Arc::new(move |caller| {
            check_not_departed(known.index().departed(), &known.user_domains, caller)
        }));
    let mount = athenz_zts::api::mount(Arc::clone(&state), Arc::new(authenticator));
    Ok(RunningZts { state, replica, router: settings.surroundings.router(mount)? })
}

fn register(state: &Arc<State>, metrics: &Metrics) {
    state.replica.register(metrics);
    if state.certificates().is_ok() {
        let help = "Certificate records forgotten because their certificates had ended";
        let state = Arc::clone(state);
        metrics.read_counter("certificate_records_removed", help, move || {
            state.certificates().map_or(0, Certificates::removed)
        });
    }
}

fn certificates(
    config: &athenz_zts::Config,
    issuer: Option<Issuer>,
    random: &Arc<dyn Random>,
) -> Result<Option<Certificates>, ServerError> {
    let Some(issuer) = issuer else { return Ok(None) };
    let config = config.certificates.clone();
    let signer = BuiltInSigner::new(issuer.authority, issuer.chain, Maxima::of(&config), Arc::clone(random));
    let certificates = Certificates::new(config, Arc::new(signer), issuer.records)?;
    Ok(Some(match issuer.providers {
        Some(call) => certificates.with_providers(call),
        None => certificates,
    }))
}

//! Authorities and certificates of a home.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use athenz_agent::files;
use athenz_client::Identity;
use athenz_crypto::keys::{Curve, PrivateKey, PublicKey};
use athenz_crypto::random::{SystemRandom, hex};
use athenz_crypto::ring::SigningKey;
use athenz_crypto::tls::read_certificates;
use athenz_crypto::x509::{AltName, Authority, Certificate, ExtendedUsage, IssueRequest, Subject};
use athenz_model::names::Grammar;
use athenz_model::{Clock, Timestamp};

use super::{Home, read_key};

/// The administrator that every home has.
pub const ADMIN: &str = "user.admin";

/// The name under which ZTS calls others.
pub const ZTS_SERVICE: &str = "sys.auth.zts";

const USER_DOMAIN: &str = "user.";
const AUTHORITY_DAYS: i64 = 3_650;
const SERVER_DAYS: i64 = 90;
const USER_DAYS: i64 = 365;
/// Certificates with less left than this are made anew at a start.
const RENEW_DAYS: i64 = 30;
/// Clocks of laptops and their virtual machines differ.
const BACKDATED_MINUTES: i64 = 60;

/// The names that certificates of the servers need beside those of this machine.
#[derive(Clone, Debug, Default)]
pub struct ServerNames {
    /// Host names.
    pub hosts: Vec<String>,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
}

/// Certificate and key of a user.
#[derive(Clone, Debug)]
pub struct UserFiles {
    /// `user.name`
    pub name: String,
    /// The certificate.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl ServerNames {
    fn alt_names(&self) -> Vec<AltName> {
        let mut hosts = vec!["localhost".to_owned()];
        hosts.extend(host_name());
        hosts.extend(self.hosts.iter().map(|host| host.to_ascii_lowercase()));
        let mut addresses = vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        addresses.extend(self.addresses.iter().filter(|address| !address.is_unspecified()));
        let mut names = Vec::new();
        for name in hosts.into_iter().map(AltName::Dns).chain(addresses.into_iter().map(AltName::Ip)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// The name of this machine, where it can stand in a certificate.
fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?.trim().to_ascii_lowercase();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    (!name.is_empty() && name.len() < 254 && name.bytes().all(fits)).then_some(name)
}

pub(super) fn new_key() -> anyhow::Result<PrivateKey> {
    Ok(PrivateKey::generate_ec(Curve::P256)?)
}

/// The files that are there from the first start on.
pub(super) fn files(home: &Home) -> Vec<PathBuf> {
    let both = |name: &str| [home.pki(&format!("{name}.crt")), home.pki(&format!("{name}.key"))];
    let mut files: Vec<PathBuf> = ["ca", "issuer", "zms", "zts", ADMIN].into_iter().flat_map(both).collect();
    files.push(home.pki("clients.crt"));
    files
}

/// Makes authorities, certificates of the servers, and the administrator.
pub(super) fn make(home: &Home, names: &ServerNames, clock: &dyn Clock) -> anyhow::Result<()> {
    let from = clock.now().plus_minutes(-BACKDATED_MINUTES);
    // two homes of one machine must not be taken for each other
    let mark = hex::<4>(&SystemRandom);
    let ca_key = new_key()?;
    let subject = Subject::common_name(&format!("Athenz development authority {mark}"));
    let ca = Authority::self_signed(
        SigningKey::in_process("ca".parse()?, ca_key.clone()),
        &subject,
        from,
        AUTHORITY_DAYS,
        &SystemRandom,
    )?;
    let issuer_key = new_key()?;
    let issuer = ca.issue_intermediate(
        &Subject::common_name(&format!("Athenz development ZTS {mark}")),
        issuer_key.public_key(),
        from,
        AUTHORITY_DAYS,
        &SystemRandom,
    )?;
    write_pair(home, "ca", ca.certificate(), &ca_key)?;
    write_pair(home, "issuer", &issuer, &issuer_key)?;
    let clients = ca.certificate().to_pem() + &issuer.to_pem();
    home.write(&home.pki("clients.crt"), clients.as_bytes())?;
    for server in ["zms", "zts"] {
        make_server(home, &ca, server, names, clock)?;
    }
    make_user(home, &ca, ADMIN, new_key()?, clock).map(drop)
}

/// Makes certificates of servers anew that near their end or lack a name, and the administrator's.
pub(super) fn renew(home: &Home, names: &ServerNames, clock: &dyn Clock) -> anyhow::Result<()> {
    let ca = authority(home)?;
    for server in ["zms", "zts"] {
        let present = read_certificate(home, server)?;
        let has = |name: &AltName| present.alt_names().names().contains(name);
        if nears_end(&present, clock.now()) || !names.alt_names().iter().all(has) {
            make_server(home, &ca, server, names, clock)?;
        }
    }
    if nears_end(&read_certificate(home, ADMIN)?, clock.now()) {
        make_user(home, &ca, ADMIN, read_key(&home.pki(&format!("{ADMIN}.key")))?, clock)?;
    }
    Ok(())
}

/// A user by short or full name; what is there and good is kept.
pub(super) fn user(home: &Home, name: &str, clock: &dyn Clock) -> anyhow::Result<UserFiles> {
    let name = name.to_ascii_lowercase();
    let short = name.strip_prefix(USER_DOMAIN).unwrap_or(&name);
    if !Grammar::SimpleName.matches(short) || short.len() > 64 {
        bail!(
            "`{short}` is no name of a user; use letters, digits, `_` and `-`, as in `athenzd dev user jane`"
        );
    }
    let full = format!("{USER_DOMAIN}{short}");
    let ca = authority(home)?;
    let (certificate, key) = (home.pki(&format!("{full}.crt")), home.pki(&format!("{full}.key")));
    if !key.exists() {
        return make_user(home, &ca, &full, new_key()?, clock);
    }
    if certificate.exists() && !nears_end(&read_certificate(home, &full)?, clock.now()) {
        return Ok(UserFiles { name: full, certificate, key });
    }
    make_user(home, &ca, &full, read_key(&key)?, clock)
}

fn authority(home: &Home) -> anyhow::Result<Authority> {
    let key = SigningKey::in_process("ca".parse()?, read_key(&home.pki("ca.key"))?);
    Authority::new(read_certificate(home, "ca")?, key).context("pki/ca.crt and pki/ca.key cannot be used")
}

fn make_server(
    home: &Home,
    ca: &Authority,
    server: &str,
    names: &ServerNames,
    clock: &dyn Clock,
) -> anyhow::Result<()> {
    let key = new_key()?;
    let mut order = order(&format!("athenz-{server}"), key.public_key(), SERVER_DAYS, clock);
    order.alt_names = names.alt_names();
    order.usages = vec![ExtendedUsage::Server];
    let certificate = ca.issue(&order, &SystemRandom)?;
    write_pair(home, server, &certificate, &key)
}

fn make_user(
    home: &Home,
    ca: &Authority,
    name: &str,
    key: PrivateKey,
    clock: &dyn Clock,
) -> anyhow::Result<UserFiles> {
    let certificate = ca.issue(&order(name, key.public_key(), USER_DAYS, clock), &SystemRandom)?;
    write_pair(home, name, &certificate, &key)?;
    Ok(UserFiles {
        name: name.to_owned(),
        certificate: home.pki(&format!("{name}.crt")),
        key: home.pki(&format!("{name}.key")),
    })
}

fn order(common_name: &str, public_key: &PublicKey, days: i64, clock: &dyn Clock) -> IssueRequest {
    IssueRequest {
        subject: Subject::common_name(common_name),
        alt_names: Vec::new(),
        not_before: clock.now().plus_minutes(-BACKDATED_MINUTES),
        not_after: clock.now().plus_days(days),
        usages: vec![ExtendedUsage::Client],
        public_key: public_key.clone(),
    }
}

fn nears_end(certificate: &Certificate, now: Timestamp) -> bool {
    certificate.not_after() < now.plus_days(RENEW_DAYS)
}

fn read_certificate(home: &Home, name: &str) -> anyhow::Result<Certificate> {
    let mut certificates = read_certificates(&home.pki(&format!("{name}.crt")))?;
    Ok(certificates.swap_remove(0))
}

/// Key and certificate are replaced together.
fn write_pair(home: &Home, name: &str, certificate: &Certificate, key: &PrivateKey) -> anyhow::Result<()> {
    let (crt, key_path) = (home.pki(&format!("{name}.crt")), home.pki(&format!("{name}.key")));
    let pem = key.to_pkcs8_pem()?;
    Ok(files::write_pair((&key_path, pem.as_bytes()), (&crt, certificate.to_pem().as_bytes()))?)
}

impl Home {
    /// A new identity of a service, for as long as this process runs.
    ///
    /// # Errors
    /// The authority cannot be used.
    pub fn service_identity(&self, name: &str, clock: &Arc<dyn Clock>) -> anyhow::Result<Arc<Identity>> {
        let key = new_key()?;
        let order = order(name, key.public_key(), USER_DAYS, &**clock);
        let certificate = authority(self)?.issue(&order, &SystemRandom)?;
        Ok(Identity::from_pem(&certificate.to_pem(), &key.to_pkcs8_pem()?, Arc::clone(clock))?)
    }

    /// The authority of ZTS.
    ///
    /// # Errors
    /// Its files cannot be used.
    pub fn issuer(&self) -> anyhow::Result<Authority> {
        let certificate = read_certificate(self, "issuer")?;
        let key = SigningKey::in_process("issuer".parse()?, read_key(&self.pki("issuer.key"))?);
        Authority::new(certificate, key).context("pki/issuer.crt and pki/issuer.key cannot be used")
    }
}

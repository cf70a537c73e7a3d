//! What unmodified Athenz tools read: `athenz.conf` in its classic form, and `zpu.conf`.

use athenz_crypto::keys::PublicKey;
use serde::Serialize;

use super::pki::ADMIN;
use super::{Home, KEY_ID, make_folder};

/// Where the servers are, as clients see them: URLs without path.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// ZMS.
    pub zms: String,
    /// ZTS.
    pub zts: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AthenzConf {
    zms_url: String,
    zts_url: String,
    zms_public_keys: [Key; 1],
    zts_public_keys: [Key; 1],
}

#[derive(Serialize)]
struct Key {
    id: &'static str,
    key: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ZpuConf {
    domains: &'static str,
    user: &'static str,
    policy_dir: String,
    temp_policy_dir: String,
    metrics_dir: String,
    log_maxsize: u32,
    log_maxage: u32,
    log_maxbackups: u32,
    log_compress: bool,
    proxy: bool,
    expiry_check: u32,
    ca_cert_file: String,
    private_key_file: String,
    cert_file: String,
    jws_policy_support: bool,
    policy_versions: serde_json::Map<String, serde_json::Value>,
}

/// `athenz.conf` follows the addresses of this start; `zpu.conf` is the user's once it is there.
pub(super) fn write(home: &Home, addresses: &Addresses) -> anyhow::Result<()> {
    let conf = AthenzConf {
        zms_url: format!("{}/", addresses.zms),
        zts_url: format!("{}/", addresses.zts),
        zms_public_keys: [key(home.signing_key("zms")?.public_key())],
        zts_public_keys: [key(home.signing_key("zts")?.public_key())],
    };
    let folder = home.root().join("conf");
    home.write(&folder.join("athenz.conf"), pretty(&conf)?.as_bytes())?;
    let zpu = folder.join("zpu.conf");
    if !zpu.exists() {
        home.write(&zpu, pretty(&zpu_conf(home)?)?.as_bytes())?;
    }
    Ok(())
}

fn key(key: &PublicKey) -> Key {
    Key { id: KEY_ID, key: key.to_ybase64_pem() }
}

fn zpu_conf(home: &Home) -> anyhow::Result<ZpuConf> {
    let folder = |name: &str| -> anyhow::Result<String> {
        let path = home.root().join("zpu").join(name);
        make_folder(&path)?;
        Ok(path.display().to_string())
    };
    let pki = |name: String| home.pki(&name).display().to_string();
    make_folder(&home.root().join("zpu"))?;
    Ok(ZpuConf {
        domains: "sys.auth",
        user: "root",
        policy_dir: folder("policies")?,
        temp_policy_dir: folder("tmp")?,
        metrics_dir: folder("metrics")?,
        log_maxsize: 10,
        log_maxage: 7,
        log_maxbackups: 2,
        log_compress: false,
        proxy: false,
        expiry_check: 2_880,
        ca_cert_file: pki("ca.crt".to_owned()),
        private_key_file: pki(format!("{ADMIN}.key")),
        cert_file: pki(format!("{ADMIN}.crt")),
        jws_policy_support: true,
        policy_versions: serde_json::Map::new(),
    })
}

fn pretty(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

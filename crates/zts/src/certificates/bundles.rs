//! Bundles of authority certificates under `/cacerts/<name>`.

use std::collections::BTreeMap;

use athenz_crypto::x509::Certificate;

use super::config::{BundleConfig, BundleKind};

/// The bundle of the server's own authority, unless the configuration names another by this name.
const OWN: &str = "athenz";

/// The bundles by lower-case name.
#[derive(Clone, Debug, Default)]
pub struct Bundles(BTreeMap<String, String>);

/// A bundle cannot be used; the server must not start with it.
#[derive(Debug, thiserror::Error)]
#[error("certificate bundle `{name}` cannot be read from {file}: {why}")]
pub struct BundleError {
    name: String,
    file: String,
    why: String,
}

impl Bundles {
    /// Reads the bundles. `own` are the certificates of the server's authority as PEM.
    ///
    /// # Errors
    /// A file cannot be read, or holds no certificate where it should.
    pub fn read(configs: &[BundleConfig], own: &str) -> Result<Self, BundleError> {
        let mut bundles = BTreeMap::from([(OWN.to_owned(), own.to_owned())]);
        for config in configs {
            let failed = |why: String| BundleError {
                name: config.name.clone(),
                file: config.file.display().to_string(),
                why,
            };
            let text = std::fs::read_to_string(&config.file).map_err(|error| failed(error.to_string()))?;
            let contents = match config.kind {
                BundleKind::Text => text,
                BundleKind::X509 => certificates(&text).map_err(failed)?,
            };
            bundles.insert(config.name.to_ascii_lowercase(), contents);
        }
        Ok(Self(bundles))
    }

    /// A bundle by its lower-case name.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// The certificates of a text as plain PEM, without comments and keys.
fn certificates(text: &str) -> Result<String, String> {
    let certificates = Certificate::from_pem_bundle(text).map_err(|error| error.to_string())?;
    if certificates.is_empty() {
        return Err("there is no certificate in it".to_owned());
    }
    Ok(certificates.iter().map(Certificate::to_pem).collect())
}

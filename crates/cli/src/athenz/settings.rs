//! Where the servers are and who asks: from options, environment and a development folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use athenz_client::{Egress, HttpClient, HttpOptions, Identity, Limits, Trust, ZmsClient, ZtsClient};
use athenz_model::names::{DomainName, SimpleName};
use athenz_model::{Clock, SystemClock};
use serde::Deserialize;

use super::options::{Format, GlobalOptions};

/// The folder that is used when nothing is said.
const DEFAULT_HOME: &str = "athenz-dev";

/// The user that a development folder is made for.
const DEFAULT_USER: &str = "user.admin";

/// Largest `ready` file, in bytes.
const READY_BYTES_MAX: usize = 64 << 10;

/// Everything that is the same for all commands.
#[derive(Debug)]
pub(super) struct Settings {
    options: GlobalOptions,
    home: Option<Home>,
    clock: Arc<dyn Clock>,
}

/// What `athenzd dev` has left in its folder.
#[derive(Debug)]
struct Home {
    folder: PathBuf,
    ready: Option<Ready>,
}

/// The file that says that both servers answer.
#[derive(Debug, Deserialize)]
struct Ready {
    zms: String,
    zts: String,
}

impl Home {
    fn open(folder: &Path) -> anyhow::Result<Self> {
        if !folder.join("pki").is_dir() {
            bail!(
                "{} is no folder of `athenzd dev`; start one with `athenzd dev --home {}`",
                folder.display(),
                folder.display()
            );
        }
        let path = folder.join("ready");
        let ready = match std::fs::read(&path) {
            Ok(text) if text.len() <= READY_BYTES_MAX => Some(
                serde_json::from_slice(&text)
                    .with_context(|| format!("{} cannot be read", path.display()))?,
            ),
            _ => None,
        };
        Ok(Self { folder: folder.to_owned(), ready })
    }

    fn ready(&self) -> anyhow::Result<&Ready> {
        let folder = self.folder.display();
        self.ready
            .as_ref()
            .ok_or_else(|| anyhow!("no server runs in {folder}; start it with `athenzd dev --home {folder}`"))
    }

    fn authority(&self) -> PathBuf {
        self.folder.join("pki").join("ca.crt")
    }

    fn user_files(&self, user: &str) -> anyhow::Result<(PathBuf, PathBuf)> {
        let user = DomainName::parse(user)?;
        let file = |end| self.folder.join("pki").join(format!("{user}.{end}"));
        if !file("crt").exists() {
            let (home, name) = (self.folder.display(), user.strip_prefix("user.").unwrap_or(&user));
            bail!("{home} has no user {user}; make one with `athenzd dev user {name} --home {home}`");
        }
        Ok((file("crt"), file("key")))
    }
}

impl Settings {
    /// Options first, then the folder named, then `./athenz-dev` if nothing says where to go.
    pub(super) fn resolve(options: GlobalOptions) -> anyhow::Result<Self> {
        let home = match &options.home {
            Some(folder) => Some(Home::open(folder)?),
            None if options.zms.is_none() && options.zts.is_none() => {
                Home::open(Path::new(DEFAULT_HOME)).ok()
            }
            None => None,
        };
        Ok(Self { options, home, clock: Arc::new(SystemClock) })
    }

    pub(super) const fn format(&self) -> Format {
        self.options.output
    }

    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// The caller's certificate and key, if there are any.
    pub(super) fn identity(&self) -> anyhow::Result<Option<Arc<Identity>>> {
        let files = match (&self.options.cert, &self.options.key, &self.home) {
            (Some(certificate), Some(key), _) => Some((certificate.clone(), key.clone())),
            (_, _, Some(home)) => {
                Some(home.user_files(self.options.user.as_deref().unwrap_or(DEFAULT_USER))?)
            }
            _ if self.options.user.is_some() => {
                bail!("--as names a user of a development folder; add --home DIR")
            }
            _ => None,
        };
        files.map(|(certificate, key)| self.identity_of(&certificate, &key)).transpose()
    }

    /// An identity in files.
    pub(super) fn identity_of(&self, certificate: &Path, key: &Path) -> anyhow::Result<Arc<Identity>> {
        Identity::from_files(certificate, key, self.clock())
            .with_context(|| format!("the identity {} cannot be used", certificate.display()))
    }

    /// The name of the caller, as in its certificate.
    pub(super) fn caller(&self) -> anyhow::Result<Option<String>> {
        let certificate = self.identity()?.and_then(|identity| identity.certificate());
        Ok(certificate.and_then(|certificate| certificate.common_name().map(str::to_owned)))
    }

    /// ZMS, as the caller.
    pub(super) fn zms(&self) -> anyhow::Result<ZmsClient> {
        let url = self.zms_url()?;
        let http = self.http(&url, self.identity()?)?;
        Ok(ZmsClient::new(http, &url)?.with_audit_reference(self.options.audit_ref.clone()))
    }

    /// ZTS, as the caller.
    pub(super) fn zts(&self) -> anyhow::Result<ZtsClient> {
        self.zts_as(self.identity()?)
    }

    /// ZTS, as somebody else or as nobody.
    pub(super) fn zts_as(&self, identity: Option<Arc<Identity>>) -> anyhow::Result<ZtsClient> {
        let url = self.zts_url()?;
        Ok(ZtsClient::new(self.http(&url, identity)?, &url)?)
    }

    fn zms_url(&self) -> anyhow::Result<String> {
        self.url(self.options.zms.as_ref(), "ZMS", |ready| &ready.zms)
    }

    fn zts_url(&self) -> anyhow::Result<String> {
        self.url(self.options.zts.as_ref(), "ZTS", |ready| &ready.zts)
    }

    fn url(
        &self,
        given: Option<&String>,
        name: &str,
        of: impl Fn(&Ready) -> &String,
    ) -> anyhow::Result<String> {
        match (given, &self.home) {
            (Some(url), _) => Ok(url.clone()),
            (None, Some(home)) => Ok(of(home.ready()?).clone()),
            (None, None) => {
                let option = name.to_ascii_lowercase();
                bail!(
                    "no {name} is known: name it with --{option} URL (or {name}=URL), or use --home DIR of an `athenzd dev`"
                )
            }
        }
    }

    fn http(&self, url: &str, identity: Option<Arc<Identity>>) -> anyhow::Result<HttpClient> {
        let egress = Egress::nothing().with_server_url(url)?;
        let options = HttpOptions {
            egress,
            trust: self.trust()?,
            identity,
            limits: Limits { total: Duration::from_secs(self.options.timeout), ..Limits::default() },
            clock: self.clock(),
            ..HttpOptions::default()
        };
        Ok(HttpClient::new(options)?)
    }

    fn trust(&self) -> anyhow::Result<Trust> {
        match (&self.options.ca, &self.home) {
            (Some(file), _) => Ok(Trust::from_file(file)?),
            (None, Some(home)) => Ok(Trust::from_file(&home.authority())?),
            (None, None) => Ok(Trust::System),
        }
    }
}

/// `domain.service` in its two parts.
pub(super) fn service_name(text: &str) -> anyhow::Result<(DomainName, SimpleName)> {
    let wrong = || anyhow!("`{text}` is no service; write it as DOMAIN.SERVICE, for example shop.web");
    let (domain, service) = text.rsplit_once('.').ok_or_else(wrong)?;
    Ok((DomainName::parse(domain).map_err(|_| wrong())?, SimpleName::parse(service).map_err(|_| wrong())?))
}

/// A text that is given itself, as `@FILE`, or as `-` on standard input.
pub(super) fn text_or_file(argument: &str) -> anyhow::Result<String> {
    let text = match argument.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?,
        None if argument == "-" => {
            std::io::read_to_string(std::io::stdin()).context("cannot read standard input")?
        }
        None => argument.to_owned(),
    };
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(with_ready: bool) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("pki")).unwrap();
        if with_ready {
            let ready = r#"{"zms": "https://127.0.0.1:1", "zts": "https://127.0.0.1:2", "pid": 7}"#;
            std::fs::write(folder.path().join("ready"), ready).unwrap();
        }
        folder
    }

    fn settings(folder: &Path, change: impl FnOnce(&mut GlobalOptions)) -> anyhow::Result<Settings> {
        let mut options = GlobalOptions { home: Some(folder.to_owned()), ..GlobalOptions::default() };
        change(&mut options);
        Settings::resolve(options)
    }

    #[test]
    fn urls_come_from_the_options_or_the_folder() {
        let folder = home(true);
        let of_home = settings(folder.path(), |_| ()).unwrap();
        assert_eq!(of_home.zms_url().unwrap(), "https://127.0.0.1:1");
        assert_eq!(of_home.zts_url().unwrap(), "https://127.0.0.1:2");
        let mixed = settings(folder.path(), |options| options.zts = Some("https://zts".to_owned())).unwrap();
        assert_eq!(mixed.zts_url().unwrap(), "https://zts");
        assert_eq!(mixed.zms_url().unwrap(), "https://127.0.0.1:1");
    }

    #[test]
    fn what_is_missing_is_named_with_the_command_that_makes_it() {
        let folder = home(false);
        let stopped = settings(folder.path(), |_| ()).unwrap();
        assert!(stopped.zms_url().unwrap_err().to_string().contains("athenzd dev --home"));
        let error = stopped.identity().unwrap_err().to_string();
        assert!(error.contains("athenzd dev user admin"), "{error}");
        let error = settings(&folder.path().join("absent"), |_| ()).unwrap_err().to_string();
        assert!(error.contains("athenzd dev"), "{error}");
        let nothing =
            Settings { options: GlobalOptions::default(), home: None, clock: Arc::new(SystemClock) };
        assert!(nothing.zms_url().unwrap_err().to_string().contains("--zms"));
    }

    #[test]
    fn a_user_name_stays_in_its_folder() {
        let folder = home(true);
        for user in ["../../etc/passwd", "", "a/b", "user.\0"] {
            let settings = settings(folder.path(), |options| options.user = Some(user.to_owned())).unwrap();
            assert!(settings.identity().is_err(), "{user}");
        }
    }

    #[test]
    fn services_have_two_parts() {
        let (domain, service) = service_name("Shop.Stock.web").unwrap();
        assert_eq!((domain.as_str(), service.as_str()), ("shop.stock", "web"));
        for text in ["web", ".web", "shop.", "a b.c"] {
            assert!(service_name(text).is_err(), "{text}");
        }
    }
}

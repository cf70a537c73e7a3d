//! Access tokens between one run and the next, in the user's cache folder.

use std::path::{Path, PathBuf};

use athenz_agent::files::{self, Readers};
use athenz_client::tokens::AccessToken;
use athenz_client::zts::AccessTokenRequest;
use athenz_crypto::digest::sha256;
use athenz_crypto::random::to_hex;
use athenz_model::Timestamp;
use athenz_model::wire::zts::AccessTokenResponse;
use serde::{Deserialize, Serialize};

/// Everything that tells one token from another: who asked whom for what.
#[derive(Debug)]
pub(super) struct TokenKey<'a> {
    /// URL of ZTS.
    pub(super) zts: &'a str,
    /// Thumbprint of the caller's certificate, which the token is bound to.
    pub(super) thumbprint: &'a str,
    /// The request.
    pub(super) request: &'a AccessTokenRequest,
}

impl TokenKey<'_> {
    fn file_name(&self) -> String {
        let request = self.request.clone().canonical();
        // quoted parts, so that no two keys have the same text
        let text = format!("{:?}\n{:?}\n{request:?}", self.zts, self.thumbprint);
        format!("{}.json", to_hex(&sha256(text.as_bytes())))
    }
}

/// The folder of tokens.
#[derive(Debug)]
pub(super) struct TokenStore(PathBuf);

#[derive(Serialize, Deserialize)]
struct Stored {
    asked_seconds: i64,
    answer: AccessTokenResponse,
}

impl TokenStore {
    /// `$XDG_CACHE_HOME/athenz/tokens`, or `~/.cache/athenz/tokens`; absent without a home.
    pub(super) fn of_user() -> Option<Self> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache =
            variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")))?;
        Some(Self(cache.join("athenz").join("tokens")))
    }

    #[cfg(test)]
    fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// A token that has time left.
    pub(super) fn find(
        &self,
        key: &TokenKey<'_>,
        now: Timestamp,
    ) -> Option<(AccessToken, AccessTokenResponse)> {
        let text = std::fs::read(self.0.join(key.file_name())).ok()?;
        let stored: Stored = serde_json::from_slice(&text).ok()?;
        let asked = Timestamp::from_seconds(stored.asked_seconds);
        let token = AccessToken::from_answer(stored.answer.clone(), asked).ok()?;
        (asked <= now && now < token.refresh).then_some((token, stored.answer))
    }

    /// Keeps a token; that it cannot be kept is no reason to fail.
    pub(super) fn keep(&self, key: &TokenKey<'_>, answer: &AccessTokenResponse, asked: Timestamp) {
        let stored = Stored { asked_seconds: asked.seconds(), answer: answer.clone() };
        let Ok(text) = serde_json::to_vec(&stored) else { return };
        let path = self.0.join(key.file_name());
        if let Err(error) = private_folder(&self.0)
            .and_then(|()| files::write(&path, &text, Readers::Owner).map_err(|error| error.error))
        {
            tracing::debug!(%error, "the token is not kept");
        }
    }
}

fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn request(role: &str) -> AccessTokenRequest {
        AccessTokenRequest {
            domain: "shop".to_owned(),
            roles: vec![role.to_owned()],
            ..AccessTokenRequest::default()
        }
    }

    #[test]
    fn a_token_is_found_by_its_whole_key_until_it_nears_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let store = TokenStore::at(&folder.path().join("tokens"));
        let (reader, writer) = (request("reader"), request("writer"));
        let longer = AccessTokenRequest { expires_in: Some(60), ..request("reader") };
        let key = TokenKey { zts: "https://zts", thumbprint: "t", request: &reader };
        let answer = AccessTokenResponse {
            access_token: Some("secret".to_owned()),
            token_type: Some("Bearer".to_owned()),
            expires_in: Some(400),
            ..AccessTokenResponse::default()
        };
        store.keep(&key, &answer, NOW);
        assert_eq!(store.find(&key, NOW).unwrap().0.token(), "secret");
        assert!(store.find(&key, NOW.plus_seconds(299)).is_some());
        assert!(store.find(&key, NOW.plus_seconds(300)).is_none());
        assert!(store.find(&key, NOW.plus_seconds(-1)).is_none());
        for other in [
            TokenKey { request: &writer, ..key },
            TokenKey { request: &longer, ..key },
            TokenKey { zts: "https://other", ..key },
            TokenKey { thumbprint: "u", ..key },
        ] {
            assert!(store.find(&other, NOW).is_none(), "{other:?}");
        }
        let file = std::fs::read_dir(folder.path().join("tokens")).unwrap().next().unwrap().unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

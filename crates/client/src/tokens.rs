//! Access tokens that are asked for once and kept until they near their end.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use athenz_crypto::Secret;
use athenz_model::wire::zts::AccessTokenResponse;
use athenz_model::{Clock, Timestamp};

use crate::api::ClientError;
use crate::zts::{AccessTokenRequest, ZtsClient};

/// Tokens that are kept, for one client.
const TOKENS_MAX: usize = 1024;

/// The lifetime of a token whose answer names none, in seconds.
const LIFETIME_UNNAMED: i64 = 300;

/// A token is used until a quarter of its lifetime is left.
const FRESH_QUARTERS: i64 = 3;

/// An access token with its end.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    token: String,
    /// The scope that was granted, where the answer names it.
    pub scope: Option<String>,
    /// An ID token, where one was asked for.
    pub id_token: Option<String>,
    /// When it ends.
    pub expires: Timestamp,
    /// When the next one should be asked for.
    pub refresh: Timestamp,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("scope", &self.scope)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl AccessToken {
    /// The token of an answer that was asked for at `asked`.
    ///
    /// # Errors
    /// The answer holds no token.
    pub fn from_answer(answer: AccessTokenResponse, asked: Timestamp) -> Result<Self, ClientError> {
        let missing = || ClientError::Unreadable {
            operation: "asking for an access token",
            why: "it holds no access_token".to_owned(),
        };
        let lifetime = answer.expires_in.map_or(LIFETIME_UNNAMED, i64::from).max(0);
        Ok(Self {
            token: answer.access_token.filter(|token| !token.is_empty()).ok_or_else(missing)?,
            scope: answer.scope,
            id_token: answer.id_token,
            expires: asked.plus_seconds(lifetime),
            refresh: asked.plus_seconds(lifetime.saturating_mul(FRESH_QUARTERS) / 4),
        })
    }

    /// The token itself, for an `Authorization` header.
    pub fn token(&self) -> &str {
        &self.token
    }
}

/// Everything that tells one token from another: the request, and who asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    request: AccessTokenRequest,
    thumbprint: Option<String>,
}

/// One request at a time for each key; the others wait for its answer.
type Slot = Arc<tokio::sync::Mutex<Option<Arc<AccessToken>>>>;

/// Tokens of one ZTS for one identity.
#[derive(Debug)]
pub struct AccessTokens {
    zts: ZtsClient,
    clock: Arc<dyn Clock>,
    slots: Mutex<HashMap<Key, Slot>>,
}

impl AccessTokens {
    /// An empty cache before this ZTS.
    pub fn new(zts: ZtsClient, clock: Arc<dyn Clock>) -> Self {
        Self { zts, clock, slots: Mutex::default() }
    }

    /// A token that has time left: the one at hand, or a new one when a quarter or less of its
    /// life is left. While ZTS cannot be reached, the one at hand is good to its end.
    ///
    /// # Errors
    /// There is none at hand, and ZTS gives none.
    pub async fn token(&self, request: AccessTokenRequest) -> Result<Arc<AccessToken>, ClientError> {
        let key = self.key(request.canonical());
        let slot = self.slot(&key);
        let mut held = slot.lock().await;
        let now = self.clock.now();
        if let Some(token) = held.as_ref().filter(|token| now < token.refresh) {
            return Ok(Arc::clone(token));
        }
        let answer = self.zts.access_token(&key.request).await;
        match (answer.and_then(|answer| AccessToken::from_answer(answer, now)), held.as_ref()) {
            (Ok(token), _) => Ok(Arc::clone(held.insert(Arc::new(token)))),
            (Err(error), Some(old)) if error.is_transient() && now < old.expires => {
                tracing::warn!(%error, "no new access token; the one at hand is used");
                Ok(Arc::clone(old))
            }
            (Err(error), _) => {
                *held = None;
                Err(error)
            }
        }
    }

    fn key(&self, request: AccessTokenRequest) -> Key {
        let identity = self.zts.http().identity();
        Key { request, thumbprint: identity.and_then(|identity| identity.thumbprint()) }
    }

    fn slot(&self, key: &Key) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= TOKENS_MAX && !slots.contains_key(key) {
            self.make_room(&mut slots);
        }
        Arc::clone(slots.entry(key.clone()).or_default())
    }

    /// Drops what has ended; if all are alive, any that nobody is waiting for.
    fn make_room(&self, slots: &mut HashMap<Key, Slot>) {
        let now = self.clock.now();
        let alive =
            |slot: &Slot| slot.try_lock().map_or(true, |held| held.as_ref().is_some_and(|t| now < t.expires));
        slots.retain(|_, slot| alive(slot));
        if slots.len() >= TOKENS_MAX {
            let any = slots.iter().find(|(_, slot)| Arc::strong_count(slot) == 1).map(|(key, _)| key.clone());
            any.map(|key| slots.remove(&key));
        }
    }
}

/// A token for a header, kept out of logs.
pub fn authorization(token: &AccessToken) -> Secret<String> {
    Secret::new(format!("Bearer {}", token.token))
}

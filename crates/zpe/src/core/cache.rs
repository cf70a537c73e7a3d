//! Tokens that were verified, so that the next request with them costs no signature.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use athenz_model::Timestamp;

use super::token::AdmittedToken;

/// SHA-256 of the whole token.
pub(super) type TokenHash = [u8; 32];

/// A bounded cache. What is in it is checked for its end at every use.
#[derive(Debug)]
pub(super) struct TokenCache {
    entries_max: usize,
    entries: RwLock<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    /// The generation of the keys that everything here was verified with.
    generation: u64,
    tokens: HashMap<TokenHash, Arc<AdmittedToken>>,
}

impl TokenCache {
    pub(super) fn new(entries_max: usize) -> Self {
        Self { entries_max, entries: RwLock::default() }
    }

    pub(super) fn find(&self, hash: &TokenHash, generation: u64) -> Option<Arc<AdmittedToken>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        if entries.generation == generation { entries.tokens.get(hash).cloned() } else { None }
    }

    pub(super) fn insert(&self, hash: TokenHash, token: Arc<AdmittedToken>, generation: u64, now: Timestamp) {
        if self.entries_max == 0 {
            return;
        }
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.generation != generation {
            entries.tokens.clear();
            entries.generation = generation;
        }
        if entries.tokens.len() >= self.entries_max {
            entries.tokens.retain(|_, token| token.expires >= now);
        }
        if entries.tokens.len() >= self.entries_max {
            // hashes have no order that anybody can choose
            let any = entries.tokens.keys().next().copied();
            any.and_then(|any| entries.tokens.remove(&any));
        }
        entries.tokens.insert(hash, token);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.read().unwrap().tokens.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::token::TokenKind;
    use super::*;

    fn token(expires: i64) -> Arc<AdmittedToken> {
        Arc::new(AdmittedToken {
            kind: TokenKind::Role,
            domain: "shop".to_owned(),
            roles: vec!["reader".to_owned()],
            principal: None,
            client: None,
            issued: None,
            expires: Timestamp::from_seconds(expires),
            bound_to: None,
            proxy_spiffe_ids: Vec::new(),
        })
    }

    #[test]
    fn it_is_bounded_and_drops_what_is_over_first() {
        let cache = TokenCache::new(3);
        let now = Timestamp::from_seconds(100);
        for number in 0..3 {
            cache.insert([number; 32], token(if number == 1 { 99 } else { 200 }), 1, now);
        }
        cache.insert([7; 32], token(200), 1, now);
        assert!(cache.find(&[1; 32], 1).is_none(), "expired");
        assert!([0, 2, 7].iter().all(|number| cache.find(&[*number; 32], 1).is_some()));
        for number in 10..100 {
            cache.insert([number; 32], token(200), 1, now);
        }
        assert_eq!(cache.len(), 3);
    }

    #[test]
    fn another_generation_of_keys_finds_nothing() {
        let cache = TokenCache::new(3);
        cache.insert([1; 32], token(200), 1, Timestamp::EPOCH);
        assert!(cache.find(&[1; 32], 2).is_none());
        cache.insert([2; 32], token(200), 2, Timestamp::EPOCH);
        assert_eq!(cache.len(), 1);
        assert!(cache.find(&[1; 32], 1).is_none());
    }
}

//! Assertions that were used: each counts once, here and, where there is a store, everywhere.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use athenz_crypto::digest::sha256;
use athenz_model::{ApiError, Timestamp};

use super::assertion::UsedAssertion;

/// Assertions that are remembered; beyond that none is taken until some have expired.
const REMEMBERED: usize = 1_000_000;

/// Those of one domain; beyond that none of this domain is taken.
const REMEMBERED_OF_DOMAIN: usize = 50_000;

/// SHA-256 of signer and id.
pub(crate) type Digest = [u8; 32];

/// Assertions that were used, until they expire.
#[derive(Debug)]
pub(crate) struct SeenAssertions {
    seen: Mutex<Seen>,
    limit: usize,
    limit_of_domain: usize,
}

impl Default for SeenAssertions {
    fn default() -> Self {
        Self { seen: Mutex::default(), limit: REMEMBERED, limit_of_domain: REMEMBERED_OF_DOMAIN }
    }
}

#[derive(Debug, Default)]
struct Seen {
    digests: HashSet<Digest>,
    by_expiry: BTreeSet<(Timestamp, Digest, Arc<str>)>,
    of_domain: HashMap<Arc<str>, usize>,
}

/// A signer has no zero byte in its name.
pub(crate) fn digest(used: &UsedAssertion<'_>) -> Digest {
    sha256(format!("{}\0{}", used.signer, used.id).as_bytes())
}

impl SeenAssertions {
    /// Uses an assertion up here; whether it was not used before.
    ///
    /// # Errors
    /// 503: too many are remembered.
    pub(crate) fn take(
        &self,
        digest: Digest,
        used: &UsedAssertion<'_>,
        now: Timestamp,
    ) -> Result<bool, ApiError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forget_expired(now);
        if seen.digests.contains(&digest) {
            return Ok(false);
        }
        let of_domain = seen.of_domain.get(used.quota).copied().unwrap_or_default();
        if of_domain >= self.limit_of_domain || seen.digests.len() >= self.limit {
            return Err(ApiError::unavailable("too many assertions; please retry"));
        }
        seen.add(digest, used);
        Ok(true)
    }

    /// As if it had not been used.
    pub(crate) fn forget(&self, digest: Digest, used: &UsedAssertion<'_>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.remove(&(used.expires, digest, used.quota.into()));
    }
}

impl Seen {
    fn add(&mut self, digest: Digest, used: &UsedAssertion<'_>) {
        let domain = self.of_domain.get_key_value(used.quota).map(|(name, _)| name.clone());
        let domain = domain.unwrap_or_else(|| used.quota.into());
        self.digests.insert(digest);
        self.by_expiry.insert((used.expires, digest, domain.clone()));
        *self.of_domain.entry(domain).or_default() += 1;
    }

    fn forget_expired(&mut self, now: Timestamp) {
        while let Some(first) = self.by_expiry.first().filter(|(expires, ..)| *expires <= now).cloned() {
            self.remove(&first);
        }
    }

    fn remove(&mut self, entry: &(Timestamp, Digest, Arc<str>)) {
        if !self.by_expiry.remove(entry) {
            return;
        }
        let (_, digest, domain) = entry;
        self.digests.remove(digest);
        if let Some(count) = self.of_domain.get_mut(domain) {
            *count -= 1;
            if *count == 0 {
                self.of_domain.remove(domain);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn used<'a>(domain: &'a str, id: &'a str, seconds: i64) -> UsedAssertion<'a> {
        UsedAssertion { signer: "", id, quota: domain, expires: NOW.plus_seconds(seconds) }
    }

    fn take(seen: &SeenAssertions, used: &UsedAssertion<'_>, now: Timestamp) -> Result<bool, u16> {
        seen.take(digest(used), used, now).map_err(|error| error.code)
    }

    #[test]
    fn one_domain_does_not_use_up_the_room_of_others() {
        let seen = SeenAssertions { limit: 5, limit_of_domain: 2, ..SeenAssertions::default() };
        for (domain, id, given) in [
            ("evil", "1", Ok(true)),
            ("evil", "1", Ok(false)),
            ("evil", "2", Ok(true)),
            ("evil", "3", Err(503)),
            ("good", "4", Ok(true)),
            ("good", "4", Ok(false)),
            ("good", "5", Ok(true)),
            ("other", "6", Ok(true)),
            ("other", "7", Err(503)),
        ] {
            assert_eq!(take(&seen, &used(domain, id, 600), NOW).map_err(i32::from), given, "{domain} {id}");
        }
        let later = NOW.plus_seconds(600);
        assert_eq!(take(&seen, &used("evil", "1", 700), later), Ok(true), "all have expired");
        let kept = seen.seen.lock().unwrap();
        assert_eq!((kept.digests.len(), kept.by_expiry.len(), kept.of_domain.len()), (1, 1, 1));
    }

    #[test]
    fn ids_are_those_of_their_signer() {
        let seen = SeenAssertions::default();
        let of = |signer| UsedAssertion { signer, ..used("d", "1", 60) };
        assert_eq!(take(&seen, &of("d.a"), NOW), Ok(true));
        assert_eq!(take(&seen, &of("d.b"), NOW), Ok(true));
        seen.forget(digest(&of("d.a")), &of("d.a"));
        assert_eq!(take(&seen, &of("d.a"), NOW), Ok(true));
        assert_eq!(take(&seen, &of("d.b"), NOW), Ok(false));
    }
}

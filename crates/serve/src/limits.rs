//! What one request and one caller may take.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use athenz_model::{ApiError, Timestamp};
use http::header::RETRY_AFTER;

use crate::router::call::Call;
use crate::wire::Refusal;

/// Limits of every request of a router.
#[derive(Clone, Debug)]
pub struct RequestLimits {
    /// The most bytes of a body.
    pub body: usize,
    /// The most bytes of a body of somebody who is not authenticated.
    pub anonymous_body: usize,
    /// The most bytes of all bodies in memory; further ones get 503.
    pub body_memory: usize,
    /// The time a body may take to arrive.
    pub body_timeout: Duration,
    /// The time a handler may take.
    pub request_timeout: Duration,
    /// The most requests worked on at once; further ones get 503.
    pub concurrency: usize,
    /// The rate each caller may keep; off when `None`.
    pub rate: Option<Arc<dyn RateLimit>>,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            body: 16 * 1024 * 1024,
            anonymous_body: 1024 * 1024,
            body_memory: 512 * 1024 * 1024,
            body_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(60),
            concurrency: 8192,
            rate: None,
        }
    }
}

impl RequestLimits {
    pub(crate) fn admit(&self, call: &Call) -> Result<(), Refusal> {
        let Some(rate) = &self.rate else { return Ok(()) };
        rate.admit(call).map_err(|TooFast { retry_after_seconds }| {
            Refusal::from(ApiError::too_many_requests("too many requests, please retry later"))
                .with_header(RETRY_AFTER, &retry_after_seconds.to_string())
        })
    }
}

/// A caller is over its rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFast {
    /// When it is worth trying again.
    pub retry_after_seconds: u64,
}

/// Decides whether a caller may ask now. Called after authentication, before the handler.
pub trait RateLimit: Send + Sync + fmt::Debug {
    /// Admits a request or not.
    ///
    /// # Errors
    /// The caller is over its rate.
    fn admit(&self, call: &Call) -> Result<(), TooFast>;
}

/// Who is counted together: a principal, or the address of callers without one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Principal(Arc<str>),
    Address(IpAddr),
}

/// A token bucket per caller: `burst` at once, then `per_second`.
#[derive(Debug)]
pub struct TokenBuckets {
    per_second: u32,
    burst: u32,
    buckets: Mutex<HashMap<Who, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Thousandths of a request.
    level: u64,
    at: Timestamp,
}

/// The most callers remembered; beyond that, full buckets are forgotten.
const MAX_BUCKETS: usize = 100_000;

impl TokenBuckets {
    /// Admits `burst` requests at once and `per_second` in the long run, of each caller.
    pub fn new(per_second: u32, burst: u32) -> Self {
        Self { per_second: per_second.max(1), burst: burst.max(1), buckets: Mutex::new(HashMap::new()) }
    }

    fn take(&self, who: Who, now: Timestamp) -> Result<(), TooFast> {
        let full = u64::from(self.burst) * 1000;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_BUCKETS && !buckets.contains_key(&who) {
            buckets.retain(|_, bucket| self.refilled(*bucket, now) < full);
            // else the next stranger would make us look at all of them again
            if buckets.len() > MAX_BUCKETS / 2 {
                buckets.clear();
            }
        }
        let level = match buckets.entry(who.clone()) {
            Entry::Occupied(entry) => self.refilled(*entry.get(), now),
            Entry::Vacant(_) => full,
        };
        let (level, admitted) = if level >= 1000 { (level - 1000, true) } else { (level, false) };
        buckets.insert(who, Bucket { level, at: now });
        if admitted { Ok(()) } else { Err(TooFast { retry_after_seconds: 1 }) }
    }

    fn refilled(&self, bucket: Bucket, now: Timestamp) -> u64 {
        let elapsed = u64::try_from(now.millis().saturating_sub(bucket.at.millis())).unwrap_or(0);
        let gained = elapsed.saturating_mul(u64::from(self.per_second));
        bucket.level.saturating_add(gained).min(u64::from(self.burst) * 1000)
    }
}

impl RateLimit for TokenBuckets {
    fn admit(&self, call: &Call) -> Result<(), TooFast> {
        let who = match call.caller_if_any() {
            Ok(Some(principal)) => Who::Principal(Arc::clone(&principal.full_name)),
            _ => Who::Address(call.remote),
        };
        self.take(who, call.now)
    }
}

/// Counts the requests at work.
#[derive(Debug)]
pub(crate) struct Admission {
    active: AtomicUsize,
    most: usize,
}

/// A request at work.
#[derive(Debug)]
pub(crate) struct Slot<'a>(&'a AtomicUsize);

impl Admission {
    pub(crate) const fn new(most: usize) -> Self {
        Self { active: AtomicUsize::new(0), most }
    }

    pub(crate) fn enter(&self) -> Result<Slot<'_>, Refusal> {
        let slot = Slot(&self.active);
        if self.active.fetch_add(1, Ordering::Relaxed) < self.most {
            return Ok(slot);
        }
        Err(Refusal::from(ApiError::unavailable("the server is busy, please retry"))
            .with_header(RETRY_AFTER, "1"))
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts the bytes of all request bodies in memory.
#[derive(Debug)]
pub(crate) struct BodyMemory {
    used: AtomicUsize,
    most: usize,
}

/// One request's part of [`BodyMemory`], given back when the request is done.
#[derive(Debug)]
pub(crate) struct MemoryShare<'a> {
    memory: &'a BodyMemory,
    held: usize,
}

impl BodyMemory {
    pub(crate) const fn new(most: usize) -> Self {
        Self { used: AtomicUsize::new(0), most }
    }

    pub(crate) const fn share(&self) -> MemoryShare<'_> {
        MemoryShare { memory: self, held: 0 }
    }
}

impl MemoryShare<'_> {
    /// Takes so many bytes more.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.held += bytes;
        if self.memory.used.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.memory.most {
            return Ok(());
        }
        Err(busy())
    }
}

impl Drop for MemoryShare<'_> {
    fn drop(&mut self) {
        self.memory.used.fetch_sub(self.held, Ordering::Relaxed);
    }
}

fn busy() -> Refusal {
    Refusal::from(ApiError::unavailable("the server is busy, please retry")).with_header(RETRY_AFTER, "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(name: &str) -> Who {
        Who::Principal(name.into())
    }

    #[test]
    fn a_bucket_empties_and_refills() {
        let buckets = TokenBuckets::new(2, 3);
        let start = Timestamp::from_seconds(100);
        for _ in 0..3 {
            assert_eq!(buckets.take(who("a.b"), start), Ok(()));
        }
        assert!(buckets.take(who("a.b"), start).is_err());
        assert_eq!(buckets.take(who("c.d"), start), Ok(()), "another caller has its own");
        assert_eq!(buckets.take(who("a.b"), start.plus_millis(500)), Ok(()));
        assert!(buckets.take(who("a.b"), start.plus_millis(500)).is_err());
        assert!(buckets.take(who("a.b"), start).is_err(), "a clock that steps back gives nothing");
    }

    #[test]
    fn callers_remembered_are_bounded() {
        let buckets = TokenBuckets::new(1, 1);
        for number in 0..=MAX_BUCKETS {
            buckets.take(who(&number.to_string()), Timestamp::EPOCH).unwrap();
        }
        assert!(buckets.buckets.lock().unwrap().len() <= MAX_BUCKETS);
    }

    #[test]
    fn slots_are_given_back() {
        let admission = Admission::new(1);
        let slot = admission.enter().unwrap();
        assert_eq!(admission.enter().unwrap_err().error().code, 503);
        drop(slot);
        assert!(admission.enter().is_ok());
    }

    #[test]
    fn body_memory_is_shared_and_given_back() {
        let memory = BodyMemory::new(10);
        let (mut one, mut two) = (memory.share(), memory.share());
        one.grow(6).unwrap();
        two.grow(4).unwrap();
        assert_eq!(one.grow(1).unwrap_err().error().code, 503);
        drop((one, two));
        assert!(memory.share().grow(10).is_ok());
    }
}

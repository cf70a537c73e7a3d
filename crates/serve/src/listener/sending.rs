//! Answers on their way over HTTP/2. A peer that opens no window for one leaves it unread, though
//! it reads all else: the time it may do so is watched here.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

use crate::wire::{Body, BoxError};

/// The most that is handed over at once; more of it is progress of the peer.
const PIECE: usize = 16 * 1024;

/// The answers of one connection that wait for their peer, each since its last progress.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: Mutex<HashMap<u64, Instant>>,
    numbers: AtomicU64,
}

impl Outbox {
    /// Whether an answer has waited for its peer longer than this.
    pub(super) fn is_stalled(&self, limit: Duration) -> bool {
        self.waiting().values().any(|since| since.elapsed() >= limit)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, Instant>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of an answer; taken whole where nobody watches.
#[derive(Debug)]
pub(super) struct Sending {
    body: Body,
    /// Of the last part of the body, what is not handed over yet.
    rest: Bytes,
    watched: Option<Entry>,
}

impl Sending {
    pub(super) fn new(body: Body, outbox: Option<&Arc<Outbox>>) -> Self {
        Self { body, rest: Bytes::new(), watched: outbox.map(Entry::new) }
    }

    fn next_piece(&mut self) -> Frame<Bytes> {
        let most = if self.watched.is_some() { PIECE } else { usize::MAX };
        let piece = self.rest.split_to(most.min(self.rest.len()));
        Frame::data(piece)
    }
}

/// The place of an answer in its outbox; given up with it.
#[derive(Debug)]
struct Entry {
    outbox: Arc<Outbox>,
    number: u64,
}

impl Entry {
    fn new(outbox: &Arc<Outbox>) -> Self {
        let number = outbox.numbers.fetch_add(1, Ordering::Relaxed);
        let entry = Self { outbox: Arc::clone(outbox), number };
        entry.waits_for_peer();
        entry
    }

    fn waits_for_peer(&self) {
        self.outbox.waiting().insert(self.number, Instant::now());
    }

    fn waits_for_us(&self) {
        self.outbox.waiting().remove(&self.number);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.waits_for_us();
    }
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let frame = if this.rest.is_empty() {
            match Pin::new(&mut this.body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => {
                        this.rest = data;
                        Some(Ok(this.next_piece()))
                    }
                    Err(frame) => Some(Ok(frame)),
                },
                Poll::Ready(other) => other,
                Poll::Pending => {
                    this.watched.iter().for_each(Entry::waits_for_us);
                    return Poll::Pending;
                }
            }
        } else {
            Some(Ok(this.next_piece()))
        };
        this.watched.iter().for_each(Entry::waits_for_peer);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(rest + body.lower());
        if let Some(upper) = body.upper() {
            hint.set_upper(rest + upper);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_stalled_until_its_peer_takes_more_of_it() {
        let limit = Duration::from_secs(5);
        let outbox = Arc::new(Outbox::default());
        let mut body = Sending::new(Body::from(vec![7; 2 * PIECE + 1]), Some(&outbox));
        assert_eq!(body.size_hint().exact(), Some(2 * PIECE as u64 + 1));
        for length in [PIECE, PIECE, 1] {
            tokio::time::advance(Duration::from_secs(4)).await;
            assert!(!outbox.is_stalled(limit));
            tokio::time::advance(Duration::from_secs(1)).await;
            assert!(outbox.is_stalled(limit));
            let frame = body.frame().await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap().len(), length);
        }
        assert!(body.is_end_stream() && body.size_hint().exact() == Some(0));
        drop(body);
        tokio::time::advance(limit).await;
        assert!(!outbox.is_stalled(limit), "what is sent waits no more");
    }
}

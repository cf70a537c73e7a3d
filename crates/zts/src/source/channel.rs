//! Following the ZMS of the same process.

use std::sync::Arc;

use tokio::sync::mpsc::Receiver;

use super::Event;
use crate::replica::Replica;

/// Events taken into the index at once.
const TOGETHER: usize = 256;

/// Takes what a ZMS of this process tells, in order, until it tells no more. The channel is
/// bounded, so a ZMS that is faster than the index waits.
pub async fn follow(replica: Arc<Replica>, mut events: Receiver<Event>) {
    let mut batch = Vec::new();
    while events.recv_many(&mut batch, TOGETHER).await > 0 {
        let (replica, batch) = (Arc::clone(&replica), std::mem::take(&mut batch));
        let taken = tokio::task::spawn_blocking(move || replica.apply(batch)).await;
        if let Err(error) = taken {
            tracing::error!(%error, "domains of this process could not be taken");
        }
    }
}

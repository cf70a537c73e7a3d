//! Answers that anybody can make long to work out: away from the threads that answer everybody
//! else, and few at a time.

use std::sync::Arc;

use athenz_model::ApiError;
use tokio::sync::Semaphore;

/// A place where such answers are worked out.
#[derive(Debug)]
pub(crate) struct Apart(Arc<Semaphore>);

impl Apart {
    /// With room for so many at a time that half of the processors stay free for others.
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new((processors / 2).max(1))))
    }

    /// Works something out; waits for room.
    ///
    /// # Errors
    /// 500: the work broke off.
    pub(crate) async fn work_out<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let room = Arc::clone(&self.0).acquire_owned().await.map_err(|_| broken_off())?;
        // the room is taken until the work ends, also when nobody waits for it any more
        let work = move || {
            let _room = room;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| broken_off())
    }
}

fn broken_off() -> ApiError {
    ApiError::internal("the answer could not be worked out")
}

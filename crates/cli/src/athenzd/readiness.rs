//! Whether a ZMS can use its store: a load balancer sends no requests to one that cannot.

use std::sync::Arc;
use std::time::Duration;

use athenz_serve::health::HealthPart;
use athenz_store::Store;
use tokio_util::sync::CancellationToken;

/// How often the store is asked.
const LOOK: Duration = Duration::from_secs(1);
/// How long it may take to answer.
const LIMIT: Duration = Duration::from_secs(3);

/// Asks the store for its head until `stop`, and tells what came of it.
pub(super) async fn follow(store: Arc<Store>, part: HealthPart, stop: CancellationToken) {
    let mut is_well = true;
    loop {
        let problem = match tokio::time::timeout(LIMIT, store.head()).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("it did not answer for {LIMIT:?}")),
        };
        match &problem {
            None => part.ready(),
            // anybody may ask for readiness: the text of the database is for the log
            Some(_) => part.waiting("it cannot be used, see the log of the server"),
        }
        if problem.is_none() != is_well {
            is_well = problem.is_none();
            match problem {
                None => tracing::info!("the store can be used again: ready"),
                Some(problem) => tracing::error!(problem, "the store cannot be used: not ready"),
            }
        }
        if stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
            return;
        }
    }
}

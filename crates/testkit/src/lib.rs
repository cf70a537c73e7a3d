//! ZMS and ZTS in one process, for tests: no sockets, no waiting.
//!
//! A [`TestWorld`] is what `athenzd` runs, minus its listeners, on a store and a way of replication
//! that the test chooses ([`Shape`]). A [`Caller`] asks as a user, a service or nobody, with a
//! client certificate as the TLS layer would have verified it. [`TestWorld::settle`] lets ZTS catch
//! up with ZMS. A world is also a [`Transport`](athenz_conformance::Transport), so that recordings
//! play against it.
//!
//! What breaks is chosen with [`FaultPoints`](athenz_store::FaultPoints) in [`WorldSettings`], or by
//! stopping a [`PostgresServer`](athenz_store::testing::PostgresServer) of the test's own.
#![warn(missing_docs)]
#![expect(clippy::expect_used, reason = "a test whose world does not start cannot go on")]

mod caller;
mod follower;
mod transport;
mod world;

pub use caller::{Caller, Reply};
pub use transport::peer_of;
pub use world::{Replication, Shape, StoreKind, TestWorld, WorldSettings, ZMS_URL, ZTS_URL};

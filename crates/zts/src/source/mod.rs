//! Where domains come from: the ZMS of the same process, a ZMS elsewhere, or our own disk.
//!
//! A source yields [`Event`]s; [`crate::replica::Replica`] takes them. Only documents that were
//! verified, or came from our own process, can be in an event.

pub mod channel;
pub mod disk;
pub mod document;
pub mod poll;

use std::sync::Arc;

use athenz_model::DepartedServices;

pub use disk::DiskStore;
pub use document::{DocumentError, TrustAnchors, TrustedDomain, UnverifiedDocument};
pub use poll::{HttpAnswer, Poller, ZmsClient, ZmsError};

/// Which of several lives of a store a sequence number belongs to; restore and import raise it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// What a source has to tell.
#[derive(Clone, Debug)]
pub enum Event {
    /// A domain is new or has changed; a disabled one counts as gone.
    Upsert(Arc<TrustedDomain>),
    /// A domain is no longer there.
    Delete(String),
    /// All services that were deleted and not made again, where the source knows them.
    Departed(DepartedServices),
    /// Everything up to this point has been told.
    Checkpoint(Checkpoint),
}

/// A point that a source has reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Life of the store.
    pub epoch: Epoch,
    /// Number of the last change told, where the source has numbers.
    pub sequence: u64,
}

//! The agent of a host: identity certificates (SIA) and signed policies (ZPU) on disk.
//!
//! * [`identity`]: a service gets its certificate, and the next one.
//! * [`policies`]: signed policies, verified and written where a ZPE reads them.
//! * [`files`]: files that are there whole or not at all.
#![warn(missing_docs)]

pub mod files;
pub mod identity;
pub mod policies;

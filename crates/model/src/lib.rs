//! What every part of Athenz talks about: names, the types on the wire, moments and the error form.
//!
//! * [`names`]: grammars of the contract and newtypes that can only hold a valid, canonical name.
//! * [`wire`]: every struct of the ZMS and ZTS contract, with Athenz's loose reading and its exact writing.
//! * [`operation`]: the 172 operations as data.
//! * [`schema`]: the contract as clients may ask for it.
//! * [`timestamp`], [`clock`]: UTC moments in milliseconds, and where "now" comes from.
//! * [`departed`]: services whose credentials ended with them.
//! * [`error`]: `{"code", "message"}`, the one form in which a server says no.
//!
//! No IO, and no dependency on anything else of this project.
#![warn(missing_docs)]

pub mod clock;
pub mod departed;
pub mod error;
pub mod names;
pub mod operation;
pub mod schema;
pub mod timestamp;
pub mod wire;

pub use clock::{Clock, ManualClock, SystemClock};
pub use departed::DepartedServices;
pub use error::ApiError;
pub use timestamp::Timestamp;

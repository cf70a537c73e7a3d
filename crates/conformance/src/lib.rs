//! Plays recorded exchanges of the reference Athenz servers against a server under test, and compares.
//!
//! A [`Recording`] is a scenario: requests in their order, each with the answer of the reference in
//! comparable form. A [`Player`] makes the requests ([`Values`] fills in names, moments, keys,
//! certificate requests and tokens), hands them to a [`Transport`] (in process, or over the network),
//! makes the answers comparable ([`Normal`]) and notes the [`differences`]. A [`Report`] adds them up,
//! taking into account the deliberate ones ([`Allowed`]).
//!
//! Keys, certificates and tokens are made and read here without the project's own cryptography: this
//! is a second opinion. It is for tests; nothing here resists an attacker.
#![warn(missing_docs)]

mod authority;
mod certificate;
mod compare;
mod der;
mod encoding;
mod functions;
mod json;
mod keys;
mod moment;
mod normal;
mod player;
mod recording;
mod report;
mod transport;
mod url;
mod uuids;
mod value_error;
mod values;

pub use authority::{AuthorityError, ClientCertificate, TestAuthority};
pub use compare::{Difference, answer_differences, differences};
pub use json::{Json, Object, Style};
pub use keys::{KeyError, KeyKind, TestKey};
pub use normal::{Ids, Normal};
pub use player::{Addresses, PlayError, Played, PlayedStep, Player, play_all};
pub use recording::{Caller, Mint, Observed, Recording, RecordingError, Server, Step, Until};
pub use report::{Allowed, Mismatch, Report, Strictness};
pub use transport::{Answer, Exchange, Identity, Transport, TransportError};
pub use url::target;
pub use value_error::ValueError;
pub use values::{Scope, Values};

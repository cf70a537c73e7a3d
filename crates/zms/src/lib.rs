//! ZMS: the source of truth for domains, roles, groups, policies and services.
//!
//! ```text
//! call ─► api: parse, authenticate ─► writer queue ─► commands (pure) ─► ChangeSet
//!           │                              one writer: head lock, catch up, decide, commit
//!           └─ reads answer from the world in memory ◄── publish ◄──┘
//! ```
//!
//! * `api`: one file per family of operations; handlers only translate.
//! * `commands`: what a write decides, as pure functions of a [`Context`](context::Context).
//! * `access`: the questions asked of the decision engine.
//! * `views`, `documents`: objects and whole domains as they stand on the wire.
//! * `writer`: decides under the commit lock, one batch at a time.
//! * [`Zms`]: what routes share; [`mount`] makes the routes.

mod access;
mod apart;
mod api;
mod audit;
mod audited_kind;
mod authorized_services;
mod bootstrap;
mod commands;
mod context;
mod documents;
mod expansion;
mod grammar;
mod keys;
mod limits;
mod messages;
mod owner_header;
mod ownership;
mod quota;
mod recovery;
mod resources;
mod sizes;
mod state;
mod templates;
mod trimmed;
mod values;
mod views;
mod writer;

pub mod config;

pub use api::{PREFIX, mount};
pub use authorized_services::AuthorizedServicesError;
pub use bootstrap::SystemService;
pub use config::Config;
pub use documents::DocumentError;
pub use state::{Parts, StartError, Zms};

//! `athenzd`: ZMS and ZTS, together on a laptop or each alone.

mod admin;
mod commands;
mod dev;
pub mod feed;
pub mod home;
mod listen;
mod logging;
mod output;
pub mod polling;
mod providers;
mod pruning;
mod readiness;
pub mod servers;
pub mod settings;
mod standalone;

pub use commands::run;

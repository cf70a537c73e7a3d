//! The built `athenzd`, as its users meet it.

mod admin;
mod alone;
mod config;
mod dev;
mod program;

//! The servers put together: what `athenzd` runs, and what tests run in process.
//!
//! * [`athenzd::servers`]: ZMS and ZTS with their routers, free of sockets and files.
//! * [`athenzd::feed`], [`athenzd::polling`]: how a ZTS hears of what happens in ZMS.
//! * [`athenzd::settings`]: configuration files.
//! * [`athenzd::home`]: the folder of `athenzd dev`.
#![warn(missing_docs)]

pub mod athenzd;

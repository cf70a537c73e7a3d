//! From a request to its handler and back.

mod builder;
pub(crate) mod call;
mod dispatch;
mod route;
mod trace;
mod tree;

pub use builder::{Mount, RouterBuilder, RouterError};
pub use call::{Call, RequestId};
pub use dispatch::Router;
pub use route::RouteOptions;

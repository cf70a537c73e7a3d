//! The routes of ZMS: each translates a call into a read or a command, and the outcome into an
//! answer. No rule lives here.

mod access;
mod dependencies;
mod domains;
mod entities;
mod groups;
mod lists;
mod owners;
mod policies;
mod purge;
mod replication;
mod request;
pub(crate) mod roles;
mod services;
mod system;
mod templates;
mod tenancy;
mod user_tokens;
mod users;

use std::sync::Arc;

use athenz_model::wire::operations::ZMS;
use athenz_serve::caller::Authenticator;
use athenz_serve::router::Mount;

use crate::messages::INVALID_OBJECT;
use crate::state::Zms;

/// Where ZMS is found below the server's address.
pub const PREFIX: &str = "/zms/v1";

/// All operations of ZMS with their handlers.
pub fn mount(zms: Arc<Zms>, authenticator: Arc<Authenticator>) -> Mount<Zms> {
    let mount = Mount::new(PREFIX, ZMS, zms.clone())
        .authenticator(authenticator)
        .freshness(zms)
        .invalid_object(INVALID_OBJECT);
    let mount = domains::routes(mount);
    let mount = roles::routes(mount);
    let mount = groups::routes(mount);
    let mount = policies::routes(mount);
    let mount = services::routes(mount);
    let mount = entities::routes(mount);
    let mount = templates::routes(mount);
    let mount = access::routes(mount);
    let mount = replication::routes(mount);
    let mount = lists::routes(mount);
    let mount = owners::routes(mount);
    let mount = users::routes(mount);
    let mount = user_tokens::routes(mount);
    let mount = purge::routes(mount);
    let mount = tenancy::routes(mount);
    let mount = dependencies::routes(mount);
    system::routes(mount)
}

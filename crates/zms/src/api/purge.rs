//! The purge of expired members.

use std::sync::Arc;

use athenz_model::wire::zms::ExpiredMembers;
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, json, no_content};

use super::request::change_without_body_returning;
use crate::commands::purge::{self, Purged};
use crate::state::Zms;

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount.handle("deleteExpiredMembers", delete_expired_members)
}

async fn delete_expired_members(zms: Arc<Zms>, call: Call) -> Answer {
    let number = call.query.integer("purgeResources")?;
    let (purged, gone) = change_without_body_returning(&zms, &call, move |context, _| {
        let purged = Purged::of(number)?;
        let (changes, gone) = purge::purge(context, purged)?;
        Ok((changes, (purged, gone)))
    })
    .await?;
    if !call.wants_object() {
        return Ok(no_content());
    }
    json(&ExpiredMembers {
        expired_role_members: purged.roles.then_some(gone.roles),
        expired_group_members: purged.groups.then_some(gone.groups),
    })
}

//! The way back in for an installation that nobody administers any more.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::names::Grammar;
use athenz_world::CollectionKind;

use crate::bootstrap;
use crate::commands::member_target::MemberPath;
use crate::commands::membership;
use crate::context::{Caller, Context};
use crate::owner_header::OwnerHeader;
use crate::state::Zms;
use crate::writer::WriteFacts;

impl Zms {
    /// Makes a user a member of `sys.auth:role.admin`. For an operator who has the store itself;
    /// never to be reached over the network.
    ///
    /// # Errors
    /// The name is none of a user, the role refuses it, or the store cannot be used.
    pub async fn appoint_administrator(&self, user: &str) -> Result<(), ApiError> {
        let prefix = format!("{}.", self.rules.users.user);
        let user = user.to_ascii_lowercase();
        // everybody, or all of some, is nobody's wish
        if !user.starts_with(&prefix) || !Grammar::CompoundName.matches(&user) {
            return Err(ApiError::bad_request(format!(
                "`{user}` is no user: a full name begins with `{prefix}`"
            )));
        }
        let facts = WriteFacts {
            operation: "appointAdministrator",
            caller: Arc::new(Caller::named(bootstrap::SETUP_ACTOR)),
            audit_reference: "granted offline by the operator".to_owned(),
            owner: OwnerHeader::Absent,
            right: None,
        };
        let decide = move |context: &Context<'_>| {
            let kind = CollectionKind::Role;
            membership::appoint(
                context,
                MemberPath { kind, domain: "sys.auth", collection: "admin", member: &user },
            )
        };
        self.write(facts, decide).await.map(drop)
    }
}

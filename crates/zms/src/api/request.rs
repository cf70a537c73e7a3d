//! From a call to a decision and back: the order of checks that all operations share.

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError};

use athenz_model::names::Grammar;
use athenz_model::operation::{Authentication, Place};
use athenz_model::wire::Wire;
use athenz_model::wire::zms::DomainTemplate;
use athenz_model::{ApiError, Timestamp};
use athenz_serve::caller::Principal;
use athenz_serve::router::Call;
use athenz_serve::wire::{Refusal, check_name};
use athenz_world::{ChangeSet, World};
use serde::de::DeserializeOwned;

use crate::access;
use crate::authorized_services::Item;
use crate::context::{Caller, Context};
use crate::owner_header::{OWNER_HEADER, OwnerHeader};
use crate::state::Zms;
use crate::writer::{Right, WriteFacts};

/// Path parameters of a call, as a decision takes them along.
#[derive(Clone, Debug)]
pub(crate) struct Path(Vec<(&'static str, String)>);

impl Path {
    pub(crate) fn of(call: &Call) -> Self {
        let names = call.operation.parameters.iter().map(|parameter| parameter.name);
        Self(names.map(|name| (name, call.path(name).to_owned())).collect())
    }

    /// A parameter by its name in the contract.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}

impl Caller {
    pub(crate) fn of(principal: &Principal) -> Self {
        Self {
            name: principal.full_name.to_string(),
            domain: principal.domain.to_string(),
            roles: principal.roles.clone(),
            mtls_restricted: principal.mtls_restricted,
            may_authorize: principal.may_authorize,
            authorized_service: principal.authorized_service.clone(),
            credential: principal.audit_text.clone(),
        }
    }
}

/// A read under way: the world it sees, and who asks.
#[derive(Debug)]
pub(crate) struct Read<'a> {
    pub(crate) zms: &'a Zms,
    pub(crate) call: &'a Call,
    pub(crate) world: Arc<World>,
    pub(crate) caller: Caller,
    ids: AtomicI64,
}

impl<'a> Read<'a> {
    /// Finds the caller and a world that is fresh enough, and does what the contract declares:
    /// authorization, then the names in path and query.
    pub(crate) async fn begin(zms: &'a Zms, call: &'a Call) -> Result<Self, Refusal> {
        let caller = Caller::of(call.caller()?);
        let world = zms.fresh_world().await?;
        let read = Self { zms, call, world, caller, ids: AtomicI64::new(0) };
        read.authorize(right_for(call).as_ref())?;
        check_parameters(call)?;
        Ok(read)
    }

    /// The context of questions about rights.
    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            world: &self.world,
            rules: &self.zms.rules,
            templates: &self.zms.templates,
            caller: &self.caller,
            operation: self.call.operation.id,
            now: self.now(),
            stamp: self.now(),
            audit_reference: "",
            owner: &OwnerHeader::Absent,
            ids: &self.ids,
            uuid: "",
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.call.now
    }

    /// An unknown or disabled domain is answered without a body where Athenz has none.
    fn authorize(&self, right: Option<&Right>) -> Result<(), Refusal> {
        let Some(Right { action, resource }) = right else { return Ok(()) };
        access::authorize(&self.context(), action, resource).map_err(|error| match error.message.as_str() {
            "Domain not found" | "Disabled Domain" => Refusal::bare(error),
            _ => error.into(),
        })
    }

    /// A path parameter in lower case.
    pub(crate) fn name(&self, parameter: &str) -> String {
        self.call.path(parameter).to_lowercase()
    }

    /// A query value in lower case; empty counts as absent.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        self.call.query.first(name).filter(|value| !value.is_empty()).map(str::to_lowercase)
    }

    /// A truth value in the query; absent and unreadable are false.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.call.query.boolean(name).unwrap_or_default()
    }
}

/// Checks names in path and query, but for those that Athenz takes as they come.
fn check_parameters(call: &Call) -> Result<(), ApiError> {
    for parameter in call.operation.parameters {
        let value = match parameter.place {
            Place::Path => Some(call.path(parameter.name)),
            Place::Query(name) => call.query.first(name),
            Place::Header(_) | Place::Body => None,
        };
        let value = value.filter(|value| {
            !value.is_empty()
                || parameter.place == Place::Path
                || counts_empty(call.operation.id, parameter.name)
        });
        let (grammar, of) = match (call.operation.id, parameter.name) {
            // any text is a principal, though hardly anybody's; any text is a domain that trusts nobody
            ("getAccess" | "getAccessExt", "checkPrincipal" | "domain") => continue,
            // what cannot be a tag is none
            ("getPolicies", "tagKey" | "tagValue") => continue,
            ("getDomainList", "roleMember") => (Grammar::CompoundName, "EntityName"),
            ("getPendingDomainRoleMembersList" | "getPendingDomainGroupMembersList", "domainName")
                if value != Some("*") =>
            {
                (Grammar::CompoundName, "DomainName")
            }
            // sub-domains too
            ("deleteTopLevelDomain", "name") => (Grammar::CompoundName, "DomainName"),
            // what cannot be a member of a group can still be asked for, and taken out
            (
                "getGroupMembership" | "deleteGroupMembership" | "deletePendingGroupMembership",
                "memberName",
            ) => (Grammar::MemberName, "MemberName"),
            _ => (parameter.grammar, parameter.of),
        };
        if let Some(value) = value {
            check_name(value, grammar, of)?;
        }
    }
    Ok(())
}

/// Whether an empty value in the query is one, though not of its grammar; elsewhere it is none.
fn counts_empty(operation: &str, parameter: &str) -> bool {
    matches!(
        (operation, parameter),
        ("getDomainList", "roleMember" | "roleName")
            | ("getSignedDomains", "domain" | "metaAttr")
            | ("getResourceAccessList", "action")
    )
}

/// Most lines of an audit log in one answer.
const AUDIT_LINES: u32 = 1000;

/// The audit log of a role or group from the store.
pub(crate) async fn member_audit(
    zms: &Zms,
    kind: athenz_world::CollectionKind,
    domain: &str,
    name: &str,
) -> Result<Vec<athenz_world::MemberAudit>, Refusal> {
    let page = zms.store.member_audit(domain, kind, name, 0, AUDIT_LINES).await.map_err(|error| {
        tracing::error!(%error, "store");
        error.to_api()
    })?;
    Ok(page.audits)
}

/// What a write is and its body, once its caller is known and what the contract declares is done:
/// names and body are looked at before what a service may do for others.
async fn begin_write<B>(
    zms: &Zms,
    call: &Call,
    body: impl FnOnce() -> Result<B, ApiError>,
) -> Result<(WriteFacts, B), Refusal> {
    let read = Read::begin_unchecked(zms, call).await?;
    let right = right_for(call);
    read.authorize(right.as_ref())?;
    if zms.rules.config.read_only_mode {
        let text = "Server in Maintenance Read-Only mode. Please try your request later";
        return Err(ApiError::bad_request(text).into());
    }
    let owner = owner_of(call)?;
    check_parameters(call)?;
    let body = body()?;
    if let Some(service) = &read.caller.authorized_service {
        zms.authorized_services.check(service, call.operation.id, &item_of(call)?)?;
    }
    let facts = WriteFacts {
        operation: call.operation.id,
        caller: Arc::new(read.caller),
        audit_reference: call.audit_reference().map(|text| text.trim().to_owned()).unwrap_or_default(),
        owner,
        right,
    };
    Ok((facts, body))
}

/// The owner that a call names. One that is no name is refused only where the contract has the
/// header; elsewhere it is none.
fn owner_of(call: &Call) -> Result<OwnerHeader, ApiError> {
    let declared = call
        .operation
        .parameters
        .iter()
        .any(|parameter| matches!(parameter.place, Place::Header(name) if name == OWNER_HEADER));
    let owner = OwnerHeader::parse(call.resource_owner().as_deref());
    if declared { owner } else { Ok(owner.unwrap_or_default()) }
}

/// What of a call a list of authorized operations may name.
fn item_of(call: &Call) -> Result<Item, Refusal> {
    let name = |parameter: &str| call.path(parameter).to_lowercase();
    Ok(match call.operation.id {
        "putMembership" | "deleteMembership" | "deletePendingMembership" | "putMembershipDecision" => {
            Item::Role(name("roleName"))
        }
        "putGroupMembership"
        | "deleteGroupMembership"
        | "deletePendingGroupMembership"
        | "putGroupMembershipDecision" => Item::Group(name("groupName")),
        "putDomainTemplate" => {
            let body = call.input::<DomainTemplate>()?.unchecked().unwrap_or_default();
            Item::Templates(body.template_names.unwrap_or_default())
        }
        "putDomainTemplateExt" | "deleteDomainTemplate" => Item::Templates(vec![name("template")]),
        _ => Item::None,
    })
}

/// What the contract demands for a call, with the names of its path.
fn right_for(call: &Call) -> Option<Right> {
    let Authentication::Authorize { action, resource } = call.operation.authentication else { return None };
    let mut resource = resource.to_owned();
    for parameter in call.operation.parameters {
        let place = format!("{{{}}}", parameter.name);
        if resource.contains(&place) {
            resource = resource.replace(&place, call.path(parameter.name));
        }
    }
    Some(Right { action, resource })
}

impl<'a> Read<'a> {
    async fn begin_unchecked(zms: &'a Zms, call: &'a Call) -> Result<Self, Refusal> {
        let caller = Caller::of(call.caller()?);
        let world = zms.fresh_world().await?;
        Ok(Self { zms, call, world, caller, ids: AtomicI64::new(0) })
    }
}

/// A write without a body. The answer is the world after the commit.
pub(crate) async fn change(
    zms: &Zms,
    call: &Call,
    mut decide: impl FnMut(&Context<'_>, &Path) -> Result<ChangeSet, ApiError> + Send + 'static,
) -> Result<Arc<World>, Refusal> {
    let (facts, ()) = begin_write(zms, call, || Ok(())).await?;
    let path = Path::of(call);
    Ok(zms.write(facts, move |context| decide(context, &path)).await?)
}

/// A write with a body: an unreadable one is refused before anything else, one that breaks the
/// contract after authorization.
pub(crate) async fn change_with<B>(
    zms: &Zms,
    call: &Call,
    mut decide: impl FnMut(&Context<'_>, &Path, B) -> Result<ChangeSet, ApiError> + Send + 'static,
) -> Result<Arc<World>, Refusal>
where
    B: Wire + DeserializeOwned + Clone + Send + Sync + 'static,
{
    let input = call.input::<B>()?;
    let (facts, body) = begin_write(zms, call, || input.check()).await?;
    let path = Path::of(call);
    Ok(zms.write(facts, move |context| decide(context, &path, body.clone())).await?)
}

/// A write with a body that Athenz takes without looking at the contract; the command checks what
/// it needs. `None` is no body.
pub(crate) async fn change_unchecked<B>(
    zms: &Zms,
    call: &Call,
    mut decide: impl FnMut(&Context<'_>, &Path, Option<B>) -> Result<ChangeSet, ApiError> + Send + 'static,
) -> Result<Arc<World>, Refusal>
where
    B: Wire + DeserializeOwned + Clone + Send + Sync + 'static,
{
    let body = call.input::<B>()?.unchecked();
    let (facts, body) = begin_write(zms, call, || Ok(body)).await?;
    let path = Path::of(call);
    Ok(zms.write(facts, move |context| decide(context, &path, body.clone())).await?)
}

/// A write with a body that answers with more than the world after it.
pub(crate) async fn change_returning<B, T>(
    zms: &Zms,
    call: &Call,
    mut decide: impl FnMut(&Context<'_>, &Path, B) -> Result<(ChangeSet, T), ApiError> + Send + 'static,
) -> Result<(Arc<World>, T), Refusal>
where
    B: Wire + DeserializeOwned + Clone + Send + Sync + 'static,
    T: Send + 'static,
{
    let decided = Decided::new();
    let place = decided.clone();
    let world = change_with(zms, call, move |context, path, body| place.put(decide(context, path, body)?));
    Ok((world.await?, decided.take()?))
}

/// A write without a body that answers with more than the world after it.
pub(crate) async fn change_without_body_returning<T: Send + 'static>(
    zms: &Zms,
    call: &Call,
    mut decide: impl FnMut(&Context<'_>, &Path) -> Result<(ChangeSet, T), ApiError> + Send + 'static,
) -> Result<T, Refusal> {
    let decided = Decided::new();
    let place = decided.clone();
    change(zms, call, move |context, path| place.put(decide(context, path)?)).await?;
    decided.take()
}

/// Carries what a command found besides its changes out of the writer.
#[derive(Debug)]
struct Decided<T>(Arc<Mutex<Option<T>>>);

impl<T> Clone for Decided<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Decided<T> {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    /// Keeps the answer; a command that is decided again replaces it.
    fn put(&self, (changes, answer): (ChangeSet, T)) -> Result<ChangeSet, ApiError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        Ok(changes)
    }

    fn take(&self) -> Result<T, Refusal> {
        let answer = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer.ok_or_else(|| ApiError::internal("internal server error").into())
    }
}

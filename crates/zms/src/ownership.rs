//! Resource ownership (`Athenz-Resource-Owner`): objects made by infrastructure-as-code tools
//! refuse edits by others. One rule for all kinds of objects.

use athenz_model::ApiError;
use athenz_world::{CollectionKind, Ownership};

use crate::context::Context;
use crate::owner_header::OwnerHeader;

/// What kind of object is owned; the words of error texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owned {
    Domain,
    Role,
    Group,
    Policy,
    Service,
}

impl Owned {
    const fn word(self) -> &'static str {
        match self {
            Self::Domain => "domain",
            Self::Role => "role",
            Self::Group => "group",
            Self::Policy => "policy",
            Self::Service => "service",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Domain => "Domain",
            Self::Role => "Role",
            Self::Group => "Group",
            Self::Policy => "Policy",
            Self::Service => "Service",
        }
    }
}

impl From<CollectionKind> for Owned {
    fn from(kind: CollectionKind) -> Self {
        match kind {
            CollectionKind::Role => Self::Role,
            CollectionKind::Group => Self::Group,
        }
    }
}

/// A part of an object that has an owner of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Component {
    Object,
    Meta,
    Members,
    Assertions,
    PublicKeys,
    Hosts,
}

impl Component {
    fn of(self, ownership: &Ownership) -> &str {
        match self {
            Self::Object => &ownership.object,
            Self::Meta => &ownership.meta,
            Self::Members => &ownership.members,
            Self::Assertions => &ownership.assertions,
            Self::PublicKeys => &ownership.public_keys,
            Self::Hosts => &ownership.hosts,
        }
    }

    fn set(self, ownership: &mut Ownership, owner: &str) {
        let place = match self {
            Self::Object => &mut ownership.object,
            Self::Meta => &mut ownership.meta,
            Self::Members => &mut ownership.members,
            Self::Assertions => &mut ownership.assertions,
            Self::PublicKeys => &mut ownership.public_keys,
            Self::Hosts => &mut ownership.hosts,
        };
        owner.clone_into(place);
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Object => "resource",
            Self::Meta => "meta",
            Self::Members => "members",
            Self::Assertions => "assertions",
            Self::PublicKeys => "public-keys",
            Self::Hosts => "hosts",
        }
    }
}

/// The object an owner is checked on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnedObject<'a> {
    pub(crate) kind: Owned,
    pub(crate) name: &'a str,
    pub(crate) owner: &'a Ownership,
}

/// Edit of one component: the ownership to record, if it changes.
///
/// # Errors
/// 409: another owns it.
pub(crate) fn edit(
    context: &Context<'_>,
    object: OwnedObject<'_>,
    component: Component,
) -> Result<Option<Ownership>, ApiError> {
    if !enforced(context) {
        return Ok(None);
    }
    let stored = component.of(object.owner);
    let OwnerHeader::Owner { name, force } = context.owner else {
        if stored.is_empty() {
            return Ok(None);
        }
        let title = object.kind.title();
        return Err(ApiError::conflict(format!("{title} has a resource owner: {stored}")));
    };
    if stored.eq_ignore_ascii_case(name) {
        return Ok(None);
    }
    if !stored.is_empty() && !force {
        let what = match (object.kind, component) {
            (Owned::Domain, _) => "resource owner",
            (_, Component::Meta) => "resource meta owner",
            _ => "resource member owner",
        };
        return Err(ApiError::conflict(format!(
            "Invalid {what} for {}: {}, {stored} vs. {name}",
            object.kind.word(),
            object.name
        )));
    }
    let mut recorded = object.owner.clone();
    component.set(&mut recorded, name);
    Ok(Some(recorded))
}

/// A full put. `present` are the components the request carries (besides the object itself).
/// The ownership to record, if it changes.
///
/// # Errors
/// 409: another owns the object or a component.
pub(crate) fn replace(
    context: &Context<'_>,
    object: OwnedObject<'_>,
    components: &[Component],
    present: &[Component],
) -> Result<Option<Ownership>, ApiError> {
    if !enforced(context) {
        return Ok(None);
    }
    let header = context.owner.name();
    if *object.owner == Ownership::default() {
        return Ok(header.map(|name| {
            let mut recorded = Ownership::default();
            for component in std::iter::once(&Component::Object).chain(present) {
                component.set(&mut recorded, name);
            }
            recorded
        }));
    }
    let force = matches!(context.owner, OwnerHeader::Owner { force: true, .. });
    let mut changes = false;
    for component in std::iter::once(&Component::Object).chain(components) {
        let stored = component.of(object.owner);
        let same = header.is_some_and(|name| stored.eq_ignore_ascii_case(name));
        if stored.is_empty() {
            changes |= header.is_some();
        } else if !same && !force {
            return Err(ApiError::conflict(format!(
                "Invalid {} owner for {}: {}, {stored} vs. {}",
                component.word(),
                object.kind.word(),
                object.name,
                header.unwrap_or("null")
            )));
        } else {
            changes |= !same;
        }
    }
    Ok(header.filter(|_| changes).map(|name| {
        let mut recorded = Ownership::default();
        for component in std::iter::once(&Component::Object).chain(components) {
            component.set(&mut recorded, name);
        }
        recorded
    }))
}

/// Deletion of the object or of an element of a component.
///
/// # Errors
/// 409: another owns it; force does not help.
pub(crate) fn delete(context: &Context<'_>, owner: &Ownership, component: Component) -> Result<(), ApiError> {
    if !enforced(context) {
        return Ok(());
    }
    let stored = component.of(owner);
    let header = context.owner.name();
    if stored.is_empty() || header.is_some_and(|name| stored.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    let given = header.unwrap_or("null");
    Err(ApiError::conflict(format!("Invalid resource owner for object: {stored} vs. {given}")))
}

fn enforced(context: &Context<'_>) -> bool {
    context.rules.config.enforce_resource_ownership && *context.owner != OwnerHeader::Ignore
}

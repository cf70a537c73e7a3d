//! Applying solution templates to domains, and taking them away.

use std::collections::BTreeSet;
use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::names::{DomainName, EntityName, Grammar, MemberName, SimpleName};
use athenz_model::wire::zms::{self as wire, DomainTemplate, Template};
use athenz_world::{
    Assertion, Change, ChangeSet, CollectionAttributes, CollectionKind, CollectionSettings, Domain,
    Ownership, PolicyVersionAttributes, Service,
};

use super::collection_input::SettingsInput;
use super::collections::check_group_unused;
use super::provision::admit;
use super::standard_names::FIRST_VERSION;
use crate::access::authorize;
use crate::audit;
use crate::audited_kind::AuditedKind;
use crate::context::Context;
use crate::grammar::check_grammar;
use crate::values::{domain_name, simple_name};

/// The place where the domain goes.
const DOMAIN: &str = "_domain_";

/// The names of known templates, each once.
///
/// # Errors
/// 404: one is not known.
pub(crate) fn known(context: &Context<'_>, names: Vec<String>) -> Result<Vec<String>, ApiError> {
    let mut seen = BTreeSet::new();
    let lower = names.into_iter().map(|name| name.to_lowercase());
    let names: Vec<String> = lower.filter(|name| seen.insert(name.clone())).collect();
    match names.iter().find(|name| context.templates.find(name).is_none()) {
        Some(name) => {
            Err(ApiError::not_found(format!("validateSolutionTemplates: Template not found: {name}")))
        }
        None => Ok(names),
    }
}

/// `PUT /domain/{name}/template`, `PUT /domain/{name}/template/{template}`.
pub(crate) fn put(
    context: &Context<'_>,
    domain: &str,
    single: Option<&str>,
    body: DomainTemplate,
) -> Result<ChangeSet, ApiError> {
    let domain = domain_name(domain)?;
    let single = single.map(simple_name).transpose()?;
    let resource = match &single {
        Some(template) => format!("{domain}:template.{template}"),
        None => format!("{domain}:template"),
    };
    authorize(context, "update", &resource)?;
    let call = context.operation;
    let names = body.template_names.unwrap_or_default();
    if names.is_empty() {
        return Err(ApiError::bad_request(format!("{call}: No templates specified")));
    }
    if let Some(single) = &single
        && !matches!(names.as_slice(), [only] if only.eq_ignore_ascii_case(single))
    {
        return Err(ApiError::bad_request("putDomainTemplateExt: template name mismatch"));
    }
    let names = known(context, names)?;
    let found = context.stored_domain(&domain)?;
    audit::check_domain(context, AuditedKind::Template, &domain)?;
    let params = params(body.params);
    let mut filled = Fill { context, domain: Arc::clone(found), params, changes: Vec::new() };
    for name in &names {
        filled.apply(name)?;
    }
    Ok(ChangeSet::loud(domain, filled.changes))
}

/// The changes that apply a template to a domain that is being made.
pub(crate) fn apply_to_new(
    context: &Context<'_>,
    domain: &DomainName,
    name: &str,
) -> Result<Vec<Change>, ApiError> {
    let empty = Arc::new(Domain::new(domain.clone()));
    let mut fill = Fill { context, domain: empty, params: Vec::new(), changes: Vec::new() };
    fill.apply(name)?;
    Ok(fill.changes)
}

/// `_name_` and what goes there, in lower case. As recorded a value may be a pattern: the right to
/// apply a template is the right to what the template grants, on anything of the domain.
fn params(given: Option<Vec<wire::TemplateParam>>) -> Vec<(String, String)> {
    given
        .into_iter()
        .flatten()
        .filter_map(|param| Some((format!("_{}_", param.name?.to_lowercase()), param.value?.to_lowercase())))
        .collect()
}

/// Fills templates in for one domain. What an earlier template of the same call has made is not
/// seen by a later one; applying the changes merges them.
struct Fill<'a> {
    context: &'a Context<'a>,
    domain: Arc<Domain>,
    params: Vec<(String, String)>,
    changes: Vec<Change>,
}

impl Fill<'_> {
    fn apply(&mut self, name: &str) -> Result<(), ApiError> {
        let Some(template) = self.context.templates.find(name) else {
            return Err(ApiError::not_found(format!(
                "validateSolutionTemplates: Template not found: {name}"
            )));
        };
        for role in template.roles.iter().flatten() {
            self.role(role)?;
        }
        for group in template.groups.iter().flatten() {
            self.group(group)?;
        }
        for policy in template.policies.iter().flatten() {
            self.policy(policy)?;
        }
        for service in template.services.iter().flatten() {
            self.service(service)?;
        }
        let version = template.metadata.as_ref().and_then(|metadata| metadata.latest_version);
        let template = name.to_owned();
        self.changes.push(Change::PutTemplate { template, version: version.unwrap_or_default() });
        Ok(())
    }

    fn fill(&self, text: &str) -> String {
        self.fill_params(&text.replace(DOMAIN, &self.domain.name))
    }

    fn fill_params(&self, text: &str) -> String {
        self.params.iter().fold(text.to_owned(), |text, (place, value)| text.replace(place, value))
    }

    /// The short name of an object whose full name is `domain:kind.name` once filled in.
    fn short_name(&self, template: Option<&String>, kind: &str) -> Result<EntityName, ApiError> {
        let full = self.fill(template.map_or("", String::as_str));
        check_grammar(&full, Grammar::ResourceName, "ResourceName")?;
        let short = full.rsplit_once(&format!(":{kind}.")).map_or(full.as_str(), |(_, short)| short);
        crate::values::entity_name(short)
    }

    fn role(&mut self, role: &wire::Role) -> Result<(), ApiError> {
        let kind = CollectionKind::Role;
        let name = self.short_name(role.name.as_ref(), "role")?;
        let trust = role.trust.as_deref().map(|trust| domain_name(&self.fill_params(trust))).transpose()?;
        if let Some(trust) = &trust
            && (*trust == self.domain.name || self.context.world.domain(trust).is_none())
        {
            let domain = &self.domain.name;
            return Err(ApiError::bad_request(format!(
                "unable to put domain templates: {domain}: role {name} is delegated to {trust}, which is no other domain"
            )));
        }
        let meta = wire::RoleMeta {
            self_serve: role.self_serve,
            member_expiry_days: role.member_expiry_days,
            token_expiry_mins: role.token_expiry_mins,
            cert_expiry_mins: role.cert_expiry_mins,
            sign_algorithm: role.sign_algorithm.clone(),
            service_expiry_days: role.service_expiry_days,
            member_review_days: role.member_review_days,
            service_review_days: role.service_review_days,
            review_enabled: role.review_enabled,
            notify_roles: role.notify_roles.clone(),
            group_expiry_days: role.group_expiry_days,
            group_review_days: role.group_review_days,
            description: role.description.clone(),
            notify_details: role.notify_details.clone(),
            ..wire::RoleMeta::default()
        };
        let needs_approval = self.collection(kind, &name, SettingsInput::from(meta), trust);
        let members = role.role_members.iter().flatten().filter_map(|member| member.member_name.clone());
        let plain = role.members.iter().flatten().cloned();
        self.members(kind, &name, needs_approval, members.chain(plain).collect())
    }

    fn group(&mut self, group: &wire::Group) -> Result<(), ApiError> {
        let kind = CollectionKind::Group;
        let name = self.short_name(group.name.as_ref(), "group")?;
        let meta = wire::GroupMeta {
            self_serve: group.self_serve,
            review_enabled: group.review_enabled,
            notify_roles: group.notify_roles.clone(),
            member_expiry_days: group.member_expiry_days,
            service_expiry_days: group.service_expiry_days,
            self_renew: group.self_renew,
            self_renew_mins: group.self_renew_mins,
            max_members: group.max_members,
            notify_details: group.notify_details.clone(),
            principal_domain_filter: group.principal_domain_filter.clone(),
            ..wire::GroupMeta::default()
        };
        let needs_approval = self.collection(kind, &name, SettingsInput::from(meta), None);
        let members =
            group.group_members.iter().flatten().filter_map(|member| member.member_name.clone()).collect();
        self.members(kind, &name, needs_approval, members)
    }

    /// New: with the settings of the template. Existing: those given override most of those stored.
    /// Whether its new members need approval.
    fn collection(
        &mut self,
        kind: CollectionKind,
        name: &EntityName,
        input: SettingsInput,
        trust: Option<DomainName>,
    ) -> bool {
        let held = self.domain.collection(kind, name);
        let unset = CollectionSettings::default();
        let stored = held.map_or(&unset, |held| held.settings());
        let mut settings = input.over(stored);
        if held.is_some() {
            drop_settings(kind, &mut settings);
        }
        let needs_approval = settings.review_enabled || settings.audit_enabled;
        let created = held.map_or(self.context.now, |held| held.attributes.created);
        let mut attributes = CollectionAttributes::new(created).with_settings(settings);
        attributes.modified = self.context.stamp;
        attributes.trust = trust;
        self.changes.push(Change::PutCollection { kind, name: name.clone(), attributes });
        needs_approval
    }

    /// Members are added, never removed.
    fn members(
        &mut self,
        kind: CollectionKind,
        name: &EntityName,
        needs_approval: bool,
        given: Vec<String>,
    ) -> Result<(), ApiError> {
        for text in given {
            let text = self.fill(&text).to_lowercase();
            let member = MemberName::parse(&text)
                .map_err(|_| crate::grammar::mismatch("MemberName", Grammar::MemberName))?;
            let held = self.domain.collection(kind, name).map(|held| &**held);
            let mut changes = admit(self.context, kind, name, held, needs_approval, member);
            if kind == CollectionKind::Role && held.is_some() {
                changes.iter_mut().for_each(forget_requester);
            }
            self.changes.extend(changes);
        }
        Ok(())
    }

    /// New: version 0, active. Existing: missing assertions are added to the active version.
    fn policy(&mut self, policy: &wire::Policy) -> Result<(), ApiError> {
        let name = self.short_name(policy.name.as_ref(), "policy")?;
        let domain = Arc::clone(&self.domain);
        let held = domain.policies.get(&name).and_then(|held| held.active());
        let version = match held {
            Some((version, _)) => version.clone(),
            None => {
                let version = SimpleName::parse(FIRST_VERSION)
                    .map_err(|_| crate::grammar::mismatch("SimpleName", Grammar::SimpleName))?;
                let attributes = PolicyVersionAttributes {
                    modified: self.context.stamp,
                    active: true,
                    spelling: String::new(),
                    description: String::new(),
                    tags: Default::default(),
                    owner: Ownership::default(),
                };
                self.changes.push(Change::PutPolicyVersion {
                    policy: name.clone(),
                    version: version.clone(),
                    attributes,
                });
                version
            }
        };
        for given in policy.assertions.iter().flatten() {
            let mut assertion = self.assertion(given)?;
            let present =
                held.is_some_and(|(_, held)| held.assertions.values().any(|a| a.says_the_same(&assertion)));
            if !present {
                assertion.id = self.context.next_id();
                self.changes.push(Change::PutAssertion {
                    policy: name.clone(),
                    version: version.clone(),
                    assertion,
                });
            }
        }
        Ok(())
    }

    fn assertion(&self, given: &wire::Assertion) -> Result<Assertion, ApiError> {
        let filled = wire::Assertion {
            role: given.role.as_deref().map(|text| self.fill(text)),
            resource: given.resource.as_deref().map(|text| self.fill(text)),
            action: given.action.as_deref().map(|text| self.fill(text)),
            effect: given.effect,
            ..wire::Assertion::default()
        };
        let assertion = super::policies::parse_assertion(filled, false)?;
        super::policies::check_role_domain(&self.domain.name, &assertion)?;
        Ok(assertion)
    }

    fn service(&mut self, given: &wire::ServiceIdentity) -> Result<(), ApiError> {
        let full = self.fill(given.name.as_deref().unwrap_or_default());
        let short = full.rsplit_once('.').map_or(full.as_str(), |(_, short)| short);
        let name = simple_name(short)?;
        let mut service =
            self.domain.services.get(&name).map_or_else(Service::default, |held| Service::clone(held));
        service.modified = self.context.stamp;
        service.description = given.description.clone().unwrap_or_default();
        service.executable = given.executable.clone().unwrap_or_default();
        service.user = given.user.clone().unwrap_or_default();
        service.group = given.group.clone().unwrap_or_default();
        service.hosts = given.hosts.clone().unwrap_or_default();
        for entry in given.public_keys.iter().flatten() {
            if let (Some(id), Some(key)) = (&entry.id, &entry.key) {
                service.public_keys.insert(id.to_lowercase(), key.clone());
            }
        }
        self.changes.push(Change::PutService { name, service: Box::new(service) });
        Ok(())
    }
}

/// As recorded: a template speaks neither of these settings of what is there already, nor leaves
/// them as they are.
fn drop_settings(kind: CollectionKind, settings: &mut CollectionSettings) {
    settings.delete_protection = false;
    if kind == CollectionKind::Role {
        settings.self_renew = false;
        settings.self_renew_mins = 0;
        settings.principal_domain_filter.clear();
    }
}

/// As recorded: nobody has asked for the members that a template brings to a role that is there.
fn forget_requester(change: &mut Change) {
    if let Change::PutMember { member, .. } = change {
        member.requester.clear();
    }
}

/// `DELETE /domain/{name}/template/{template}`: the objects the template names.
pub(crate) fn delete(context: &Context<'_>, domain: &str, template: &str) -> Result<ChangeSet, ApiError> {
    let domain = domain_name(domain)?;
    let template = simple_name(template)?;
    authorize(context, "delete", &format!("{domain}:template.{template}"))?;
    known(context, vec![template.to_string()])?;
    let name = template.to_string();
    let found = context.domain(&domain)?;
    audit::check_domain(context, AuditedKind::Template, &domain)?;
    let Some(template) = context.templates.find(&name) else { return Ok(ChangeSet::default()) };
    let mut changes = objects_of(context, found, template)?;
    if found.templates.contains_key(&name) {
        changes.push(Change::DeleteTemplate { template: name });
    }
    Ok(ChangeSet::loud(domain, changes))
}

fn objects_of(context: &Context<'_>, domain: &Domain, template: &Template) -> Result<Vec<Change>, ApiError> {
    let short = |full: Option<&String>, kind: &str| {
        let full = full.map_or("", String::as_str).replace(DOMAIN, &domain.name);
        let short = full.rsplit_once(&format!(":{kind}.")).map(|(_, short)| short.to_owned());
        EntityName::parse(&short.unwrap_or_default()).ok()
    };
    let mut changes = Vec::new();
    for name in template.groups.iter().flatten().filter_map(|group| short(group.name.as_ref(), "group")) {
        if domain.groups.contains_key(&name) {
            let full = CollectionKind::Group.full_name(&domain.name, &name);
            check_group_unused(context, &full, Some(&domain.name))?;
            changes.push(Change::DeleteCollection { kind: CollectionKind::Group, name });
        }
    }
    for name in template.roles.iter().flatten().filter_map(|role| short(role.name.as_ref(), "role")) {
        if domain.roles.contains_key(&name) {
            changes.push(Change::DeleteCollection { kind: CollectionKind::Role, name });
        }
    }
    for name in template.policies.iter().flatten().filter_map(|policy| short(policy.name.as_ref(), "policy"))
    {
        let versions = domain.policies.get(&name).into_iter().flat_map(|held| held.versions.keys());
        changes.extend(
            versions.map(|version| Change::DeletePolicyVersion {
                policy: name.clone(),
                version: version.clone(),
            }),
        );
    }
    for service in template.services.iter().flatten().filter_map(|service| service.name.as_ref()) {
        let full = service.replace(DOMAIN, &domain.name);
        let name = full.rsplit_once('.').and_then(|(_, short)| SimpleName::parse(short).ok());
        if let Some(name) = name.filter(|name| domain.services.contains_key(name)) {
            changes.push(Change::DeleteService { name });
        }
    }
    Ok(changes)
}

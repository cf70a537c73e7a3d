//! Domains.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::wire::zms::{
    DefaultAdmins, Domain as DomainWire, DomainList, DomainMeta, Quota as QuotaWire, Stats, SubDomain,
    TopLevelDomain, UserDomain,
};
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, Refusal, json, no_content};
use athenz_world::{Domain, World};

use super::request::{Read, change, change_unchecked, change_with};
use crate::commands::{delete_domain, domain_meta, domains, quotas, system_meta};
use crate::quota::default_quota;
use crate::state::Zms;
use crate::views;

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount
        .handle("getDomain", get_domain)
        .handle("getDomainList", get_domain_list)
        .handle("postTopLevelDomain", post_top_level_domain)
        .handle("postSubDomain", post_sub_domain)
        .handle("postUserDomain", post_user_domain)
        .handle("deleteTopLevelDomain", delete_top_level_domain)
        .handle("deleteSubDomain", delete_sub_domain)
        .handle("deleteUserDomain", delete_user_domain)
        .handle("putDomainMeta", put_domain_meta)
        .handle("putDomainSystemMeta", put_domain_system_meta)
        .handle("putDefaultAdmins", put_default_admins)
        .handle("getQuota", get_quota)
        .handle("putQuota", put_quota)
        .handle("deleteQuota", delete_quota)
        .handle("getStats", get_stats)
        .handle("getSystemStats", get_system_stats)
}

async fn get_domain(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("domain");
    match read.world.domain(&name) {
        Some(domain) => json(&views::domains::domain(&name, &domain.attributes)),
        None => Err(ApiError::not_found(format!("getDomain: Domain not found: {name}")).into()),
    }
}

async fn get_domain_list(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let limit = call.query.integer("limit")?;
    if let Some(limit) = limit.filter(|limit| *limit <= 0) {
        let text = format!("getDomainList: limit must be positive: {limit}");
        return Err(ApiError::bad_request(text).into());
    }
    let since = modified_since(&call)?;
    let filtered = Filter::of(&read)?.map(|filter| filter.names(&read));
    json(&match filtered {
        Some(names) => DomainList { names, next: None },
        None => plain_list(&read, limit, since)?,
    })
}

/// `If-Modified-Since`: RFC 1123, as HTTP writes dates. A wrong weekday is tolerated.
fn modified_since(call: &Call) -> Result<Option<athenz_model::Timestamp>, ApiError> {
    let Some(text) = call.header("If-Modified-Since").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let refused = || {
        ApiError::bad_request(format!(
            "getDomainList: If-Modified-Since header value must be valid RFC1123 date\
             Unparseable date: \"{text}\""
        ))
    };
    let (_, date) = text.split_once(", ").ok_or_else(refused)?;
    athenz_model::Timestamp::parse_http(date).map(Some).ok_or_else(refused)
}

fn plain_list(
    read: &Read<'_>,
    limit: Option<i32>,
    since: Option<athenz_model::Timestamp>,
) -> Result<DomainList, Refusal> {
    let prefix = read.query("prefix").unwrap_or_default();
    let depth = read.call.query.integer("depth")?;
    let skip = read.query("skip");
    let shown = |domain: &&Arc<Domain>| {
        let dots = i32::try_from(domain.name.matches('.').count()).unwrap_or(i32::MAX);
        domain.name.starts_with(&prefix)
            && depth.is_none_or(|depth| dots <= depth)
            && since.is_none_or(|since| domain.attributes.modified > since)
    };
    let names = read.world.domains().filter(shown).map(|domain| domain.name.as_str()).collect::<Vec<_>>();
    let (names, next) = views::page(names.iter().copied(), limit, skip.as_deref());
    Ok(DomainList { names: Some(names), next })
}

/// The one filter of a list that is applied: the first that is there.
enum Filter {
    Account(String),
    Azure(String),
    Gcp(String),
    YpmId(i32),
    ProductId(String),
    Member { member: Option<String>, role: Option<String> },
    Tag { key: String, value: Option<String> },
    BusinessService(String),
}

impl Filter {
    fn of(read: &Read<'_>) -> Result<Option<Self>, Refusal> {
        let query =
            |name: &str| read.call.query.first(name).filter(|value| !value.is_empty()).map(str::to_owned);
        let number = read.call.query.integer("ypmid")?.filter(|number| *number != 0);
        let (member, role) = (read.query("member"), read.query("role"));
        Ok(if let Some(account) = query("account") {
            Some(Self::Account(account))
        } else if let Some(subscription) = query("azure") {
            Some(Self::Azure(subscription))
        } else if let Some(project) = query("gcp") {
            Some(Self::Gcp(project))
        } else if let Some(number) = number {
            Some(Self::YpmId(number))
        } else if let Some(id) = query("productId") {
            Some(Self::ProductId(id))
        } else if member.is_some() || role.is_some() {
            Some(Self::Member { member, role })
        } else if let Some(key) = query("tagKey") {
            Some(Self::Tag { key, value: query("tagValue") })
        } else {
            query("businessService").map(Self::BusinessService)
        })
    }

    /// `None` where nothing is found by an account or product.
    fn names(self, read: &Read<'_>) -> Option<Vec<String>> {
        let world = &read.world;
        let by = |matches: &dyn Fn(&Domain) -> bool| -> Vec<String> {
            world.domains().filter(|domain| matches(domain)).map(|domain| domain.name.to_string()).collect()
        };
        let some = |names: Vec<String>| (!names.is_empty()).then_some(names);
        match self {
            Self::Account(account) => some(by(&|domain| {
                domain.attributes.account.split(',').any(|held| held.eq_ignore_ascii_case(&account))
            })),
            Self::Azure(value) => {
                some(by(&|domain| domain.attributes.azure_subscription.eq_ignore_ascii_case(&value)))
            }
            Self::Gcp(value) => {
                some(by(&|domain| domain.attributes.gcp_project.eq_ignore_ascii_case(&value)))
            }
            Self::YpmId(value) => some(by(&|domain| domain.attributes.ypm_id == value)),
            Self::ProductId(value) => {
                some(by(&|domain| domain.attributes.product_id.eq_ignore_ascii_case(&value)))
            }
            Self::Member { member, role } => {
                let member = member.map(|member| read.zms.rules.users.without_alias(&member));
                Some(by(&|domain| has_member(world, domain, member.as_deref(), role.as_deref())))
            }
            Self::Tag { key, value } => Some(by(&|domain| {
                let held = domain.attributes.tags.get(&key);
                held.is_some_and(|held| {
                    value.as_ref().is_none_or(|v| held.iter().any(|h| h.eq_ignore_ascii_case(v)))
                })
            })),
            Self::BusinessService(value) => {
                // stored without the white space around it, and asked for without
                let value = value.trim();
                Some(by(&|domain| domain.attributes.business_service.eq_ignore_ascii_case(value)))
            }
        }
    }
}

fn has_member(world: &World, domain: &Domain, member: Option<&str>, role: Option<&str>) -> bool {
    let id = member.map(|member| world.principals().id(member));
    domain.roles.iter().filter(|(name, _)| role.is_none_or(|role| role == name.as_str())).any(|(_, held)| {
        match id {
            Some(Some(id)) => held.members.get(id).is_some(),
            Some(None) => false,
            None => !held.members.is_empty(),
        }
    })
}

/// A domain as the calls that make one answer it: without what only its own attributes show.
fn made(world: &World, name: &str, top_level: bool) -> Result<DomainWire, Refusal> {
    let Some(domain) = world.domain(name) else {
        return Err(ApiError::internal("internal server error").into());
    };
    let view = views::domains::domain(name, &domain.attributes);
    Ok(DomainWire {
        enabled: None,
        resource_ownership: None,
        ypm_id: view.ypm_id.filter(|_| top_level),
        ..view
    })
}

/// As recorded: these fields are answered as they were given, zeros and empty texts too.
macro_rules! as_given {
    ($made:expr, $body:expr; $($field:ident),*) => {{
        let (mut made, body) = ($made, $body);
        $(if body.$field.is_some() { made.$field = body.$field; })*
        made
    }};
}

macro_rules! common_as_given {
    ($made:expr, $body:expr $(; $($more:ident),*)?) => {
        as_given!($made, $body; description, member_expiry_days, member_purge_expiry_days, service_expiry_days,
            group_expiry_days, token_expiry_mins, service_cert_expiry_mins, role_cert_expiry_mins, tags,
            business_service, environment, slack_channel, on_call $($(, $more)*)?)
    };
}

async fn post_top_level_domain(zms: Arc<Zms>, call: Call) -> Answer {
    let body = call.input::<TopLevelDomain>()?.unchecked().unwrap_or_default();
    let world = change_with(&zms, &call, |context, _, body: TopLevelDomain| {
        domains::post_top_level_domain(context, body)
    })
    .await?;
    let made = made(&world, &body.name.clone().unwrap_or_default().to_lowercase(), true)?;
    json(&common_as_given!(made, body; feature_flags, cert_dns_domain, aws_account_name, product_id,
        x509_cert_signer_key_id, ssh_cert_signer_key_id))
}

async fn post_sub_domain(zms: Arc<Zms>, call: Call) -> Answer {
    let body = call.input::<SubDomain>()?.unchecked().unwrap_or_default();
    let world = change_with(&zms, &call, |context, path, body: SubDomain| {
        domains::post_sub_domain(context, path.get("parent"), body)
    })
    .await?;
    let name = body.name.as_deref().unwrap_or_default();
    let made = made(&world, &format!("{}.{name}", call.path("parent")).to_lowercase(), false)?;
    json(&common_as_given!(made, body))
}

async fn post_user_domain(zms: Arc<Zms>, call: Call) -> Answer {
    let body = call.input::<UserDomain>()?.unchecked().unwrap_or_default();
    let world = change_with(&zms, &call, |context, path, body: UserDomain| {
        domains::post_user_domain(context, path.get("name"), body)
    })
    .await?;
    let name = format!("{}.{}", zms.rules.users.home, call.path("name")).to_lowercase();
    json(&common_as_given!(made(&world, &name, false)?, body))
}

async fn delete_top_level_domain(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| delete_domain::top_level(context, path.get("name"))).await?;
    Ok(no_content())
}

async fn delete_sub_domain(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| {
        delete_domain::sub_domain(context, path.get("parent"), path.get("name"))
    })
    .await?;
    Ok(no_content())
}

async fn delete_user_domain(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| delete_domain::user_domain(context, path.get("name"))).await?;
    Ok(no_content())
}

async fn put_domain_meta(zms: Arc<Zms>, call: Call) -> Answer {
    change_with(&zms, &call, |context, path, body: DomainMeta| {
        domain_meta::put_domain_meta(context, path.get("name"), body)
    })
    .await?;
    Ok(no_content())
}

async fn put_domain_system_meta(zms: Arc<Zms>, call: Call) -> Answer {
    change_with(&zms, &call, |context, path, body: DomainMeta| {
        system_meta::put_domain_system_meta(context, path.get("name"), path.get("attribute"), body)
    })
    .await?;
    Ok(no_content())
}

async fn put_default_admins(zms: Arc<Zms>, call: Call) -> Answer {
    change_unchecked(&zms, &call, |context, path, body: Option<DefaultAdmins>| {
        domains::put_default_admins(context, path.get("domainName"), body.and_then(|body| body.admins))
    })
    .await?;
    Ok(no_content())
}

async fn get_quota(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("name");
    let Some(domain) = read.world.domain(&name) else {
        return Err(ApiError::not_found(format!("unknown domain - {name}")).into());
    };
    let defaults = default_quota(&zms.rules.config.quota, zms.started);
    let (name, quota) = match &domain.quota {
        Some(own) => (name, own.as_ref()),
        None => ("server-default".to_owned(), &defaults),
    };
    json(&QuotaWire {
        name: Some(name),
        subdomain: Some(quota.subdomain),
        role: Some(quota.role),
        role_member: Some(quota.role_member),
        policy: Some(quota.policy),
        assertion: Some(quota.assertion),
        entity: Some(quota.entity),
        service: Some(quota.service),
        service_host: Some(quota.service_host),
        public_key: Some(quota.public_key),
        group: Some(quota.group),
        group_member: Some(quota.group_member),
        modified: Some(quota.modified),
    })
}

async fn put_quota(zms: Arc<Zms>, call: Call) -> Answer {
    change_unchecked(&zms, &call, |context, path, body: Option<QuotaWire>| {
        quotas::put(context, path.get("name"), body)
    })
    .await?;
    Ok(no_content())
}

async fn delete_quota(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| quotas::delete(context, path.get("name"))).await?;
    Ok(no_content())
}

async fn get_stats(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("name");
    let Some(domain) = read.world.domain(&name) else {
        return Err(ApiError::not_found(format!("unknown domain - {name}")).into());
    };
    let below = read.world.subdomains(&name).count();
    json(&Stats { name: Some(name), ..stats([domain].into_iter(), below) })
}

async fn get_system_stats(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    json(&stats(read.world.domains(), read.world.domain_count()))
}

fn stats<'a>(domains: impl Iterator<Item = &'a Arc<Domain>>, below: usize) -> Stats {
    let mut counts = [0_usize; 10];
    for domain in domains {
        let members = |held: &imbl::OrdMap<_, Arc<athenz_world::Collection>>| -> usize {
            held.values().map(|collection| collection.members.len()).sum()
        };
        let versions = || domain.policies.values().flat_map(|policy| policy.versions.values());
        let found = [
            domain.roles.len(),
            members(&domain.roles),
            versions().count(),
            versions().map(|version| version.assertions.len()).sum(),
            domain.entities.len(),
            domain.services.len(),
            domain.services.values().map(|service| service.hosts.len()).sum(),
            domain.services.values().map(|service| service.public_keys.len()).sum(),
            domain.groups.len(),
            members(&domain.groups),
        ];
        for (count, found) in counts.iter_mut().zip(found) {
            *count += found;
        }
    }
    let [
        role,
        role_member,
        policy,
        assertion,
        entity,
        service,
        service_host,
        public_key,
        group,
        group_member,
    ] = counts.map(|count| Some(i32::try_from(count).unwrap_or(i32::MAX)));
    Stats {
        name: None,
        subdomain: Some(i32::try_from(below).unwrap_or(i32::MAX)),
        role,
        role_member,
        policy,
        assertion,
        entity,
        service,
        service_host,
        public_key,
        group,
        group_member,
    }
}

//! Documents for ZTS and syncers.

use std::sync::Arc;

use athenz_model::wire::zms::{Domain as DomainWire, DomainData, SignedDomain, SignedDomains};
use athenz_model::{ApiError, Timestamp};
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, Refusal, json, json_bytes, not_modified, set_etag};
use athenz_world::{Domain, World};

use super::request::Read;
use crate::documents::{self, DocumentError, Form};
use crate::state::Zms;
use crate::views;

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount.handle("getSignedDomains", get_signed_domains).handle("getJWSDomain", get_jws_domain)
}

fn quoted(moment: Timestamp) -> String {
    format!("\"{moment}\"")
}

/// The moment of `If-None-Match`; anything unreadable means everything is wanted.
fn tag_of(call: &Call) -> Timestamp {
    let text = call.header("If-None-Match").unwrap_or_default();
    Timestamp::parse(text.trim().trim_matches('"')).unwrap_or(Timestamp::EPOCH)
}

fn unsigned(error: &DocumentError) -> Refusal {
    tracing::error!(%error, "documents");
    ApiError::internal("cannot sign the domain, see the log of the server").into()
}

async fn get_jws_domain(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("name");
    let Some(domain) = read.world.domain(&name) else {
        return Err(ApiError::not_found(format!("No such domain: {name}")).into());
    };
    let (tag, modified) = (tag_of(&call), domain.attributes.modified);
    if tag != Timestamp::EPOCH && modified <= tag {
        return Ok(not_modified(&quoted(modified)));
    }
    let form = Form::Jws { p1363: read.is_set("signaturep1363format") };
    let text = zms.documents.document(&read.world, domain, form).await.map_err(|error| unsigned(&error))?;
    let mut response = json_bytes(text.as_bytes().to_vec());
    set_etag(&mut response, &quoted(modified));
    Ok(response)
}

/// What of the domains is wanted.
struct Wanted {
    metaonly: bool,
    metaattr: Option<String>,
    conditions: bool,
}

async fn get_signed_domains(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let wanted = Wanted {
        metaonly: call.query.first("metaonly").is_some_and(|value| value.eq_ignore_ascii_case("true")),
        metaattr: read.query("metaattr"),
        conditions: read.is_set("conditions"),
    };
    match read.query("domain") {
        Some(domain) => one_domain(&zms, &read, &domain, &wanted).await,
        None => all_domains(&zms, &read, &wanted).await,
    }
}

async fn one_domain(zms: &Zms, read: &Read<'_>, name: &str, wanted: &Wanted) -> Answer {
    let Some(domain) = read.world.domain(name) else {
        let mut response = json(&SignedDomains { domains: Some(Vec::new()) })?;
        set_etag(&mut response, &quoted(read.now()));
        return Ok(response);
    };
    let (tag, modified) = (tag_of(read.call), domain.attributes.modified);
    if tag != Timestamp::EPOCH && modified <= tag {
        return Ok(not_modified(&quoted(modified)));
    }
    let mut response = answer(zms, &read.world, std::iter::once(domain), wanted).await?;
    set_etag(&mut response, &quoted(modified));
    Ok(response)
}

async fn all_domains(zms: &Zms, read: &Read<'_>, wanted: &Wanted) -> Answer {
    let master = zms.rules.config.master_copy_for_signed_domains || read.is_set("master");
    let full_allowed = master && read.caller.name.starts_with("sys.") && !zms.rules.config.read_only_mode;
    if !wanted.metaonly && !full_allowed {
        let text = "name a domain, or ask with metaonly=true";
        return Err(Refusal::bare(ApiError::bad_request(text)));
    }
    let tag = tag_of(read.call);
    let newer: Vec<&Arc<Domain>> =
        read.world.domains().filter(|domain| domain.attributes.modified > tag).collect();
    let Some(newest) = newer.iter().map(|domain| domain.attributes.modified).max() else {
        let given = read.call.header("If-None-Match").filter(|_| tag != Timestamp::EPOCH);
        let etag = given.map_or_else(|| quoted(Timestamp::EPOCH), |given| quoted_as_given(&given));
        return Ok(not_modified(&etag));
    };
    let mut response = answer(zms, &read.world, newer.into_iter(), wanted).await?;
    set_etag(&mut response, &quoted(newest));
    Ok(response)
}

fn quoted_as_given(tag: &str) -> String {
    format!("\"{}\"", tag.trim().trim_matches('"'))
}

async fn answer<'d>(
    zms: &Zms,
    world: &World,
    domains: impl Iterator<Item = &'d Arc<Domain>>,
    wanted: &Wanted,
) -> Answer {
    if wanted.metaonly {
        let list = domains.filter_map(|domain| meta(domain, wanted.metaattr.as_deref())).collect();
        return json(&SignedDomains { domains: Some(list) });
    }
    let mut text = String::from("{\"domains\":[");
    for (place, domain) in domains.enumerate() {
        if place > 0 {
            text.push(',');
        }
        let form = Form::Classic { conditions: wanted.conditions };
        text.push_str(&zms.documents.document(world, domain, form).await.map_err(|error| unsigned(&error))?);
    }
    text.push_str("]}");
    Ok(json_bytes(text.into_bytes()))
}

/// Name, time and whether it is enabled; with an attribute only the domains that have it.
fn meta(domain: &Domain, attribute: Option<&str>) -> Option<SignedDomain> {
    let view = views::domains::domain(&domain.name, &domain.attributes);
    let base = DomainData {
        name: view.name.clone(),
        modified: view.modified,
        enabled: view.enabled,
        ..DomainData::default()
    };
    let data = match attribute {
        None => base,
        Some("all") => documents::attributes(view),
        Some(attribute) => with_attribute(base, &view, attribute)?,
    };
    Some(SignedDomain { domain: Some(data), ..SignedDomain::default() })
}

fn with_attribute(base: DomainData, view: &DomainWire, attribute: &str) -> Option<DomainData> {
    let view = view.clone();
    Some(match attribute {
        "account" => {
            DomainData { account: Some(view.account?), aws_account_name: view.aws_account_name, ..base }
        }
        "azuresubscription" => DomainData {
            azure_subscription: Some(view.azure_subscription?),
            azure_tenant: view.azure_tenant,
            azure_client: view.azure_client,
            ..base
        },
        "gcpproject" => DomainData {
            gcp_project: Some(view.gcp_project?),
            gcp_project_number: view.gcp_project_number,
            ..base
        },
        "ypmid" => DomainData { ypm_id: Some(view.ypm_id.filter(|id| *id != 0)?), ..base },
        "productid" => DomainData { product_id: Some(view.product_id?), ..base },
        "businessservice" => DomainData { business_service: Some(view.business_service?), ..base },
        "externalmembervalidator" => {
            DomainData { external_member_validator: Some(view.external_member_validator?), ..base }
        }
        "costcenter" => DomainData { cost_center: Some(view.cost_center?), ..base },
        _ => base,
    })
}

//! Solution templates.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::wire::zms::{
    DomainTemplate, DomainTemplateDetailsList, DomainTemplateList, ServerTemplateList, Template,
    TemplateMetaData,
};
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, json, no_content};

use super::request::{Read, change, change_with};
use crate::commands::templates;
use crate::state::Zms;

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount
        .handle("getServerTemplateList", get_server_template_list)
        .handle("getTemplate", get_template)
        .handle("getServerTemplateDetailsList", get_server_template_details_list)
        .handle("getDomainTemplateList", get_domain_template_list)
        .handle("getDomainTemplateDetailsList", get_domain_template_details_list)
        .handle("putDomainTemplate", put_domain_template)
        .handle("putDomainTemplateExt", put_domain_template)
        .handle("deleteDomainTemplate", delete_domain_template)
}

async fn get_server_template_list(zms: Arc<Zms>, call: Call) -> Answer {
    Read::begin(&zms, &call).await?;
    let names = zms.templates.iter().map(|(name, _)| name.to_owned()).collect();
    json(&ServerTemplateList { template_names: Some(names) })
}

async fn get_template(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("template");
    match zms.templates.find(&name) {
        Some(template) => json(template),
        None => Err(ApiError::not_found(format!("getTemplate: Template not found: '{name}'")).into()),
    }
}

async fn get_server_template_details_list(zms: Arc<Zms>, call: Call) -> Answer {
    Read::begin(&zms, &call).await?;
    let details = zms.templates.iter().map(|(name, template)| details(name, Some(template), None)).collect();
    json(&DomainTemplateDetailsList { meta_data: Some(details) })
}

async fn get_domain_template_list(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("name");
    match read.world.domain(&name) {
        Some(domain) => {
            json(&DomainTemplateList { template_names: Some(domain.templates.keys().cloned().collect()) })
        }
        None => Err(ApiError::not_found(format!("unknown domain - {name}")).into()),
    }
}

async fn get_domain_template_details_list(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("name");
    let Some(domain) = read.world.domain(&name) else {
        return Err(ApiError::not_found(format!("unknown domain - {name}")).into());
    };
    let applied = |(name, version): (&String, &i32)| details(name, zms.templates.find(name), Some(*version));
    json(&DomainTemplateDetailsList { meta_data: Some(domain.templates.iter().map(applied).collect()) })
}

fn details(name: &str, template: Option<&Template>, current: Option<i32>) -> TemplateMetaData {
    let metadata = template.and_then(|template| template.metadata.clone()).unwrap_or_default();
    TemplateMetaData {
        template_name: Some(name.to_owned()),
        current_version: current.filter(|version| *version != 0),
        ..metadata
    }
}

async fn put_domain_template(zms: Arc<Zms>, call: Call) -> Answer {
    change_with(&zms, &call, |context, path, body: DomainTemplate| {
        let single = Some(path.get("template")).filter(|template| !template.is_empty());
        templates::put(context, path.get("name"), single, body)
    })
    .await?;
    Ok(no_content())
}

async fn delete_domain_template(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| templates::delete(context, path.get("name"), path.get("template")))
        .await?;
    Ok(no_content())
}

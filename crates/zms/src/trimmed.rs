//! Texts are stored without the white space around them, as Athenz stores them; done on what a
//! command decided, so that no call can forget one.

use athenz_world::{Change, ChangeSet, CollectionAttributes, DomainAttributes, Service};

/// Trims every text that somebody writes freely. Names and what else has a grammar hold no space.
pub(crate) fn trim(changes: &mut ChangeSet) {
    for change in changes.parts.iter_mut().flat_map(|part| &mut part.changes) {
        match change {
            Change::PutDomain { attributes } => domain(attributes),
            Change::PutCollection { attributes, .. } => collection(attributes),
            Change::PutService { service: held, .. } => service(held),
            _ => {}
        }
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|letter| letter <= ' ')
}

fn trim_all<const N: usize>(texts: [&mut String; N]) {
    for text in texts {
        let inner = trimmed(text);
        if inner.len() < text.len() {
            *text = inner.to_owned();
        }
    }
}

fn domain(held: &mut DomainAttributes) {
    trim_all([
        &mut held.description,
        &mut held.aws_account_name,
        &mut held.product_id,
        &mut held.cert_dns_domain,
        &mut held.business_service,
        &mut held.slack_channel,
        &mut held.on_call,
        &mut held.external_member_validator,
        &mut held.cost_center,
    ]);
}

fn collection(held: &mut CollectionAttributes) {
    let texts = [&held.settings.description, &held.settings.notify_details];
    if texts.iter().all(|text| trimmed(text).len() == text.len()) {
        return;
    }
    let mut settings = (*held.settings).clone();
    trim_all([&mut settings.description, &mut settings.notify_details]);
    *held = held.clone().with_settings(settings);
}

fn service(held: &mut Service) {
    trim_all([
        &mut held.description,
        &mut held.executable,
        &mut held.user,
        &mut held.group,
        &mut held.client_id,
    ]);
}

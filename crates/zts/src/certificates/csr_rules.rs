//! What a request for a service certificate may carry, and what is issued for it. Pure: the facts
//! come in, the verdict goes out.

use std::net::IpAddr;

use athenz_model::names::Grammar;

use super::authority::NameAuthority;
use super::names::{RequestedNames, Uri, dashed, is_dns_name};
use super::spiffe::SpiffeForms;
use super::subject::{Subject, SubjectRules, country};

/// The longest instance id.
const MAX_INSTANCE_ID: usize = 256;

/// Settings of the rules.
#[derive(Clone, Debug)]
pub struct CsrRules {
    /// Subject fields beside the name.
    pub subject: SubjectRules,
    /// SPIFFE ids.
    pub spiffe: SpiffeForms,
    /// Whether a URI of an unknown kind is refused, instead of left out.
    pub refuse_unknown_uris: bool,
    /// DNS suffixes of this installation, with leading dot; e-mail names must lie in one.
    pub dns_suffixes: Vec<String>,
}

/// What is known about the request beside its names.
#[derive(Clone, Copy, Debug)]
pub struct ServiceRequest<'a> {
    /// Canonical domain.
    pub domain: &'a str,
    /// Canonical name of the service within its domain.
    pub service: &'a str,
    /// Canonical full name of the provider.
    pub provider: &'a str,
    /// The instance id beside the request, for requests that name none.
    pub instance_id: Option<&'a str>,
    /// The host name beside the request.
    pub host_name: Option<&'a str>,
    /// Other names of that host.
    pub host_cnames: &'a [String],
    /// Namespace for the SPIFFE id.
    pub namespace: Option<&'a str>,
    /// DNS domain of the domain itself.
    pub certificate_dns_domain: Option<&'a str>,
    /// Names the provider may vouch for.
    pub authority: &'a NameAuthority,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsrError {
    /// A URI of an unknown kind; Athenz gives no text.
    #[error("")]
    UnknownUri,
    /// A URI that only a role certificate carries.
    #[error("{0} URIs are for role certificates only")]
    RoleUri(&'static str),
    /// No instance id anywhere.
    #[error("InstanceId cannot be empty")]
    NoInstanceId,
    /// Two different instance ids, or one of another provider.
    #[error("instance id mismatch")]
    InstanceIdMismatch,
    /// An id that no path could name later.
    #[error("InstanceId is not valid, use at most 256 of the characters a-z A-Z 0-9 - . _ ~ = + @ $ , :")]
    InstanceIdGrammar,
    /// The common name is of somebody else.
    #[error("Unable to validate CSR common name")]
    CommonName,
    /// Nothing says who the certificate is for.
    #[error("CSR contains neither a CommonName nor a SPIFFE URI")]
    NoIdentity,
    /// Host name of the request and of the CSR differ.
    #[error("Instance/Uri hostname mismatch: {given} vs. {named}")]
    HostNameMismatch {
        /// Beside the request; `null` when absent.
        given: String,
        /// In the CSR.
        named: String,
    },
    /// The provider may not name this host.
    #[error("Unable to validate Instance hostname: {0}")]
    HostName(String),
    /// Other names of no host.
    #[error("Instance Host CNAME list provided without Hostname")]
    CnamesWithoutHost,
    /// The provider may not name this host.
    #[error("invalid cname provided for instance: {0}")]
    Cname(String),
    /// Nobody can tell whether the names are of that host.
    #[error("Instance host name CNAME list provided without a valid hostname resolver")]
    NoResolver,
    /// A DNS name nobody vouches for.
    #[error("{0} does not end with provider/service configured suffix or hostname")]
    DnsName(String),
    /// An e-mail name that is not the service's own.
    #[error("Unable to validate email address: only {0}@ and a DNS suffix of this server is allowed")]
    Email(String),
    /// An organization that is not allowed.
    #[error("Unable to validate Subject O Field")]
    Organization,
    /// A SPIFFE id of somebody else.
    #[error("Unable to validate Service SPIFFE URI")]
    Spiffe,
}

/// What a request may have, as far as ZTS can tell; the provider judges the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedRequest {
    /// The instance.
    pub instance_id: String,
    /// Subject, still without organizational unit, on which the provider has a word.
    pub subject: Subject,
    /// DNS names to issue.
    pub dns: Vec<String>,
    /// DNS names that the provider must vouch for.
    pub dns_for_provider: Vec<String>,
    /// Addresses, for the provider to judge.
    pub ips: Vec<IpAddr>,
    /// E-mail names to issue.
    pub emails: Vec<String>,
    /// URIs to issue.
    pub uris: Vec<String>,
}

impl CsrRules {
    /// Checks a request in Athenz's order.
    ///
    /// # Errors
    /// The first rule broken.
    pub fn check(
        &self,
        names: &RequestedNames,
        request: &ServiceRequest<'_>,
    ) -> Result<CheckedRequest, CsrError> {
        self.check_uri_kinds(names)?;
        let instance_id = instance_id(names, request)?;
        let common_name = common_name(names, request)?;
        check_host_uris(names, request.host_name)?;
        let dns_for_provider = self.check_dns(names, request)?;
        let organization = self.subject.organization(names).ok_or(CsrError::Organization)?;
        let spiffe = self.spiffe_id(names, request)?;
        let emails = self.emails(names, request)?;
        Ok(CheckedRequest {
            subject: Subject {
                country: country(names),
                organization,
                organizational_unit: None,
                common_name,
            },
            dns: names.dns.clone(),
            dns_for_provider,
            ips: names.ips.clone(),
            emails,
            uris: uris(names, request, &instance_id, spiffe),
            instance_id,
        })
    }

    fn check_uri_kinds(&self, names: &RequestedNames) -> Result<(), CsrError> {
        for uri in names.classified_uris() {
            match uri {
                Uri::Principal(_) => return Err(CsrError::RoleUri("athenz://principal")),
                Uri::ProxyUser(_) => return Err(CsrError::RoleUri("athenz://proxyuser")),
                Uri::Unknown(_) if self.refuse_unknown_uris => return Err(CsrError::UnknownUri),
                _ => {}
            }
        }
        Ok(())
    }

    /// DNS names that the provider must vouch for.
    fn check_dns(
        &self,
        names: &RequestedNames,
        request: &ServiceRequest<'_>,
    ) -> Result<Vec<String>, CsrError> {
        if names.dns.is_empty() {
            // the host fields are looked at once the provider has spoken: check_host_fields
            return Ok(Vec::new());
        }
        check_host_fields(request)?;
        let wildcard = format!("*.{}.{}.", request.service, dashed(request.domain));
        let below_domain = request.certificate_dns_domain.map(|domain| format!(".{domain}"));
        let mut for_provider = Vec::new();
        for name in &names.dns {
            let refused = || CsrError::DnsName(name.clone());
            if !is_dns_name(name) {
                return Err(refused());
            }
            let is_cname = request.host_cnames.contains(name);
            if request.authority.vouches_for_dns(name) {
                if !is_cname && !name.starts_with(&wildcard) {
                    for_provider.push(name.clone());
                }
            } else if below_domain.as_deref().is_some_and(|suffix| name.ends_with(suffix)) {
                // the domain's own
            } else if request.host_name.is_some_and(|host| host.eq_ignore_ascii_case(name)) {
                for_provider.push(name.clone());
            } else if !is_cname {
                return Err(refused());
            }
        }
        Ok(for_provider)
    }

    fn spiffe_id(
        &self,
        names: &RequestedNames,
        request: &ServiceRequest<'_>,
    ) -> Result<Option<String>, CsrError> {
        let Some(asked) = names.spiffe_ids().next() else { return Ok(None) };
        self.spiffe
            .of_service(asked, request.domain, request.service, request.namespace)
            .map(Some)
            .ok_or(CsrError::Spiffe)
    }

    fn emails(&self, names: &RequestedNames, request: &ServiceRequest<'_>) -> Result<Vec<String>, CsrError> {
        let own = format!("{}.{}", request.domain, request.service);
        let check = |email: &String| {
            let (local, host) = email.split_once('@').unwrap_or((email, ""));
            let ours = local.eq_ignore_ascii_case(&own) && self.is_installation_host(host);
            if ours { Ok(format!("{own}@{host}")) } else { Err(CsrError::Email(own.clone())) }
        };
        names.emails.iter().map(check).collect()
    }

    /// Whether a host is a DNS suffix of this installation, or lies below one.
    pub(crate) fn is_installation_host(&self, host: &str) -> bool {
        is_dns_name(host)
            && !host.starts_with('*')
            && self
                .dns_suffixes
                .iter()
                .any(|suffix| host.ends_with(suffix.as_str()) || suffix.strip_prefix('.') == Some(host))
    }
}

/// Checks the host fields beside the request.
///
/// # Errors
/// The first rule broken.
pub fn check_host_fields(request: &ServiceRequest<'_>) -> Result<(), CsrError> {
    let host = request.host_name.filter(|host| !host.is_empty());
    if let Some(host) = host
        && !request.authority.vouches_for_host(host)
    {
        return Err(CsrError::HostName(host.to_owned()));
    }
    if request.host_cnames.is_empty() {
        return Ok(());
    }
    if host.is_none() {
        return Err(CsrError::CnamesWithoutHost);
    }
    match request.host_cnames.iter().find(|name| !request.authority.vouches_for_host(name)) {
        Some(name) => Err(CsrError::Cname(name.clone())),
        // there is no resolver to ask whether they are names of the host
        None => Err(CsrError::NoResolver),
    }
}

/// Checks what the provider has the first word on: more than one instance id of the DNS form.
///
/// # Errors
/// Two of them differ.
pub fn check_dns_instance_ids(names: &RequestedNames) -> Result<(), CsrError> {
    let mut ids = names.dns_instance_ids();
    match ids.next() {
        Some(first) if ids.any(|id| id != first) => Err(CsrError::InstanceIdMismatch),
        _ => Ok(()),
    }
}

/// The one instance id: the URIs and the first DNS name that name one must agree, and be of the
/// provider. Further DNS names are left to [`check_dns_instance_ids`].
fn instance_id(names: &RequestedNames, request: &ServiceRequest<'_>) -> Result<String, CsrError> {
    let mut found: Option<&str> = None;
    let further = names.dns_instance_ids().count().saturating_sub(1);
    let counted = names.instance_ids().count() - further;
    for named in names.instance_ids().take(counted) {
        if named.id.is_empty() {
            return Err(CsrError::NoInstanceId);
        }
        if named.provider.is_some_and(|provider| !provider.eq_ignore_ascii_case(request.provider))
            || found.is_some_and(|id| id != named.id)
        {
            return Err(CsrError::InstanceIdMismatch);
        }
        found = Some(named.id);
    }
    let id = found.or(request.instance_id).filter(|id| !id.is_empty()).ok_or(CsrError::NoInstanceId)?;
    if id.len() > MAX_INSTANCE_ID || !Grammar::PathElement.matches(id) {
        return Err(CsrError::InstanceIdGrammar);
    }
    Ok(id.to_owned())
}

/// The common name to issue.
fn common_name(names: &RequestedNames, request: &ServiceRequest<'_>) -> Result<Option<String>, CsrError> {
    let own = format!("{}.{}", request.domain, request.service);
    match names.common_name() {
        Some(asked) if asked.eq_ignore_ascii_case(&own) => Ok(Some(own)),
        Some(_) => Err(CsrError::CommonName),
        None if names.spiffe_ids().next().is_some() => Ok(None),
        None => Err(CsrError::NoIdentity),
    }
}

fn check_host_uris(names: &RequestedNames, host_name: Option<&str>) -> Result<(), CsrError> {
    match names.host_names().find(|named| Some(*named) != host_name) {
        Some(named) => Err(CsrError::HostNameMismatch {
            given: host_name.unwrap_or("null").to_owned(),
            named: named.to_owned(),
        }),
        None => Ok(()),
    }
}

/// The URIs to issue, in the order of the request, each written by us.
fn uris(
    names: &RequestedNames,
    request: &ServiceRequest<'_>,
    instance_id: &str,
    spiffe: Option<String>,
) -> Vec<String> {
    let mut spiffe = spiffe;
    let mut issued: Vec<String> = Vec::new();
    for uri in names.classified_uris() {
        let written = match uri {
            Uri::Spiffe(_) => spiffe.take(),
            Uri::InstanceId { .. } => Some(format!("athenz://instanceid/{}/{instance_id}", request.provider)),
            Uri::HostName(host) => Some(format!("athenz://hostname/{host}")),
            Uri::Principal(_) | Uri::ProxyUser(_) | Uri::Unknown(_) => None,
        };
        issued.extend(written.filter(|uri| !issued.contains(uri)));
    }
    issued
}

#[cfg(test)]
#[path = "csr_rules_tests.rs"]
mod tests;

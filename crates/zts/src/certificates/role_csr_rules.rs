//! What a request for a role certificate may carry, and what is issued for it.

use std::net::IpAddr;

use super::names::{RequestedNames, Uri, dashed, is_dns_name};
use super::spiffe::SpiffeForms;
use super::subject::{Subject, SubjectRules, country};

/// Settings of the rules.
#[derive(Clone, Debug)]
pub struct RoleCsrRules {
    /// Subject fields beside the name.
    pub subject: SubjectRules,
    /// SPIFFE ids.
    pub spiffe: SpiffeForms,
    /// Whether a URI of an unknown kind is refused, instead of left out.
    pub refuse_unknown_uris: bool,
    /// DNS suffixes of this installation, with leading dot.
    pub dns_suffixes: Vec<String>,
}

/// What is known about the request beside its names.
#[derive(Clone, Copy, Debug)]
pub struct RoleRequest<'a> {
    /// Canonical domain of the role.
    pub domain: &'a str,
    /// Canonical name of the role within its domain.
    pub role: &'a str,
    /// Canonical full name of the principal that has the role.
    pub principal: &'a str,
    /// The caller, when it asks on behalf of that principal.
    pub proxy: Option<&'a str>,
    /// Names of the caller's own certificate, which it may repeat.
    pub caller: Option<&'a RequestedNames>,
    /// Address of the caller, which it may name.
    pub client_ip: Option<IpAddr>,
}

/// What is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedRoleRequest {
    /// Subject; its common name is the role.
    pub subject: Subject,
    /// DNS names.
    pub dns: Vec<String>,
    /// Addresses.
    pub ips: Vec<IpAddr>,
    /// E-mail names.
    pub emails: Vec<String>,
    /// URIs.
    pub uris: Vec<String>,
}

/// A request breaks a rule. Athenz does not tell clients which one; the log does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleCsrError {
    /// URI of a kind that is not allowed.
    #[error("unknown kind of URI")]
    UnknownUri,
    /// Not exactly the principal, as URI or e-mail name.
    #[error("principal URI or e-mail name is missing, doubled or of somebody else")]
    Principal,
    /// Not exactly the caller as proxy.
    #[error("proxy user URI is missing, doubled or of somebody else")]
    ProxyUser,
    /// A DNS name that is neither the caller's nor made of its name.
    #[error("DNS name is not the caller's")]
    DnsName,
    /// An address that is not the caller's.
    #[error("address is not the caller's")]
    Address,
    /// An organization that is not allowed.
    #[error("organization is not allowed")]
    Organization,
    /// An organizational unit that is not allowed.
    #[error("organizational unit is not allowed")]
    OrganizationalUnit,
    /// A SPIFFE id of another role.
    #[error("SPIFFE id is not of the role")]
    Spiffe,
    /// An instance id that the caller's certificate lacks.
    #[error("instance id is not the caller's")]
    InstanceId,
    /// A host name that the caller's certificate lacks.
    #[error("host name is not the caller's")]
    HostName,
}

impl RoleCsrRules {
    /// Checks a request.
    ///
    /// # Errors
    /// The first rule broken.
    pub fn check(
        &self,
        names: &RequestedNames,
        request: &RoleRequest<'_>,
    ) -> Result<CheckedRoleRequest, RoleCsrError> {
        let emails = self.check_principal(names, request)?;
        check_proxy(names, request)?;
        self.check_dns(names, request)?;
        check_addresses(names, request)?;
        let organization = self.subject.organization(names).ok_or(RoleCsrError::Organization)?;
        let organizational_unit = self.organizational_unit(names, request)?;
        Ok(CheckedRoleRequest {
            uris: self.uris(names, request)?,
            subject: Subject {
                country: country(names),
                organization,
                organizational_unit,
                common_name: Some(format!("{}:role.{}", request.domain, request.role)),
            },
            dns: names.dns.clone(),
            ips: names.ips.clone(),
            emails,
        })
    }

    /// The principal must stand in one URI, or, in the older form, in one e-mail name; returns the
    /// e-mail names to issue.
    fn check_principal(
        &self,
        names: &RequestedNames,
        request: &RoleRequest<'_>,
    ) -> Result<Vec<String>, RoleCsrError> {
        let mut named = 0;
        for uri in names.classified_uris() {
            if let Uri::Principal(principal) = uri {
                named += 1;
                if named > 1 || !principal.eq_ignore_ascii_case(request.principal) {
                    return Err(RoleCsrError::Principal);
                }
            }
        }
        if names.emails.is_empty() && named == 1 {
            return Ok(Vec::new());
        }
        let [email] = names.emails.as_slice() else { return Err(RoleCsrError::Principal) };
        let (local, host) = email.split_once('@').ok_or(RoleCsrError::Principal)?;
        let below =
            is_dns_name(host) && self.dns_suffixes.iter().any(|suffix| host.ends_with(suffix.as_str()));
        if below && !host.starts_with('*') && local.eq_ignore_ascii_case(request.principal) {
            Ok(vec![format!("{}@{host}", request.principal)])
        } else {
            Err(RoleCsrError::Principal)
        }
    }

    /// DNS names come from the caller's certificate, or are made of the principal's own name.
    fn check_dns(&self, names: &RequestedNames, request: &RoleRequest<'_>) -> Result<(), RoleCsrError> {
        let own = request
            .principal
            .rsplit_once('.')
            .map(|(domain, service)| format!("{service}.{}", dashed(domain)));
        let is_own = |name: &str| {
            own.as_deref().and_then(|own| name.strip_prefix(own)).is_some_and(|rest| {
                rest.starts_with('.')
                    && self.dns_suffixes.iter().any(|suffix| rest.ends_with(suffix.as_str()))
            })
        };
        let held = |name: &String| request.caller.is_some_and(|caller| caller.dns.contains(name));
        let fine = names.dns.iter().all(|name| is_dns_name(name) && (is_own(name) || held(name)));
        if fine { Ok(()) } else { Err(RoleCsrError::DnsName) }
    }

    fn organizational_unit(
        &self,
        names: &RequestedNames,
        request: &RoleRequest<'_>,
    ) -> Result<Option<String>, RoleCsrError> {
        let of_caller = request.caller.and_then(|caller| caller.organizational_units.first());
        let own: Vec<&str> =
            of_caller.map(|unit| unit.strip_suffix(":restricted").unwrap_or(unit)).into_iter().collect();
        self.subject.organizational_unit(names, &own).ok_or(RoleCsrError::OrganizationalUnit)
    }

    /// The URIs to issue, in the order of the request, each written by us.
    fn uris(&self, names: &RequestedNames, request: &RoleRequest<'_>) -> Result<Vec<String>, RoleCsrError> {
        let mut issued: Vec<String> = Vec::new();
        for uri in names.classified_uris() {
            let written = match uri {
                Uri::Spiffe(asked) => {
                    self.spiffe.of_role(asked, request.domain, request.role).ok_or(RoleCsrError::Spiffe)?
                }
                Uri::Principal(_) => format!("athenz://principal/{}", request.principal),
                Uri::ProxyUser(_) => format!("athenz://proxyuser/{}", request.proxy.unwrap_or_default()),
                Uri::InstanceId { provider, id } => {
                    let written = format!("athenz://instanceid/{provider}/{id}");
                    if !of_caller(request, &written) {
                        return Err(RoleCsrError::InstanceId);
                    }
                    written
                }
                Uri::HostName(host) => {
                    let written = format!("athenz://hostname/{host}");
                    if !of_caller(request, &written) {
                        return Err(RoleCsrError::HostName);
                    }
                    written
                }
                Uri::Unknown(_) if self.refuse_unknown_uris => return Err(RoleCsrError::UnknownUri),
                Uri::Unknown(_) => continue,
            };
            if !issued.contains(&written) {
                issued.push(written);
            }
        }
        Ok(issued)
    }
}

/// Whether the caller's certificate carries this URI.
fn of_caller(request: &RoleRequest<'_>, uri: &str) -> bool {
    request.caller.is_some_and(|caller| caller.uris.iter().any(|held| held == uri))
}

/// Exactly one proxy user, the caller, in a proxied request, and none in another.
fn check_proxy(names: &RequestedNames, request: &RoleRequest<'_>) -> Result<(), RoleCsrError> {
    let named: Vec<&str> = names
        .classified_uris()
        .filter_map(|uri| if let Uri::ProxyUser(user) = uri { Some(user) } else { None })
        .collect();
    match (request.proxy, named.as_slice()) {
        (None, []) => Ok(()),
        (Some(proxy), [user]) if user.eq_ignore_ascii_case(proxy) => Ok(()),
        _ => Err(RoleCsrError::ProxyUser),
    }
}

fn check_addresses(names: &RequestedNames, request: &RoleRequest<'_>) -> Result<(), RoleCsrError> {
    let fine = names.ips.iter().all(|ip| {
        request.client_ip == Some(*ip) || request.caller.is_some_and(|caller| caller.ips.contains(ip))
    });
    if fine { Ok(()) } else { Err(RoleCsrError::Address) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> RoleCsrRules {
        RoleCsrRules {
            subject: SubjectRules::default(),
            spiffe: SpiffeForms { trust_domain: "athenz.io".to_owned() },
            refuse_unknown_uris: false,
            dns_suffixes: vec![".athenz.cloud".to_owned()],
        }
    }

    /// `uri=…;dns=…;email=…;ip=…`
    fn names(text: &str) -> RequestedNames {
        let mut names = RequestedNames::default();
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (kind, value) = part.split_once('=').unwrap();
            match kind {
                "uri" => names.uris.push(value.to_owned()),
                "dns" => names.dns.push(value.to_owned()),
                "email" => names.emails.push(value.to_owned()),
                "ip" => names.ips.push(value.parse().unwrap()),
                "ou" => names.organizational_units.push(value.to_owned()),
                _ => panic!("{kind}"),
            }
        }
        names
    }

    fn check(
        asked: &str,
        caller: Option<&RequestedNames>,
        proxy: Option<&str>,
    ) -> Result<String, RoleCsrError> {
        let request = RoleRequest {
            domain: "ct15",
            role: "readers",
            principal: "ct15.api",
            proxy,
            caller,
            client_ip: Some([192, 0, 2, 1].into()),
        };
        let checked = rules().check(&names(asked), &request)?;
        assert_eq!(checked.subject.common_name.as_deref(), Some("ct15:role.readers"));
        let uris = checked.uris.iter().map(|uri| format!("uri={uri}"));
        let dns = checked.dns.iter().map(|name| format!("dns={name}"));
        let emails = checked.emails.iter().map(|name| format!("email={name}"));
        let ips = checked.ips.iter().map(|ip| format!("ip={ip}"));
        Ok(uris.chain(dns).chain(emails).chain(ips).collect::<Vec<_>>().join(";"))
    }

    const OWN: &str = "uri=athenz://principal/ct15.api";

    #[test]
    fn accepted_as_asked() {
        for more in [
            "",
            ";email=ct15.api@x.athenz.cloud",
            ";dns=api.ct15.athenz.cloud",
            ";dns=api.ct15.zts.athenz.cloud",
            ";uri=spiffe://ct15/ra/readers",
            ";uri=spiffe://athenz.io/ns/ct15/ra/readers",
            ";ip=192.0.2.1",
        ] {
            let asked = format!("{OWN}{more}");
            let issued = check(&asked, None, None).unwrap_or_else(|error| panic!("{asked}: {error}"));
            let sorted = |text: &str| {
                let mut parts: Vec<String> = text.split(';').map(str::to_owned).collect();
                parts.sort();
                parts
            };
            assert_eq!(sorted(&issued), sorted(&asked));
        }
        assert_eq!(
            check("email=ct15.api@x.athenz.cloud", None, None).unwrap(),
            "email=ct15.api@x.athenz.cloud"
        );
    }

    #[test]
    fn written_canonically_and_without_the_unknown() {
        let asked = "uri=athenz://principal/CT15.API;uri=https://example.org/;uri=SPIFFE://ct15/RA/readers";
        assert_eq!(check(asked, None, None).unwrap(), format!("{OWN};uri=spiffe://ct15/ra/readers"));
    }

    #[test]
    fn refused() {
        use RoleCsrError::*;
        for (asked, error) in [
            (String::new(), Principal),
            ("uri=athenz://principal/user.bob".to_owned(), Principal),
            (format!("{OWN};uri=athenz://principal/user.bob"), Principal),
            (format!("{OWN};{OWN}"), Principal),
            ("email=ct15.api@athenz.cloud".to_owned(), Principal),
            ("email=ct15.api@example.org".to_owned(), Principal),
            ("email=user.bob@x.athenz.cloud".to_owned(), Principal),
            (format!("{OWN};email=ct15.api@athenz.cloud"), Principal),
            (format!("{OWN};email=ct15.api@x.athenz.cloud;email=ct15.api@x.athenz.cloud"), Principal),
            (format!("{OWN};dns=www.example.com"), DnsName),
            (format!("{OWN};dns=api.ct15x.athenz.cloud"), DnsName),
            (format!("{OWN};dns=xapi.ct15.athenz.cloud"), DnsName),
            (format!("{OWN};dns=api.ct15athenz.cloud"), DnsName),
            (format!("{OWN};ip=10.1.2.3"), Address),
            (format!("{OWN};uri=spiffe://ct15/ra/writers"), Spiffe),
            (format!("{OWN};uri=spiffe://ct15/sa/api"), Spiffe),
            (format!("{OWN};uri=athenz://instanceid/sys.auth.zts/i-1"), InstanceId),
            (format!("{OWN};uri=athenz://hostname/h1.example.org"), HostName),
            (format!("{OWN};uri=athenz://proxyuser/ct15.api"), ProxyUser),
        ] {
            assert_eq!(check(&asked, None, None), Err(error), "{asked}");
        }
    }

    #[test]
    fn a_caller_may_repeat_its_certificate() {
        let caller = names("uri=athenz://instanceid/sys.auth.zts/i-1;dns=any.name.example;ip=10.1.2.3");
        for (more, fine) in [
            (";uri=athenz://instanceid/sys.auth.zts/i-1", true),
            (";uri=athenz://instanceid/sys.auth.zts/i-2", false),
            (";uri=athenz://instanceid/other/i-1", false),
            (";dns=any.name.example", true),
            (";ip=10.1.2.3", true),
            (";ip=10.1.2.4", false),
        ] {
            assert_eq!(check(&format!("{OWN}{more}"), Some(&caller), None).is_ok(), fine, "{more}");
        }
    }

    #[test]
    fn a_proxy_names_itself_once() {
        let proxied = format!("{OWN};uri=athenz://proxyuser/user.proxy");
        assert!(check(&proxied, None, Some("user.proxy")).is_ok());
        assert_eq!(check(OWN, None, Some("user.proxy")), Err(RoleCsrError::ProxyUser));
        assert_eq!(check(&proxied, None, Some("user.other")), Err(RoleCsrError::ProxyUser));
    }
}

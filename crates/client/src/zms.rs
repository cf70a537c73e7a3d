//! The operations of ZMS that people, agents and ZTS need.

use athenz_model::wire::zms::{
    Access, Assertion, Domain, DomainList, DomainTemplate, Group, GroupMembership, Membership, Policies,
    Policy, PublicKeyEntry, Role, Roles, ServiceIdentities, ServiceIdentity, Status, SubDomain,
    TopLevelDomain, UserDomain,
};
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;

use crate::api::{Api, Call, ClientError};
use crate::http::{Answer, HttpClient, HttpError};
use crate::tls::SetupError;

/// The header that says why a change is made.
const AUDIT_REFERENCE: &str = "y-audit-ref";

/// A client of one ZMS.
#[derive(Clone, Debug)]
pub struct ZmsClient {
    api: Api,
    audit_reference: Option<String>,
}

/// What [`ZmsClient::domain_names`] looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DomainFilter {
    /// Names that begin so.
    pub prefix: Option<String>,
    /// At most so many.
    pub limit: Option<u32>,
    /// Names behind this one.
    pub skip: Option<String>,
    /// Domains in which this principal is in a role.
    pub member: Option<String>,
}

impl ZmsClient {
    /// A client of the ZMS at this URL; `/zms/v1` is added unless it is there.
    ///
    /// # Errors
    /// Not the URL of a server.
    pub fn new(http: HttpClient, url: &str) -> Result<Self, SetupError> {
        Ok(Self { api: Api::new(http, url, "/zms/v1")?, audit_reference: None })
    }

    /// Says why the changes are made; domains with auditing want it.
    #[must_use]
    pub fn with_audit_reference(mut self, reference: Option<String>) -> Self {
        self.audit_reference = reference;
        self
    }

    /// The URL that the operations lie below.
    pub fn url(&self) -> &Url {
        self.api.base()
    }

    /// The HTTP client that the calls go through.
    pub const fn http(&self) -> &HttpClient {
        self.api.http()
    }

    fn read(&self, operation: &'static str, path: &[&str]) -> Call<'_> {
        self.api.call(operation, Method::GET, path)
    }

    fn change(&self, operation: &'static str, method: Method, path: &[&str]) -> Call<'_> {
        self.api.call(operation, method, path).header_if(AUDIT_REFERENCE, self.audit_reference.as_deref())
    }
}

/// What replication reads.
impl ZmsClient {
    /// GETs a path with its query, below `/zms/v1`, with `If-None-Match` when there is a tag. An
    /// answer of any status is an answer.
    ///
    /// # Errors
    /// No answer at all.
    pub async fn get(&self, path_and_query: &str, etag: Option<&str>) -> Result<Answer, HttpError> {
        self.api.get(path_and_query, etag).await
    }

    /// `GET /domain`: names.
    ///
    /// # Errors
    /// As every operation.
    pub async fn domain_names(&self, filter: &DomainFilter) -> Result<DomainList, ClientError> {
        self.read("listing domains", &["domain"])
            .query_if("prefix", filter.prefix.as_deref())
            .query_if("limit", filter.limit.map(|limit| limit.to_string()).as_deref())
            .query_if("skip", filter.skip.as_deref())
            .query_if("member", filter.member.as_deref())
            .value()
            .await
    }
}

/// Checks and keys.
impl ZmsClient {
    /// `GET /status`
    ///
    /// # Errors
    /// The server is not well, or does not answer.
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.read("asking ZMS for its status", &["status"]).value().await
    }

    /// `GET /access/{action}`: whether a principal (the caller if none is given) may act.
    ///
    /// # Errors
    /// As every operation.
    pub async fn access(
        &self,
        action: &str,
        resource: &str,
        principal: Option<&str>,
        trust_domain: Option<&str>,
    ) -> Result<Access, ClientError> {
        self.read("checking access", &["access", action])
            .query("resource", resource)
            .query_if("domain", trust_domain)
            .query_if("principal", principal)
            .value()
            .await
    }

    /// `GET /domain/{domain}/service/{service}/publickey/{id}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn public_key(
        &self,
        domain: &str,
        service: &str,
        id: &str,
    ) -> Result<PublicKeyEntry, ClientError> {
        let path = ["domain", domain, "service", service, "publickey", id];
        self.read("asking for a public key", &path).value().await
    }
}

/// Domains.
impl ZmsClient {
    /// `GET /domain/{domain}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn domain(&self, domain: &str) -> Result<Domain, ClientError> {
        self.read("reading the domain", &["domain", domain]).value().await
    }

    /// `POST /domain`: a domain without a dot.
    ///
    /// # Errors
    /// As every operation.
    pub async fn create_top_level_domain(&self, domain: &TopLevelDomain) -> Result<Domain, ClientError> {
        self.change("creating the domain", Method::POST, &["domain"]).json(domain).value().await
    }

    /// `POST /subdomain/{parent}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn create_sub_domain(&self, parent: &str, domain: &SubDomain) -> Result<Domain, ClientError> {
        self.change("creating the domain", Method::POST, &["subdomain", parent]).json(domain).value().await
    }

    /// `POST /userdomain/{name}`: the personal domain of a user.
    ///
    /// # Errors
    /// As every operation.
    pub async fn create_user_domain(&self, user: &str, domain: &UserDomain) -> Result<Domain, ClientError> {
        self.change("creating the domain", Method::POST, &["userdomain", user]).json(domain).value().await
    }

    /// `DELETE /domain/{name}`, `/subdomain/{parent}/{name}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn delete_domain(&self, domain: &str) -> Result<(), ClientError> {
        let path = match domain.rsplit_once('.') {
            Some((parent, name)) => vec!["subdomain", parent, name],
            None => vec!["domain", domain],
        };
        self.change("deleting the domain", Method::DELETE, &path).done().await
    }

    /// `DELETE /userdomain/{name}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn delete_user_domain(&self, user: &str) -> Result<(), ClientError> {
        self.change("deleting the domain", Method::DELETE, &["userdomain", user]).done().await
    }

    /// `PUT /domain/{domain}/template`
    ///
    /// # Errors
    /// As every operation.
    pub async fn apply_templates(&self, domain: &str, templates: &DomainTemplate) -> Result<(), ClientError> {
        let path = ["domain", domain, "template"];
        self.change("applying the template", Method::PUT, &path).json(templates).done().await
    }
}

/// Roles and groups.
impl ZmsClient {
    /// `GET /domain/{domain}/roles`, with members.
    ///
    /// # Errors
    /// As every operation.
    pub async fn roles(&self, domain: &str) -> Result<Roles, ClientError> {
        self.read("reading the roles", &["domain", domain, "roles"]).query("members", "true").value().await
    }

    /// `GET /domain/{domain}/role/{role}`; `expand` resolves a delegated role to its members.
    ///
    /// # Errors
    /// As every operation.
    pub async fn role(&self, domain: &str, role: &str, expand: bool) -> Result<Role, ClientError> {
        self.read("reading the role", &["domain", domain, "role", role])
            .query_if("expand", expand.then_some("true"))
            .value()
            .await
    }

    /// `PUT /domain/{domain}/role/{role}`: makes or replaces it.
    ///
    /// # Errors
    /// As every operation.
    pub async fn put_role(&self, domain: &str, name: &str, role: &Role) -> Result<(), ClientError> {
        self.change("writing the role", Method::PUT, &["domain", domain, "role", name])
            .json(role)
            .done()
            .await
    }

    /// `DELETE /domain/{domain}/role/{role}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn delete_role(&self, domain: &str, role: &str) -> Result<(), ClientError> {
        self.change("deleting the role", Method::DELETE, &["domain", domain, "role", role]).done().await
    }

    /// `GET /domain/{domain}/role/{role}/member/{member}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn membership(
        &self,
        domain: &str,
        role: &str,
        member: &str,
    ) -> Result<Membership, ClientError> {
        self.read("reading the membership", &["domain", domain, "role", role, "member", member]).value().await
    }

    /// `PUT /domain/{domain}/role/{role}/member/{member}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn put_member(
        &self,
        domain: &str,
        role: &str,
        member: &str,
        membership: &Membership,
    ) -> Result<(), ClientError> {
        let path = ["domain", domain, "role", role, "member", member];
        self.change("adding the member", Method::PUT, &path).json(membership).done().await
    }

    /// `DELETE /domain/{domain}/role/{role}/member/{member}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn delete_member(&self, domain: &str, role: &str, member: &str) -> Result<(), ClientError> {
        let path = ["domain", domain, "role", role, "member", member];
        self.change("removing the member", Method::DELETE, &path).done().await
    }

    /// `GET /domain/{domain}/group/{group}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn group(&self, domain: &str, group: &str) -> Result<Group, ClientError> {
        self.read("reading the group", &["domain", domain, "group", group]).value().await
    }

    /// `PUT /domain/{domain}/group/{group}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn put_group(&self, domain: &str, name: &str, group: &Group) -> Result<(), ClientError> {
        self.change("writing the group", Method::PUT, &["domain", domain, "group", name])
            .json(group)
            .done()
            .await
    }

    /// `PUT /domain/{domain}/group/{group}/member/{member}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn put_group_member(
        &self,
        domain: &str,
        group: &str,
        member: &str,
        membership: &GroupMembership,
    ) -> Result<(), ClientError> {
        let path = ["domain", domain, "group", group, "member", member];
        self.change("adding the member", Method::PUT, &path).json(membership).done().await
    }
}

/// Policies.
impl ZmsClient {
    /// `GET /domain/{domain}/policies`, with assertions.
    ///
    /// # Errors
    /// As every operation.
    pub async fn policies(&self, domain: &str) -> Result<Policies, ClientError> {
        self.read("reading the policies", &["domain", domain, "policies"])
            .query("assertions", "true")
            .value()
            .await
    }

    /// `GET /domain/{domain}/policy/{policy}`: the active version.
    ///
    /// # Errors
    /// As every operation.
    pub async fn policy(&self, domain: &str, policy: &str) -> Result<Policy, ClientError> {
        self.read("reading the policy", &["domain", domain, "policy", policy]).value().await
    }

    /// `PUT /domain/{domain}/policy/{policy}`: makes or replaces it.
    ///
    /// # Errors
    /// As every operation.
    pub async fn put_policy(&self, domain: &str, name: &str, policy: &Policy) -> Result<(), ClientError> {
        self.change("writing the policy", Method::PUT, &["domain", domain, "policy", name])
            .json(policy)
            .done()
            .await
    }

    /// `DELETE /domain/{domain}/policy/{policy}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn delete_policy(&self, domain: &str, policy: &str) -> Result<(), ClientError> {
        self.change("deleting the policy", Method::DELETE, &["domain", domain, "policy", policy]).done().await
    }

    /// `PUT /domain/{domain}/policy/{policy}/assertion`: adds one to the active version.
    ///
    /// # Errors
    /// As every operation.
    pub async fn put_assertion(
        &self,
        domain: &str,
        policy: &str,
        assertion: &Assertion,
    ) -> Result<Assertion, ClientError> {
        let path = ["domain", domain, "policy", policy, "assertion"];
        self.change("adding the assertion", Method::PUT, &path).json(assertion).value().await
    }

    /// `DELETE /domain/{domain}/policy/{policy}/assertion/{id}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn delete_assertion(&self, domain: &str, policy: &str, id: i64) -> Result<(), ClientError> {
        let id = id.to_string();
        let path = ["domain", domain, "policy", policy, "assertion", &id];
        self.change("deleting the assertion", Method::DELETE, &path).done().await
    }
}

/// Services.
impl ZmsClient {
    /// `GET /domain/{domain}/services`, with keys and hosts.
    ///
    /// # Errors
    /// As every operation.
    pub async fn services(&self, domain: &str) -> Result<ServiceIdentities, ClientError> {
        self.read("reading the services", &["domain", domain, "services"])
            .query("publickeys", "true")
            .query("hosts", "true")
            .value()
            .await
    }

    /// `GET /domain/{domain}/service/{service}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn service(&self, domain: &str, service: &str) -> Result<ServiceIdentity, ClientError> {
        self.read("reading the service", &["domain", domain, "service", service]).value().await
    }

    /// `PUT /domain/{domain}/service/{service}`: makes or replaces it.
    ///
    /// # Errors
    /// As every operation.
    pub async fn put_service(
        &self,
        domain: &str,
        name: &str,
        service: &ServiceIdentity,
    ) -> Result<(), ClientError> {
        self.change("writing the service", Method::PUT, &["domain", domain, "service", name])
            .json(service)
            .done()
            .await
    }

    /// `DELETE /domain/{domain}/service/{service}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn delete_service(&self, domain: &str, service: &str) -> Result<(), ClientError> {
        self.change("deleting the service", Method::DELETE, &["domain", domain, "service", service])
            .done()
            .await
    }

    /// `PUT /domain/{domain}/service/{service}/publickey/{id}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn put_public_key(
        &self,
        domain: &str,
        service: &str,
        key: &PublicKeyEntry,
    ) -> Result<(), ClientError> {
        let path = ["domain", domain, "service", service, "publickey", key.id.as_deref().unwrap_or_default()];
        self.change("writing the public key", Method::PUT, &path).json(key).done().await
    }

    /// Any other read of the API, by its path below `/zms/v1`.
    ///
    /// # Errors
    /// As every operation.
    pub async fn fetch<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, ClientError> {
        self.read("reading from ZMS", path).value().await
    }
}

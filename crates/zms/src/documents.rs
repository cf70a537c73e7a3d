//! Domains as documents for ZTS and syncers: the classic signed domain, the JWS domain, and the
//! policies' own signature. Built once per revision of a domain and kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use athenz_crypto::jose::FlattenedJws;
use athenz_crypto::keys::{Hash, SignatureForm};
use athenz_crypto::ring::SigningKey;
use athenz_crypto::ybase64;
use athenz_model::names::{DomainName, UserDomains};
use athenz_model::wire::canonical;
use athenz_model::wire::zms::{
    Assertion, Domain as DomainWire, DomainData, DomainPolicies, JWSDomain, Policy, SignedDomain,
    SignedPolicies,
};
use athenz_world::fingerprint::Fingerprint;
use athenz_world::{Domain, Sequence, World};

use crate::views::collections::{MemberForm, Shown, group_with_members, role_with_members};
use crate::views::policies::{PolicyForm, policy};
use crate::views::{domains, services};

/// Most documents that are kept.
const KEPT: usize = 1024;

/// Why a document could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The key did not sign.
    #[error("cannot sign the domain: {0}")]
    Sign(String),
    /// The document could not be written as JSON.
    #[error("cannot write the domain")]
    Json(#[from] serde_json::Error),
}

/// Which document is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    /// `SignedDomain`, with ids and conditions of assertions where asked for.
    Classic { conditions: bool },
    /// `JWSDomain`, signed in DER or P1363 form.
    Jws { p1363: bool },
}

/// Makes documents and keeps those of the newest revisions.
#[derive(Debug)]
pub(crate) struct Documents {
    key: SigningKey,
    users: UserDomains,
    kept: Mutex<Kept>,
}

/// Documents, each with the state of its domain: a revision alone may come back with a store that
/// was set back.
type Kept = HashMap<(DomainName, Form), (State, Arc<str>)>;
type State = (Sequence, Fingerprint);

fn state_of(domain: &Domain) -> State {
    (domain.revision, domain.fingerprint)
}

impl Documents {
    pub(crate) fn new(key: SigningKey, users: UserDomains) -> Self {
        Self { key, users, kept: Mutex::default() }
    }

    /// A document as JSON.
    pub(crate) async fn document(
        &self,
        world: &World,
        domain: &Domain,
        form: Form,
    ) -> Result<Arc<str>, DocumentError> {
        let at = (domain.name.clone(), form);
        if let Some((_, text)) = self.kept().get(&at).filter(|(state, _)| *state == state_of(domain)) {
            return Ok(Arc::clone(text));
        }
        let text: Arc<str> = match form {
            Form::Classic { conditions } => {
                serde_json::to_string(&self.classic(world, domain, conditions).await?)?
            }
            Form::Jws { p1363 } => serde_json::to_string(&self.jws(world, domain, p1363).await?)?,
        }
        .into();
        let mut kept = self.kept();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(at, (state_of(domain), Arc::clone(&text)));
        Ok(text)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // a cache that somebody panicked over is still a cache
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The whole domain for ZTS in the same process: as the JWS payload has it.
    pub(crate) async fn data(&self, world: &World, domain: &Domain) -> Result<DomainData, DocumentError> {
        let policies = all_policies(domain);
        let (signature, key_id) = self.policies_signature(domain).await?;
        let contents = DomainPolicies { domain: Some(domain.name.to_string()), policies: Some(policies) };
        let signed =
            SignedPolicies { contents: Some(contents), signature: Some(signature), key_id: Some(key_id) };
        Ok(self.whole(world, domain, signed))
    }

    async fn classic(
        &self,
        world: &World,
        domain: &Domain,
        conditions: bool,
    ) -> Result<SignedDomain, DocumentError> {
        let (signature, key_id) = self.policies_signature(domain).await?;
        let contents = active_policies(domain, conditions);
        let policies =
            SignedPolicies { contents: Some(contents), signature: Some(signature), key_id: Some(key_id) };
        let whole = self.whole(world, domain, policies);
        // what the classic form never carried
        let data = DomainData {
            audit_enabled: whole.audit_enabled.filter(|enabled| *enabled),
            gcp_project: None,
            gcp_project_number: None,
            x509_cert_signer_key_id: None,
            ssh_cert_signer_key_id: None,
            external_member_validator: None,
            cost_center: None,
            resource_ownership: None,
            ..whole
        };
        let signature = self.sign(&canonical::domain_to_sign(&data)).await?;
        let key_id = self.key.id().as_str().to_owned();
        Ok(SignedDomain { domain: Some(data), signature: Some(signature), key_id: Some(key_id) })
    }

    async fn jws(&self, world: &World, domain: &Domain, p1363: bool) -> Result<JWSDomain, DocumentError> {
        let payload = serde_json::to_vec(&self.data(world, domain).await?)?;
        let form = if p1363 { SignatureForm::P1363 } else { SignatureForm::Der };
        let signed = FlattenedJws::sign(&self.key, &payload, form)
            .await
            .map_err(|error| DocumentError::Sign(error.to_string()))?;
        Ok(JWSDomain {
            payload: Some(signed.payload),
            protected: Some(signed.protected),
            header: Some([("kid".to_owned(), self.key.id().as_str().to_owned())].into()),
            signature: Some(signed.signature),
        })
    }

    /// Signature and key id over the active policies without ids and conditions: what ZTS hands
    /// on to ZPU and ZPE, so it is made over exactly that form.
    async fn policies_signature(&self, domain: &Domain) -> Result<(String, String), DocumentError> {
        let signature = self.sign(&canonical::policies_to_sign(&active_policies(domain, false))).await?;
        Ok((signature, self.key.id().as_str().to_owned()))
    }

    async fn sign(&self, text: &str) -> Result<String, DocumentError> {
        let signed = self.key.sign_as(Hash::Sha256, SignatureForm::Der, text.as_bytes()).await;
        signed
            .map(|signature| ybase64::encode(&signature))
            .map_err(|error| DocumentError::Sign(error.to_string()))
    }

    fn whole(&self, world: &World, domain: &Domain, policies: SignedPolicies) -> DomainData {
        let shown = Shown { world, users: &self.users, form: MemberForm::Listed };
        let name = domain.name.as_str();
        let roles =
            domain.roles.iter().map(|(role, held)| role_with_members(shown, name, role, held)).collect();
        let groups =
            domain.groups.iter().map(|(group, held)| group_with_members(shown, name, group, held)).collect();
        let services =
            domain.services.iter().map(|(service, held)| services::service(name, service, held)).collect();
        let entities =
            domain.entities.iter().map(|(entity, held)| services::entity(name, entity, held)).collect();
        let meta = domains::domain(name, &domain.attributes);
        DomainData {
            roles: Some(roles),
            groups: Some(groups),
            services: Some(services),
            entities: Some(entities),
            policies: Some(policies),
            ..attributes(meta)
        }
    }
}

/// The attributes of a domain in a document: not its environment, its flags and its switches.
pub(crate) fn attributes(meta: DomainWire) -> DomainData {
    DomainData {
        description: meta.description,
        org: meta.org,
        enabled: meta.enabled,
        audit_enabled: meta.audit_enabled,
        account: meta.account,
        aws_account_name: meta.aws_account_name,
        ypm_id: meta.ypm_id,
        application_id: meta.application_id,
        cert_dns_domain: meta.cert_dns_domain,
        member_expiry_days: meta.member_expiry_days,
        token_expiry_mins: meta.token_expiry_mins,
        service_cert_expiry_mins: meta.service_cert_expiry_mins,
        role_cert_expiry_mins: meta.role_cert_expiry_mins,
        sign_algorithm: meta.sign_algorithm,
        service_expiry_days: meta.service_expiry_days,
        group_expiry_days: meta.group_expiry_days,
        user_authority_filter: meta.user_authority_filter,
        azure_subscription: meta.azure_subscription,
        azure_tenant: meta.azure_tenant,
        azure_client: meta.azure_client,
        gcp_project: meta.gcp_project,
        gcp_project_number: meta.gcp_project_number,
        tags: meta.tags,
        business_service: meta.business_service,
        member_purge_expiry_days: meta.member_purge_expiry_days,
        product_id: meta.product_id,
        contacts: meta.contacts,
        resource_ownership: meta.resource_ownership,
        x509_cert_signer_key_id: meta.x509_cert_signer_key_id,
        ssh_cert_signer_key_id: meta.ssh_cert_signer_key_id,
        slack_channel: meta.slack_channel,
        on_call: meta.on_call,
        external_member_validator: meta.external_member_validator,
        cost_center: meta.cost_center,
        name: meta.name,
        modified: meta.modified,
        ..DomainData::default()
    }
}

/// Every version of every policy, with ids and conditions.
fn all_policies(domain: &Domain) -> Vec<Policy> {
    let versions = domain.policies.iter().flat_map(|(name, held)| {
        held.versions
            .iter()
            .map(move |(version, held)| policy(&domain.name, name, version, held, PolicyForm::Listed))
    });
    versions.collect()
}

/// The active policies: name, time and assertions.
fn active_policies(domain: &Domain, conditions: bool) -> DomainPolicies {
    let active = domain.policies.iter().filter_map(|(name, held)| Some((name, held.active()?)));
    let policies = active
        .map(|(name, (version, held))| {
            let full = policy(&domain.name, name, version, held, PolicyForm::Listed);
            let bare = |assertion: Assertion| match conditions {
                true => assertion,
                false => Assertion { id: None, conditions: None, ..assertion },
            };
            Policy {
                name: full.name,
                modified: full.modified,
                assertions: full.assertions.map(|assertions| assertions.into_iter().map(bare).collect()),
                ..Policy::default()
            }
        })
        .collect();
    DomainPolicies { domain: Some(domain.name.to_string()), policies: Some(policies) }
}

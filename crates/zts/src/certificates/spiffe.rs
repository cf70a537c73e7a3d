//! SPIFFE ids of services and roles: two accepted forms, compared without case and issued in
//! lower case, since the standard knows no upper case in trust domains.

/// Which SPIFFE ids a server accepts.
#[derive(Clone, Debug)]
pub struct SpiffeForms {
    /// Trust domain of the long form: `athenz.io`.
    pub trust_domain: String,
}

impl SpiffeForms {
    /// The canonical id when `asked` is one of the service: `spiffe://<domain>/sa/<service>` or
    /// `spiffe://<trust domain>/ns/<namespace>/sa/<domain>.<service>`.
    pub fn of_service(
        &self,
        asked: &str,
        domain: &str,
        service: &str,
        namespace: Option<&str>,
    ) -> Option<String> {
        let namespace = namespace.filter(|namespace| !namespace.is_empty()).unwrap_or("default");
        first_match(
            asked,
            [
                format!("spiffe://{}/ns/{namespace}/sa/{domain}.{service}", self.trust_domain),
                format!("spiffe://{domain}/sa/{service}"),
            ],
        )
    }

    /// The canonical id when `asked` is one of the role: `spiffe://<domain>/ra/<role>` or
    /// `spiffe://<trust domain>/ns/<domain>/ra/<role>`.
    pub fn of_role(&self, asked: &str, domain: &str, role: &str) -> Option<String> {
        first_match(
            asked,
            [
                format!("spiffe://{}/ns/{domain}/ra/{role}", self.trust_domain),
                format!("spiffe://{domain}/ra/{role}"),
            ],
        )
    }
}

fn first_match(asked: &str, accepted: [String; 2]) -> Option<String> {
    accepted.into_iter().find(|form| form.eq_ignore_ascii_case(asked))
}

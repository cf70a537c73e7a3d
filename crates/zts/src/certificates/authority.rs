//! Which DNS and host names a provider may vouch for: `launch` assertions on `sys.auth:dns.…` and
//! `sys.auth:hostname.…`.

/// The names of one provider. Suffixes are kept with a leading dot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameAuthority {
    dns: Vec<String>,
    hosts: Vec<String>,
    denied_hosts: Vec<String>,
}

/// Resources that give a suffix.
const DNS_RESOURCE: &str = "sys.auth:dns.";
const HOST_RESOURCE: &str = "sys.auth:hostname.";

impl NameAuthority {
    /// Takes up an assertion with action `launch` that holds for the provider.
    pub fn add(&mut self, resource: &str, allow: bool) {
        if let Some(suffix) = resource.strip_prefix(DNS_RESOURCE) {
            if allow {
                self.dns.push(format!(".{suffix}"));
            }
        } else if let Some(suffix) = resource.strip_prefix(HOST_RESOURCE) {
            let list = if allow { &mut self.hosts } else { &mut self.denied_hosts };
            list.push(format!(".{suffix}"));
        }
    }

    /// Whether an assertion on this resource says something about names.
    pub fn concerns(resource: &str) -> bool {
        resource.starts_with(DNS_RESOURCE) || resource.starts_with(HOST_RESOURCE)
    }

    /// Whether the provider may put this DNS name into certificates; case counts.
    pub fn vouches_for_dns(&self, name: &str) -> bool {
        self.dns.iter().any(|suffix| name.ends_with(suffix.as_str()))
    }

    /// Whether the provider may name this host.
    pub fn vouches_for_host(&self, host: &str) -> bool {
        let among = |list: &[String]| list.iter().any(|suffix| host.ends_with(suffix.as_str()));
        !among(&self.denied_hosts) && among(&self.hosts)
    }
}

//! Whom ZTS asks about instances, when a provider is a service of its own.

use std::sync::Arc;

use anyhow::Context;
use athenz_client::{Egress, HttpOptions, Identity, Trust};
use athenz_model::Clock;
use athenz_zts::providers::remote::HttpsProviders;

use super::home::{Home, ZTS_SERVICE};
use super::settings::{ProvidersTable, SourceTable};

/// Providers at the places a table names. They see the certificate that ZMS sees.
pub(super) fn configured(
    table: &ProvidersTable,
    source: &SourceTable,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<HttpsProviders> {
    let identity = Identity::from_files(&source.certificate, &source.key, Arc::clone(clock));
    Ok(HttpsProviders::new(HttpOptions {
        egress: egress(table)?,
        trust: Trust::from_file(&table.authorities).context("authorities")?,
        identity: Some(identity.context("[source]")?),
        clock: Arc::clone(clock),
        ..HttpOptions::default()
    }))
}

fn egress(table: &ProvidersTable) -> anyhow::Result<Egress> {
    let mut egress = Egress::nothing();
    for host in &table.hosts {
        egress = match host.rsplit_once(':') {
            Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
                let port = port.parse().with_context(|| format!("hosts: {host:?} has no port number"))?;
                egress.with_host(name, Some(port))
            }
            _ => egress.with_host(host, None),
        };
    }
    for network in &table.networks {
        egress = egress.with_network(network.parse().context("networks")?);
    }
    Ok(egress)
}

/// Providers on this machine, for a development world.
pub(super) fn of_home(home: &Home, clock: &Arc<dyn Clock>) -> anyhow::Result<HttpsProviders> {
    let here = ["localhost", "127.0.0.1", "[::1]"];
    Ok(HttpsProviders::new(HttpOptions {
        egress: here.iter().fold(Egress::nothing(), |egress, host| egress.with_host(host, None)),
        trust: Trust::from_file(&home.pki("clients.crt"))?,
        identity: Some(home.service_identity(ZTS_SERVICE, clock)?),
        clock: Arc::clone(clock),
        ..HttpOptions::default()
    }))
}

#[cfg(test)]
mod tests {
    use athenz_client::Url;

    use super::*;

    #[test]
    fn providers_are_called_where_the_table_says() {
        let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        let table = |hosts: &[&str], networks: &[&str]| ProvidersTable {
            hosts: texts(hosts),
            networks: texts(networks),
            authorities: "ca.crt".into(),
        };
        let rules =
            egress(&table(&["provider.example.com:8443", "[fd00::1]:9", "any.example.com"], &[])).unwrap();
        for (url, allowed) in [
            ("https://provider.example.com:8443/x", true),
            ("https://provider.example.com/x", false),
            ("https://any.example.com:1/x", true),
            ("https://[fd00::1]:9/x", true),
            ("https://[fd00::1]:8/x", false),
            ("https://169.254.169.254/x", false),
            ("http://any.example.com/x", false),
        ] {
            assert_eq!(rules.check(&Url::parse(url).unwrap()).is_ok(), allowed, "{url}");
        }
        let rules = egress(&table(&[], &["10.0.0.0/8"])).unwrap();
        assert!(rules.check(&Url::parse("https://10.1.2.3/x").unwrap()).is_ok());
        assert!(rules.check(&Url::parse("https://11.1.2.3/x").unwrap()).is_err());
        for (hosts, networks) in [(&["a:b"][..], &[][..]), (&[], &["10.0.0.0"])] {
            assert!(egress(&table(hosts, networks)).is_err(), "{hosts:?} {networks:?}");
        }
    }
}

//! The test vectors of certificate requests: one base request, one change a row, the verdict of
//! ZTS and then of the DNS rules of a built-in provider.

use super::*;
use crate::providers::san_dns::DnsRules;

const BASE_DNS: &str = "api.weather-prod.aws.acme.cloud";
const BASE_URI: &str = "athenz://instanceid/prov.aws.us-west-2/i-0001";

/// A request of the table.
#[derive(Clone)]
struct Case {
    names: RequestedNames,
    instance_id: Option<&'static str>,
    host_name: Option<&'static str>,
    host_cnames: Vec<String>,
    namespace: Option<&'static str>,
    dns_domain: Option<&'static str>,
    rules: CsrRules,
    clusters: Vec<String>,
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn base() -> Case {
    Case {
        names: RequestedNames {
            common_names: owned(&["weather.prod.api"]),
            dns: owned(&[BASE_DNS]),
            uris: owned(&[BASE_URI]),
            ..RequestedNames::default()
        },
        instance_id: None,
        host_name: None,
        host_cnames: Vec::new(),
        namespace: None,
        dns_domain: None,
        rules: CsrRules {
            subject: SubjectRules::default(),
            spiffe: SpiffeForms { trust_domain: "acme.io".to_owned() },
            refuse_unknown_uris: false,
            dns_suffixes: owned(&[".acme.cloud"]),
        },
        clusters: Vec::new(),
    }
}

impl Case {
    fn cn(mut self, names: &[&str]) -> Self {
        self.names.common_names = owned(names);
        self
    }
    fn uris(mut self, uris: &[&str]) -> Self {
        self.names.uris = owned(uris);
        self
    }
    fn uri(mut self, uri: &str) -> Self {
        self.names.uris.push(uri.to_owned());
        self
    }
    fn only_dns(mut self, names: &[&str]) -> Self {
        self.names.dns = owned(names);
        self
    }
    fn dns(mut self, name: &str) -> Self {
        self.names.dns.push(name.to_owned());
        self
    }
    fn host(mut self, host: &'static str) -> Self {
        self.host_name = Some(host);
        self
    }
    fn cname(mut self, name: &str) -> Self {
        self.host_cnames.push(name.to_owned());
        self
    }
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn check(&self) -> Result<CheckedRequest, String> {
        let mut authority = NameAuthority::default();
        authority.add("sys.auth:dns.aws.acme.cloud", true);
        authority.add("sys.auth:hostname.corp.acme.com", true);
        authority.add("sys.auth:hostname.secure.corp.acme.com", false);
        let request = ServiceRequest {
            domain: "weather.prod",
            service: "api",
            provider: "prov.aws.us-west-2",
            instance_id: self.instance_id,
            host_name: self.host_name,
            host_cnames: &self.host_cnames,
            namespace: self.namespace,
            certificate_dns_domain: self.dns_domain,
            authority: &authority,
        };
        self.names.check_shape().map_err(|error| error.to_string())?;
        let checked = self.rules.check(&self.names, &request).map_err(|error| error.to_string())?;
        let units = self.rules.subject.organizational_unit(&self.names, &["prov.aws.us-west-2"]);
        units.ok_or_else(|| "CSR Subject OrgUnit validation failed".to_owned())?;
        Ok(checked)
    }

    fn provider_accepts(&self, checked: &CheckedRequest) -> bool {
        let rules = DnsRules { suffixes: owned(&["aws.acme.cloud"]), clusters: self.clusters.clone() };
        rules.accept(&checked.dns_for_provider, "weather.prod", "api")
    }
}

/// What a row expects.
enum Verdict {
    /// Both accept.
    Pass,
    /// ZTS accepts, the provider does not.
    Provider,
    /// ZTS refuses with this text.
    Fail(&'static str),
}
use Verdict::{Fail, Pass, Provider};

const NO_SUFFIX: &str = " does not end with provider/service configured suffix or hostname";

/// Rows by number. Where the number is followed by a remark, this server is stricter than Athenz.
fn vectors() -> Vec<(u8, Case, Verdict)> {
    let mut rows = identity_vectors();
    rows.extend(dns_vectors());
    rows.extend(host_vectors());
    rows.extend(uri_and_subject_vectors());
    rows
}

fn identity_vectors() -> Vec<(u8, Case, Verdict)> {
    vec![
        (1, base(), Pass),
        (2, base().cn(&["Weather.Prod.API"]), Pass),
        (3, base().cn(&["weather.prod.web"]), Fail("Unable to validate CSR common name")),
        (4, base().cn(&[]), Fail("CSR contains neither a CommonName nor a SPIFFE URI")),
        (5, base().cn(&[]).uri("spiffe://acme.io/ns/default/sa/weather.prod.api"), Pass),
        (
            6,
            base().cn(&["weather.prod.api", "weather.prod.api"]),
            Fail("contains multiple values for the same field"),
        ),
        (7, base().uris(&[]), Fail("InstanceId cannot be empty")),
        (8, base().uris(&[]).with(|case| case.instance_id = Some("i-0001")), Pass),
        (9, base().uris(&[]).dns("i-0001.instanceid.athenz.aws.acme.cloud"), Pass),
        // 10, 13: all ids must agree, and be of the provider
        (10, base().dns("i-0002.instanceid.athenz.aws.acme.cloud"), Fail("instance id mismatch")),
        (
            11,
            base()
                .uris(&[])
                .dns("i-0001.instanceid.athenz.aws.acme.cloud")
                .dns("i-0002.instanceid.athenz.aws.acme.cloud"),
            Provider,
        ),
        (12, base().dns("i-0001.instanceid.athenz.aws.acme.cloud.evil"), Fail(NO_SUFFIX)),
        (13, base().uris(&["athenz://instanceid/other.provider/i-0001"]), Fail("instance id mismatch")),
        (14, base().uris(&["athenz://instanceid/prov.aws.us-west-2/"]), Fail("InstanceId cannot be empty")),
    ]
}

fn dns_vectors() -> Vec<(u8, Case, Verdict)> {
    let only = |name: &str| base().only_dns(&[name]);
    let below = || base().with(|case| case.dns_domain = Some("weather.example"));
    vec![
        (15, only("api.weather-prod.gcp.acme.cloud"), Fail(NO_SUFFIX)),
        (16, only("API.weather-prod.AWS.acme.cloud"), Fail(NO_SUFFIX)),
        (17, only("web.weather-prod.aws.acme.cloud"), Provider),
        (18, only("api.weather.prod.aws.acme.cloud"), Provider),
        (19, only("v2.api.weather-prod.aws.acme.cloud"), Pass),
        (20, only("api.v2.weather-prod.aws.acme.cloud"), Pass),
        (21, only("api.weather-prod.evil.aws.acme.cloud"), Provider),
        (
            22,
            only("api.weather-prod.east1.aws.acme.cloud").with(|case| case.clusters = owned(&["east1"])),
            Pass,
        ),
        (23, only("xapi.weather-prod.aws.acme.cloud"), Provider),
        (24, base().dns("*.api.weather-prod.aws.acme.cloud"), Pass),
        (25, base().dns("*.api.weather-prod.r1.aws.acme.cloud"), Pass),
        (26, only("*.api.weather-prod.aws.acme.cloud"), Provider),
        (27, base().dns("*.weather-prod.aws.acme.cloud"), Provider),
        (28, below().dns("www.weather.example"), Pass),
        (29, below().dns("weather.example"), Fail(NO_SUFFIX)),
    ]
}

fn host_vectors() -> Vec<(u8, Case, Verdict)> {
    vec![
        (30, base().host("h1.corp.acme.com").dns("h1.corp.acme.com"), Provider),
        (
            31,
            base().host("h1.secure.corp.acme.com").dns("h1.secure.corp.acme.com"),
            Fail("Unable to validate Instance hostname: h1.secure.corp.acme.com"),
        ),
        (32, base().host("h1.other.com"), Fail("Unable to validate Instance hostname: h1.other.com")),
        (33, base().host("h1.other.com").only_dns(&[]), Provider),
        (34, base().cname("c.corp.acme.com"), Fail("Instance Host CNAME list provided without Hostname")),
        (
            35,
            base().host("h1.corp.acme.com").cname("c.corp.acme.com"),
            Fail("Instance host name CNAME list provided without a valid hostname resolver"),
        ),
        (
            36,
            base().uri("athenz://hostname/h1.corp.acme.com"),
            Fail("Instance/Uri hostname mismatch: null vs. h1.corp.acme.com"),
        ),
    ]
}

fn uri_and_subject_vectors() -> Vec<(u8, Case, Verdict)> {
    let blue = "spiffe://acme.io/ns/blue/sa/weather.prod.api";
    let acme_only = |case: &mut Case| case.rules.subject.organizations = owned(&["Acme", "Athenz"]);
    let unit = |unit: &'static str| {
        move |case: &mut Case| {
            case.rules.subject.verify_organizational_unit = true;
            case.names.organizational_units = owned(&[unit]);
        }
    };
    vec![
        (37, base().uri("spiffe://weather.prod/sa/api"), Pass),
        (38, base().uri(blue), Fail("Unable to validate Service SPIFFE URI")),
        (39, base().uri(blue).with(|case| case.namespace = Some("blue")), Pass),
        (
            40,
            base().uri("spiffe://acme.io/ns/default/sa/weather.prod.web"),
            Fail("Unable to validate Service SPIFFE URI"),
        ),
        (
            41,
            base().uri("spiffe://weather.prod/sa/api").uri("spiffe://weather.prod/sa/api"),
            Fail("Invalid SPIFFE URI present in CSR"),
        ),
        (42, base().uri("https://x/"), Pass),
        (43, base().with(|case| case.names.ips.push("10.1.2.3".parse().unwrap())), Pass),
        (
            44,
            base().with(acme_only).with(|case| case.names.organizations = owned(&["Evil"])),
            Fail("Unable to validate Subject O Field"),
        ),
        (45, base().with(acme_only), Pass),
        (46, base().with(unit("prov.aws.us-west-2:restricted")), Pass),
        (47, base().with(unit("Something")), Fail("CSR Subject OrgUnit validation failed")),
        // 48: an e-mail name of somebody else. 49 (key and signature) is the parser's, 50 the refresh's
        (
            48,
            base().with(|case| case.names.emails = owned(&["ceo@acme.com"])),
            Fail("Unable to validate email"),
        ),
    ]
}

#[test]
fn every_vector_has_its_verdict() {
    for (number, case, verdict) in vectors() {
        match (case.check(), verdict) {
            (Ok(checked), Pass) => assert!(case.provider_accepts(&checked), "{number}: the provider refuses"),
            (Ok(checked), Provider) => {
                assert!(!case.provider_accepts(&checked), "{number}: the provider accepts")
            }
            (Err(text), Fail(expected)) => assert!(text.contains(expected), "{number}: {text}"),
            (Ok(_), Fail(expected)) => panic!("{number}: accepted, expected {expected}"),
            (Err(text), _) => panic!("{number}: {text}"),
        }
    }
}

#[test]
fn what_is_issued_is_written_by_us() {
    let case = base()
        .cn(&["Weather.Prod.API"])
        .uri("SPIFFE://Weather.Prod/SA/Api")
        .uri("https://example.org/x")
        .uri("athenz://instancename/x/y")
        .with(|case| case.names.emails = owned(&["Weather.Prod.Api@acme.cloud"]))
        .with(|case| case.names.organizations = owned(&["Evil Corp"]));
    let checked = case.check().unwrap();
    assert_eq!(checked.subject.common_name.as_deref(), Some("weather.prod.api"));
    assert_eq!(checked.subject.organization, None, "an organization nobody verified");
    assert_eq!(checked.uris, [BASE_URI, "spiffe://weather.prod/sa/api"], "unknown URIs are left out");
    assert_eq!(checked.emails, ["weather.prod.api@acme.cloud"]);
}

#[test]
fn instance_ids_of_the_dns_form() {
    let id = |n: u8| format!("i-000{n}.instanceid.athenz.aws.acme.cloud");
    for (ids, agree, provider) in
        [(vec![1], true, true), (vec![1, 1], true, false), (vec![1, 2], false, false)]
    {
        let case = ids.iter().fold(base(), |case, n| case.dns(&id(*n)));
        let checked = case.check().unwrap();
        assert_eq!(checked.instance_id, "i-0001", "{ids:?}");
        assert_eq!(check_dns_instance_ids(&case.names).is_ok(), agree, "{ids:?}");
        assert_eq!(case.provider_accepts(&checked), provider, "{ids:?}: one id is enough");
    }
    // a name below the domain's own DNS domain is not shown to the provider, but compared all the same
    let hidden = base()
        .dns(&id(1))
        .dns("i-0002.instanceid.athenz.weather.example")
        .with(|case| case.dns_domain = Some("weather.example"));
    assert!(hidden.provider_accepts(&hidden.check().unwrap()));
    assert!(check_dns_instance_ids(&hidden.names).is_err());
    // no lower case, no instance id
    let capitals = base().uris(&["ATHENZ://instanceid/prov.aws.us-west-2/i-0001"]);
    assert!(capitals.check().unwrap_err().contains("InstanceId cannot be empty"));
}

#[test]
fn smuggled_names_are_refused() {
    for (case, expected) in [
        (base().uri("athenz://principal/user.admin"), "for role certificates only"),
        (base().uri("Athenz://Principal/user.admin"), "for role certificates only"),
        (base().uri("athenz://proxyuser/user.admin"), "for role certificates only"),
        (base().uris(&["athenz://instanceid/prov.aws.us-west-2/a/b"]), "InstanceId is not valid"),
        (base().uris(&["athenz://instanceid/prov.aws.us-west-2/a%20b"]), "InstanceId is not valid"),
        (base().uri("athenz://instanceid/prov.aws.us-west-2/i-0002"), "instance id mismatch"),
        (base().dns("evil.com\0.aws.acme.cloud"), NO_SUFFIX),
        (base().dns("a*b.api.weather-prod.aws.acme.cloud"), NO_SUFFIX),
        (base().dns(".aws.acme.cloud"), NO_SUFFIX),
        (base().dns(""), NO_SUFFIX),
        (base().uri("spiffe://weather.prod/sa/api?x"), "SPIFFE"),
        (base().uri("spiffe://weather.prod/sa/api/../web"), "SPIFFE"),
        (base().uri("spiffe://weather.prod:80/sa/api"), "SPIFFE"),
    ] {
        let text = case.check().unwrap_err();
        assert!(text.contains(expected), "{:?}: {text}", case.names);
    }
    let long = format!("athenz://instanceid/prov.aws.us-west-2/{}", "a".repeat(257));
    assert!(base().uris(&[&long]).check().unwrap_err().contains("InstanceId is not valid"));
}

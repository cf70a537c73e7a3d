//! Providers that are services of their own: they are asked over HTTPS, and are known by the name
//! of the service in their certificate. `POST <endpoint>/instance` for a new instance, `/refresh`
//! for a known one; the body of request and answer is an `InstanceConfirmation`.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use athenz_client::{HttpClient, HttpOptions, Request, ServerIs, Url};
use athenz_model::wire::zts::InstanceConfirmation;
use http::Method;
use tokio::sync::Semaphore;

use super::{Confirmation, Confirmed, Purpose, Refused};
use crate::certificates::lifetime::Usage;
use crate::index::DomainEntry;

/// Clients of so many providers are kept; more start anew.
const CLIENTS: usize = 256;
/// Calls to one provider at a time: one that answers slowly must not hold up the server.
const CALLS: usize = 64;
/// Characters of what a provider says that are handed on.
const SHOWN: usize = 500;
/// Attributes an answer may have.
const ATTRIBUTES: usize = 100;

/// What ZTS takes out of an answer; the rest is for the client.
const TAKEN: [&str; 7] = [
    "certUsage",
    "certExpiryTime",
    "certRefresh",
    "certSubjectOU",
    "certSSH",
    "instancePrivateIp",
    "attestedSshCertPrincipals",
];

/// Status and body of an answer, or why there is none.
pub type Said = Result<(u16, Vec<u8>), String>;

/// Calls a provider.
pub trait CallProvider: Send + Sync + fmt::Debug {
    /// POSTs a JSON body to a provider that shows a certificate with its name.
    fn post(
        &self,
        provider: &str,
        url: Url,
        body: Vec<u8>,
    ) -> Pin<Box<dyn Future<Output = Said> + Send + '_>>;
}

/// Calls providers over HTTPS, with the certificate of this server.
#[derive(Debug)]
pub struct HttpsProviders {
    options: HttpOptions,
    clients: Mutex<HashMap<String, Calls>>,
}

/// The client of one provider, and room for calls.
#[derive(Clone, Debug)]
struct Calls {
    client: HttpClient,
    room: Arc<Semaphore>,
}

impl HttpsProviders {
    /// Calls with these options; whom to believe is each provider's name.
    pub fn new(options: HttpOptions) -> Self {
        Self { options, clients: Mutex::default() }
    }

    fn calls(&self, provider: &str) -> Result<Calls, String> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(calls) = clients.get(provider) {
            return Ok(calls.clone());
        }
        let server = ServerIs::CommonName(provider.to_owned());
        let client = HttpClient::new(HttpOptions { server, ..self.options.clone() })
            .map_err(|error| error.to_string())?;
        if clients.len() >= CLIENTS {
            clients.clear();
        }
        let calls = Calls { client, room: Arc::new(Semaphore::new(CALLS)) };
        clients.insert(provider.to_owned(), calls.clone());
        Ok(calls)
    }
}

impl CallProvider for HttpsProviders {
    fn post(
        &self,
        provider: &str,
        url: Url,
        body: Vec<u8>,
    ) -> Pin<Box<dyn Future<Output = Said> + Send + '_>> {
        let calls = self.calls(provider);
        Box::pin(async move {
            let calls = calls?;
            let busy = |_| format!("{CALLS} calls wait for this provider already");
            let _call = calls.room.try_acquire().map_err(busy)?;
            let request = Request::new(Method::POST, url).body("application/json", body);
            let answer = calls.client.send(request).await.map_err(|error| error.to_string())?;
            Ok((answer.status.as_u16(), answer.body))
        })
    }
}

/// Asks a provider.
///
/// # Errors
/// It refuses, is in trouble, cannot be reached, or says what cannot be used.
pub async fn confirm(
    call: &dyn CallProvider,
    endpoint: &Url,
    domain: &DomainEntry,
    asked: &Confirmation<'_>,
) -> Result<Confirmed, Refused> {
    let body = question(domain, asked);
    let body = serde_json::to_vec(&body).map_err(|error| Refused::trouble("no question", error))?;
    let (status, answer) = call
        .post(&asked.workload.provider, url(endpoint, asked.purpose), body)
        .await
        .map_err(|why| Refused::away("the provider cannot be reached", why))?;
    if status != 200 {
        return Err(Refused::by_provider(status, shown(&answer)));
    }
    let answer: InstanceConfirmation = serde_json::from_slice(&answer)
        .map_err(|error| Refused::trouble("Error reading entity from input stream.", error))?;
    check_answer(&answer, asked)?;
    let attributes = answer.attributes.unwrap_or_default();
    if attributes.len() > ATTRIBUTES {
        return Err(Refused::trouble("the provider gives too many attributes", attributes.len()));
    }
    Ok(confirmed(attributes))
}

/// Where a provider answers. The user name `athenz.client` in an endpoint chooses a certificate in
/// Athenz; here there is one.
fn url(endpoint: &Url, purpose: Purpose) -> Url {
    let mut url = endpoint.clone();
    if url.username() == "athenz.client" && url.password().is_none() {
        // only a URL without a host has no place for a user name
        let _ = url.set_username("");
    }
    let call = match purpose {
        Purpose::Register => "instance",
        Purpose::Refresh => "refresh",
    };
    let path = format!("{}/{call}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url
}

fn question(domain: &DomainEntry, asked: &Confirmation<'_>) -> InstanceConfirmation {
    let workload = asked.workload;
    InstanceConfirmation {
        provider: Some(workload.provider.clone()),
        domain: Some(workload.domain.clone()),
        service: Some(workload.service.clone()),
        attestation_data: Some(asked.unverified_attestation.to_owned()),
        attributes: Some(attributes(domain, asked)),
    }
}

/// What a provider is told, by the names Athenz has for it.
fn attributes(domain: &DomainEntry, asked: &Confirmation<'_>) -> BTreeMap<String, String> {
    let settings = domain.settings();
    let always = [
        ("instanceId", asked.instance_id.to_owned()),
        ("clientIP", asked.client_ip.to_string()),
        ("sanDNS", asked.dns_names.join(",")),
    ];
    let list = |texts: Vec<String>| (!texts.is_empty()).then(|| texts.join(","));
    let text = |text: Option<&str>| text.map(str::to_owned);
    let sometimes = [
        ("awsAccount", text(settings.aws_account.as_deref())),
        ("azureSubscription", text(settings.azure_subscription.as_deref())),
        ("azureTenant", text(settings.azure_tenant.as_deref())),
        ("azureClient", text(settings.azure_client.as_deref())),
        ("gcpProject", text(settings.gcp_project.as_deref())),
        ("hostname", text(asked.host_name)),
        ("principal", text(asked.principal)),
        ("instanceCloud", text(asked.cloud)),
        ("sanIP", list(asked.ips.iter().map(IpAddr::to_string).collect())),
        ("sanURI", list(asked.uris.to_vec())),
        ("certHostname", text(asked.held_host_name)),
    ];
    let sometimes = sometimes.into_iter().filter_map(|(name, value)| Some((name, value?)));
    always.into_iter().chain(sometimes).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// An answer about somebody else confirms nothing.
fn check_answer(answer: &InstanceConfirmation, asked: &Confirmation<'_>) -> Result<(), Refused> {
    let workload = asked.workload;
    let is = |said: &Option<String>, name: &str| {
        said.as_deref().is_some_and(|said| said.eq_ignore_ascii_case(name))
    };
    if is(&answer.provider, &workload.provider)
        && is(&answer.domain, &workload.domain)
        && is(&answer.service, &workload.service)
    {
        return Ok(());
    }
    let said = (&answer.provider, &answer.domain, &answer.service);
    Err(Refused::trouble("the provider's answer is about another instance", format!("{said:?}")))
}

fn confirmed(mut attributes: BTreeMap<String, String>) -> Confirmed {
    let mut taken: HashMap<&str, String> = HashMap::new();
    for name in TAKEN {
        taken.extend(attributes.remove(name).map(|value| (name, value)));
    }
    let refresh = taken.get("certRefresh").is_none_or(|text| text.eq_ignore_ascii_case("true"));
    Confirmed {
        usage: Usage::of_provider(taken.get("certUsage").map(String::as_str)),
        expiry_minutes: taken.get("certExpiryTime").and_then(|text| text.parse().ok()).unwrap_or(0),
        refreshable: refresh,
        organizational_unit: taken.remove("certSubjectOU"),
        attributes,
        token: None,
    }
}

/// What a provider says of a refusal, on one line.
fn shown(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = |letter: char| if letter.is_control() { ' ' } else { letter };
    let shown: String = text.chars().take(SHOWN).map(line).collect();
    if shown.trim().is_empty() { "N/A".to_owned() } else { shown }
}

#[cfg(test)]
mod tests {
    use athenz_client::{Egress, Trust};
    use athenz_crypto::keys::{Curve, PrivateKey};
    use athenz_crypto::random::SystemRandom;
    use athenz_crypto::ring::SigningKey;
    use athenz_crypto::x509::{Authority, Subject};
    use athenz_model::Timestamp;

    use super::*;

    #[tokio::test]
    async fn a_provider_that_hangs_holds_up_no_more_than_its_calls() {
        let deaf = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/instance", deaf.local_addr().unwrap());
        let url = Url::parse(&url).unwrap();
        let key =
            SigningKey::in_process("ca".parse().unwrap(), PrivateKey::generate_ec(Curve::P256).unwrap());
        let name = Subject::common_name("authority");
        let authority = Authority::self_signed(key, &name, Timestamp::EPOCH, 1, &SystemRandom).unwrap();
        let options = HttpOptions {
            egress: Egress::nothing().with_host("127.0.0.1", None),
            trust: Trust::Authorities(vec![authority.certificate().clone()]),
            ..HttpOptions::default()
        };
        let providers = Arc::new(HttpsProviders::new(options));
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..CALLS {
            let (providers, url) = (providers.clone(), url.clone());
            waiting.spawn(async move { providers.post("infra.cloud", url, Vec::new()).await });
        }
        // each has begun, whatever the scheduler does in between
        for _ in 0..CALLS {
            tokio::task::yield_now().await;
        }
        let refused = providers.post("infra.cloud", url.clone(), Vec::new()).await.unwrap_err();
        assert!(refused.contains("wait for this provider"), "{refused}");
        let mut other = providers.post("infra.other", url, Vec::new());
        let first =
            std::future::poll_fn(|context| std::task::Poll::Ready(other.as_mut().poll(context))).await;
        assert!(first.is_pending(), "another provider has room of its own");
    }

    #[test]
    fn where_a_provider_answers() {
        for (endpoint, asked) in [
            ("https://p.example:8443", "https://p.example:8443/instance"),
            ("https://p.example/a/b/", "https://p.example/a/b/instance"),
            ("https://athenz.client@p.example/a", "https://p.example/a/instance"),
            // any other user is left for the guard to refuse
            ("https://bob@p.example/a", "https://bob@p.example/a/instance"),
        ] {
            assert_eq!(url(&Url::parse(endpoint).unwrap(), Purpose::Register).as_str(), asked);
        }
        let endpoint = Url::parse("https://p.example/a").unwrap();
        assert_eq!(url(&endpoint, Purpose::Refresh).as_str(), "https://p.example/a/refresh");
    }

    #[test]
    fn what_a_provider_confirms() {
        let given = |list: &[(&str, &str)]| {
            confirmed(list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        let nothing = given(&[]);
        assert_eq!(
            (nothing.usage, nothing.expiry_minutes, nothing.refreshable),
            (Usage::ClientAndServer, 0, true)
        );
        let all = given(&[
            ("certUsage", "CLIENT"),
            ("certExpiryTime", "1440"),
            ("certRefresh", "no"),
            ("certSubjectOU", "unit"),
            ("certSSH", "true"),
            ("zone", "west"),
        ]);
        assert_eq!((all.usage, all.expiry_minutes, all.refreshable), (Usage::Client, 1440, false));
        assert_eq!(all.organizational_unit.as_deref(), Some("unit"));
        assert_eq!(
            all.attributes,
            BTreeMap::from([("zone".to_owned(), "west".to_owned())]),
            "the rest is for the client"
        );
        assert_eq!(given(&[("certExpiryTime", "soon")]).expiry_minutes, 0);
    }

    #[test]
    fn what_is_shown_of_a_refusal_is_one_short_line() {
        assert_eq!(shown(b""), "N/A");
        assert_eq!(shown(b"no\r\nway\x1b[1m"), "no  way [1m");
        assert_eq!(shown(&[b'x'; 10_000]).len(), SHOWN);
    }
}

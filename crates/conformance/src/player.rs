//! Plays recordings: one request after the other, each answer compared with the recorded one.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use athenz_model::Clock;
use regex::Regex;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::authority::{AuthorityError, ClientCertificate, TestAuthority};
use crate::compare::{Difference, answer_differences};
use crate::json::{Json, Object, Style};
use crate::normal::{Ids, Normal};
use crate::recording::{Caller, Observed, Recording, Server, Step};
use crate::transport::{Answer, Exchange, Identity, Transport, TransportError};
use crate::url::{form, target};
use crate::value_error::ValueError;
use crate::values::{Scope, Values};

/// Headers that are noted, besides `athenz…` and `access-control-…`.
const NOTED_HEADERS: [&str; 6] =
    ["content-type", "etag", "location", "cache-control", "www-authenticate", "allow"];

/// The longest wait for a server that a recording may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// A public key in an answer that no request of the scenario mentioned.
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by the tests")]
static PUBLIC_KEY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#""LS0tLS1CRUdJTiBQVUJMSUMg[\w.-]*""#).expect("a valid pattern"));

/// Why a scenario could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// A value of a request could not be made.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// A client certificate could not be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// There was no answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The address of a request contains a control character.
    #[error("not an address: {0:?}")]
    Address(String),
}

/// The addresses that requests and answers mention.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// `${zms}`, such as `https://localhost:4443/zms/v1`
    pub zms: String,
    /// `${zts}`, such as `https://localhost:8443/zts/v1`
    pub zts: String,
    /// Further names and their values; answers show a value as `<NAME>`.
    pub others: Vec<(String, String)>,
}

impl Addresses {
    fn of(&self, server: Server) -> &str {
        match server {
            Server::Zms => &self.zms,
            Server::Zts => &self.zts,
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let servers = [("zms", self.zms.as_str()), ("zts", self.zts.as_str())];
        servers.into_iter().chain(self.others.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

/// Plays recordings against the servers behind a transport. Scenarios may play side by side.
#[derive(Debug)]
pub struct Player<T> {
    transport: T,
    authority: Arc<TestAuthority>,
    clock: Arc<dyn Clock>,
    addresses: Addresses,
}

/// What came of one scenario.
#[derive(Debug)]
pub struct Played {
    /// The name of the recording.
    pub recording: String,
    /// The steps that were played.
    pub steps: Vec<PlayedStep>,
    /// Why it stopped before its end.
    pub stopped: Option<PlayError>,
}

/// What came of one step.
#[derive(Clone, Debug)]
pub struct PlayedStep {
    /// Its position, from 1.
    pub number: usize,
    /// Purpose, method, address and caller.
    pub title: String,
    /// Whether it counts.
    pub compared: bool,
    /// The answer in comparable form.
    pub got: Observed,
    /// How the answer differs from the recorded one.
    pub differences: Vec<Difference>,
}

/// One scenario under way.
#[derive(Debug, Default)]
struct Progress {
    scope: Scope,
    ids: Ids,
}

impl<T: Transport> Player<T> {
    /// A player. The clock must be the one the servers go by.
    pub fn new(
        transport: T,
        authority: Arc<TestAuthority>,
        clock: Arc<dyn Clock>,
        addresses: Addresses,
    ) -> Self {
        Self { transport, authority, clock, addresses }
    }

    /// Plays one scenario from its first step to its last, or to the one that cannot be played.
    pub async fn play(&self, recording: &Recording) -> Played {
        let mut progress = Progress::default();
        for (name, address) in self.addresses.iter() {
            progress.scope.set(name, address.into());
        }
        let mut played = Played { recording: recording.name.clone(), steps: Vec::new(), stopped: None };
        for (position, step) in recording.steps.iter().enumerate() {
            match self.play_step(step, &mut progress).await {
                Ok(got) => played.steps.push(PlayedStep {
                    number: position + 1,
                    title: title(step),
                    compared: step.compare,
                    differences: if step.compare { answer_differences(step, &got) } else { Vec::new() },
                    got,
                }),
                Err(error) => {
                    played.stopped = Some(error);
                    break;
                }
            }
        }
        played
    }

    async fn play_step(&self, step: &Step, progress: &mut Progress) -> Result<Observed, PlayError> {
        for (name, value) in step.given.iter() {
            let value = self.values(&mut progress.scope).expand(value)?;
            progress.scope.set(name, value);
        }
        let (answer, body) = self.final_answer(step, progress).await?;
        for (name, source) in step.save.iter() {
            let value = saved(&source.to_text(), &answer, &body).unwrap_or_else(|| "(absent)".into());
            progress.scope.set(name, value);
        }
        Ok(self.observed(step, &answer, &body, progress))
    }

    /// Sends the request, again and again if the step waits for something.
    async fn final_answer(&self, step: &Step, progress: &mut Progress) -> Result<(Answer, Json), PlayError> {
        let patience = Duration::try_from_secs_f64(step.within).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        let deadline = Instant::now() + patience;
        loop {
            let request = self.request(step, &mut progress.scope)?;
            let answer = self.transport.send(request).await?;
            let body = body_of(&answer);
            if is_awaited(step, answer.status, &body) || Instant::now() > deadline {
                return Ok((answer, body));
            }
            if !self.transport.settle().await {
                // what was under way while we asked may have arrived by now
                let answer = self.transport.send(self.request(step, &mut progress.scope)?).await?;
                let body = body_of(&answer);
                return Ok((answer, body));
            }
        }
    }

    fn values<'a>(&'a self, scope: &'a mut Scope) -> Values<'a> {
        Values { authority: &self.authority, clock: self.clock.as_ref(), scope }
    }

    fn request(&self, step: &Step, scope: &mut Scope) -> Result<Exchange, PlayError> {
        let mut values = self.values(scope);
        let mut headers: Vec<(String, String)> = values
            .expand_members(&step.headers)?
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_text()))
            .collect();
        let body = request_body(step, &mut values, &mut headers)?;
        set_default(&mut headers, "accept", "*/*");
        let path = values.expand_text(&step.path)?.to_text();
        let query = step.query.as_ref().map(|query| values.expand_members(query)).transpose()?;
        let path_and_query = target(self.addresses.of(step.to), &path, query.as_ref())
            .ok_or_else(|| PlayError::Address(path.clone()))?;
        let identity = self.identity(&step.caller, &mut values)?;
        Ok(Exchange { to: step.to, identity, method: step.method.clone(), path_and_query, headers, body })
    }

    fn identity(&self, caller: &Caller, values: &mut Values<'_>) -> Result<Identity, PlayError> {
        let certificate = match caller {
            Caller::Principal(name) => match values.expand_text(name)?.to_text().as_str() {
                "anonymous" => return Ok(Identity::Anonymous),
                name => self.authority.client(name)?,
            },
            Caller::Issued { cert, key } => ClientCertificate {
                chain_pem: values.expand_text(cert)?.to_text(),
                key_pem: self.authority.key(key)?.private_pem().map_err(AuthorityError::from)?,
            },
            Caller::Mint { mint } => self.authority.mint(mint)?,
        };
        Ok(Identity::Certificate(certificate))
    }

    /// The answer in the form in which it is recorded.
    fn observed(&self, step: &Step, answer: &Answer, body: &Json, progress: &mut Progress) -> Observed {
        let mut normal = Normal { ids: &mut progress.ids, now: self.clock.now() };
        let mut headers = Object::default();
        for name in noted_headers(answer) {
            if let Some(value) = answer.header(&name) {
                let value = self.header_value(&name, &value, &mut normal);
                headers.set(name, value);
            }
        }
        let body = self.labelled(normal.body(body), &progress.scope);
        Observed { status: answer.status, headers, body: blurred(body, &step.varies) }
    }

    fn header_value(&self, name: &str, value: &str, normal: &mut Normal<'_>) -> Json {
        if name == "etag" {
            return "<etag>".into();
        }
        let value = value.split(';').next().unwrap_or_default();
        match normal.text(value, Some(name)) {
            Json::Text(text) => self
                .addresses
                .iter()
                .fold(text, |text, (name, address)| text.replace(address, &format!("<{name}>")))
                .into(),
            other => other,
        }
    }

    /// Public keys and addresses by their names, wherever they stand.
    fn labelled(&self, body: Json, scope: &Scope) -> Json {
        let mut text = body.write(Style::Spaced);
        for (key, label) in scope.public_keys() {
            text = text.replace(key.as_str(), label);
        }
        for (name, address) in self.addresses.iter() {
            text = text.replace(address, &format!("<{name}>"));
        }
        let text = PUBLIC_KEY.replace_all(&text, "\"<public key>\"");
        Json::parse(text.as_bytes()).unwrap_or(body)
    }
}

/// Plays all scenarios, so many at once; the results are in the order of the recordings.
pub async fn play_all<T: Transport + 'static>(
    player: &Arc<Player<T>>,
    recordings: Vec<Recording>,
    at_once: usize,
) -> Vec<Played> {
    let places = Arc::new(Semaphore::new(at_once.max(1)));
    let mut tasks = JoinSet::new();
    for (position, recording) in recordings.into_iter().enumerate() {
        let (player, places) = (Arc::clone(player), Arc::clone(&places));
        tasks.spawn(async move {
            let _place = places.acquire().await;
            (position, player.play(&recording).await)
        });
    }
    let mut played = tasks.join_all().await;
    played.sort_by_key(|(position, _)| *position);
    played.into_iter().map(|(_, played)| played).collect()
}

fn title(step: &Step) -> String {
    let purpose = step.purpose.as_deref().unwrap_or_default();
    let caller = match &step.caller {
        Caller::Principal(name) => name.clone(),
        Caller::Issued { key, .. } => format!("the holder of key {key}"),
        Caller::Mint { mint } => format!("the holder of a certificate for {}", mint.cn),
    };
    format!("{purpose}: {} {}{} as {caller}", step.method, step.to.name(), step.path)
}

fn request_body(
    step: &Step,
    values: &mut Values<'_>,
    headers: &mut Vec<(String, String)>,
) -> Result<Option<Vec<u8>>, ValueError> {
    const JSON: &str = "application/json";
    if let Some(body) = &step.body {
        let body = values.expand(body)?.write(Style::Spaced);
        set_default(headers, "content-type", JSON);
        return Ok(Some(body.into_bytes()));
    }
    if let Some(fields) = &step.form {
        let fields = values.expand_members(fields)?;
        if fields.is_empty() {
            return Ok(None);
        }
        set_default(headers, "content-type", "application/x-www-form-urlencoded");
        return Ok(Some(form(&fields).into_bytes()));
    }
    if let Some(raw) = &step.raw {
        let raw = values.expand(raw)?.to_text();
        set_default(headers, "content-type", JSON);
        return Ok(Some(raw.into_bytes()));
    }
    Ok(None)
}

fn set_default(headers: &mut Vec<(String, String)>, name: &str, value: &str) {
    if !headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
        headers.push((name.to_owned(), value.to_owned()));
    }
}

fn body_of(answer: &Answer) -> Json {
    if answer.body.is_empty() {
        return Json::Null;
    }
    Json::parse(&answer.body).unwrap_or_else(|_| String::from_utf8_lossy(&answer.body).into_owned().into())
}

fn is_awaited(step: &Step, status: u16, body: &Json) -> bool {
    let Some(until) = &step.until else { return true };
    until.status.is_none_or(|wanted| wanted == status)
        && until.body.as_ref().is_none_or(|wanted| {
            body.as_object().is_some_and(|body| {
                wanted.iter().all(|(name, value)| body.get(name).unwrap_or(&Json::Null) == value)
            })
        })
}

/// `header:NAME` or `body:a.b.0`.
fn saved(source: &str, answer: &Answer, body: &Json) -> Option<Json> {
    let (place, path) = source.split_once(':').unwrap_or((source, ""));
    if place == "header" {
        return answer.header(path).map(Json::from);
    }
    let found = path.split('.').try_fold(body, |value, part| match value {
        Json::List(items) => items.get(part.parse::<usize>().ok()?),
        other => other.get(part),
    });
    found.cloned()
}

fn noted_headers(answer: &Answer) -> Vec<String> {
    let mut names: Vec<String> = NOTED_HEADERS.iter().map(|name| (*name).to_owned()).collect();
    let more = answer.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
    names.extend(more.filter(|name| name.starts_with("athenz") || name.starts_with("access-control-")));
    names
}

fn blurred(value: Json, varying: &[String]) -> Json {
    match value {
        _ if varying.is_empty() => value,
        Json::Object(object) => {
            let members = object.iter().map(|(name, value)| {
                let varies = varying.iter().any(|varying| varying == name);
                (name, if varies { "<varies>".into() } else { blurred(value.clone(), varying) })
            });
            Json::Object(members.collect())
        }
        Json::List(items) => Json::List(items.into_iter().map(|item| blurred(item, varying)).collect()),
        other => other,
    }
}

//! How the ZTS of a test hears of its ZMS.

use std::sync::Arc;

use athenz_cli::athenzd::feed::Feed;
use athenz_cli::athenzd::polling::poller;
use athenz_cli::athenzd::servers::{RunningZms, RunningZts};
use athenz_conformance::{ClientCertificate, Exchange, Identity, Server};
use athenz_crypto::keys::PublicKey;
use athenz_serve::Router;
use athenz_zms::PREFIX;
use athenz_zts::config::ReplicationConfig;
use athenz_zts::source::{HttpAnswer, Poller, ZmsClient, ZmsError};

use crate::transport::exchange_with;

/// Takes one step at a time.
#[derive(Debug)]
pub(crate) enum Follower {
    Channel(Feed),
    Polling(Box<Poller<InProcessZms>>),
}

impl Follower {
    pub(crate) fn channel(zms: &RunningZms, zts: &RunningZts) -> Self {
        Self::Channel(Feed::new(Arc::clone(&zms.zms), Arc::clone(&zts.replica)))
    }

    pub(crate) fn polling(
        client: InProcessZms,
        zms_key: PublicKey,
        config: &ReplicationConfig,
        zts: &RunningZts,
    ) -> Self {
        Self::Polling(Box::new(poller(client, &[("0".to_owned(), zms_key)], config, &zts.replica)))
    }

    pub(crate) async fn step(&mut self) {
        match self {
            Self::Channel(feed) => feed.step().await,
            Self::Polling(poller) => poller.step().await.expect("ZMS tells what has changed"),
        }
    }
}

/// Asks a ZMS in the same process as it would be asked over HTTPS: by path, for bytes.
#[derive(Debug)]
pub(crate) struct InProcessZms {
    router: Arc<Router>,
    identity: Identity,
}

impl InProcessZms {
    pub(crate) const fn new(router: Arc<Router>, certificate: ClientCertificate) -> Self {
        Self { router, identity: Identity::Certificate(certificate) }
    }
}

impl ZmsClient for InProcessZms {
    async fn get(&self, path: &str, tag: Option<&str>) -> Result<HttpAnswer, ZmsError> {
        let exchange = Exchange {
            to: Server::Zms,
            identity: self.identity.clone(),
            method: "GET".to_owned(),
            path_and_query: format!("{PREFIX}{path}"),
            headers: tag.map(|tag| ("if-none-match".to_owned(), tag.to_owned())).into_iter().collect(),
            body: None,
        };
        let answer =
            exchange_with(&self.router, exchange).await.map_err(|error| ZmsError(error.to_string()))?;
        let etag = answer.header("etag");
        let body = String::from_utf8(answer.body).map_err(|error| ZmsError(error.to_string()))?;
        Ok(HttpAnswer { status: answer.status, etag, body, ..HttpAnswer::default() })
    }
}

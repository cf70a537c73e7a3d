//! What the guarded client refuses.

use std::time::Duration;

use athenz_client::egress::EgressError;
use athenz_client::{Egress, HttpClient, HttpError, HttpOptions, Limits, Request, ServerIs, Trust};
use reqwest::{Method, Url};

use crate::server::{Server, answer};

fn get(server: &Server, path: &str) -> Request {
    Request::new(Method::GET, server.url.join(path).unwrap())
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_not_read() {
    let server =
        Server::start(|seen| answer(200, &"x".repeat(if seen.path == "/fits" { 1000 } else { 1001 }))).await;
    let client = server.http();
    assert_eq!(client.send(get(&server, "/fits")).await.unwrap().body.len(), 1000);
    let error = client.send(get(&server, "/large")).await.unwrap_err();
    assert!(matches!(error, HttpError::TooLarge { limit: 1000, .. }), "{error}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/from" => {
            let mut answer = answer(302, "");
            answer.headers_mut().insert("location", "/to".parse().unwrap());
            answer
        }
        _ => answer(200, "there"),
    })
    .await;
    let answer = server.http().send(get(&server, "/from")).await.unwrap();
    assert_eq!(answer.status.as_u16(), 302);
    assert_eq!(server.seen().len(), 1, "{:?}", server.seen());
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let server = Server::start_async(|_| Box::pin(std::future::pending())).await;
    let limits = Limits { total: Duration::from_millis(200), ..Limits::default() };
    let client = HttpClient::new(HttpOptions { limits, ..server.options() }).unwrap();
    let error = client.send(get(&server, "/")).await.unwrap_err();
    assert!(matches!(error, HttpError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn a_server_of_another_authority_is_not_believed() {
    let server = Server::start(|_| answer(200, "")).await;
    let other = Server::start(|_| answer(200, "")).await;
    let trust = Trust::Authorities(vec![other.authority.certificate().clone()]);
    let client = HttpClient::new(HttpOptions { trust, ..server.options() }).unwrap();
    let error = client.send(get(&server, "/")).await.unwrap_err();
    assert!(matches!(error, HttpError::Connect { .. }), "{error}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_server_can_be_known_by_its_service_name_alone() {
    let server = Server::start(|_| answer(200, "")).await;
    let port = server.url.port().unwrap();
    let other = Server::start(|_| answer(200, "")).await;
    let known =
        |name: &str| HttpOptions { server: ServerIs::CommonName(name.to_owned()), ..server.options() };
    let egress = Egress::nothing().with_host("127.0.0.1", None);
    for (why, options, answers) in [
        ("the name", known("infra.provider"), true),
        ("another name", known("infra.provider2"), false),
        ("the name as host", known("localhost"), false),
        (
            "another authority",
            HttpOptions {
                trust: Trust::Authorities(vec![other.authority.certificate().clone()]),
                ..known("infra.provider")
            },
            false,
        ),
    ] {
        let client = HttpClient::new(HttpOptions { egress: egress.clone(), ..options }).unwrap();
        let url = Url::parse(&format!("https://127.0.0.1:{port}/")).unwrap();
        let answer = client.send(Request::new(Method::GET, url)).await;
        assert_eq!(answer.is_ok(), answers, "{why}: {answer:?}");
    }
}

#[tokio::test]
async fn internal_addresses_are_reached_only_by_rule() {
    let server = Server::start(|_| answer(200, "")).await;
    let port = server.url.port().unwrap();
    let send = async |egress: Egress, url: String| {
        let client = HttpClient::new(HttpOptions { egress, ..server.options() }).unwrap();
        client.send(Request::new(Method::GET, Url::parse(&url).unwrap())).await
    };
    let local = format!("https://localhost:{port}/");
    for url in [local.clone(), format!("https://127.0.0.1:{port}/"), format!("https://2130706433:{port}/")] {
        let error = send(Egress::public(), url.clone()).await.unwrap_err();
        assert!(matches!(error, HttpError::Egress(EgressError::Address { .. })), "{url}: {error}");
    }
    let error = send(Egress::nothing(), local.clone()).await.unwrap_err();
    assert!(matches!(error, HttpError::Egress(EgressError::Host(_))), "{error}");
    assert!(server.seen().is_empty());
    assert!(send(Egress::nothing().with_host("localhost", None), local.clone()).await.is_ok());
    assert!(send(Egress::nothing().with_network("127.0.0.0/8".parse().unwrap()), local).await.is_ok());
}

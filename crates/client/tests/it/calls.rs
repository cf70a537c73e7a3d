//! Operations: what is sent, and how answers and errors are read.

use std::collections::BTreeMap;

use athenz_client::zts::{AccessTokenRequest, KeysOf};
use athenz_client::{ClientError, ZmsClient, ZtsClient};

use crate::server::{Server, answer};

async fn zms(server: &Server) -> ZmsClient {
    ZmsClient::new(server.http(), server.url.as_str()).unwrap()
}

fn zts(server: &Server) -> ZtsClient {
    ZtsClient::new(server.http(), server.url.as_str()).unwrap()
}

#[tokio::test]
async fn errors_carry_code_and_message() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/zms/v1/domain/athenz" => answer(404, r#"{"code":404,"message":"unknown domain - athenz"}"#),
        "/zms/v1/domain/html" => answer(502, "<html>\u{1b}[31mbad</html>"),
        "/zms/v1/domain/empty" => answer(401, ""),
        "/zms/v1/domain/moved" => {
            let mut answer = answer(301, "");
            answer.headers_mut().insert("location", "https://elsewhere/".parse().unwrap());
            answer
        }
        _ => answer(200, "[]"),
    })
    .await;
    let zms = zms(&server).await;
    for (domain, code, text) in [
        ("athenz", Some(404), "unknown domain - athenz"),
        ("html", Some(502), "<html> [31mbad</html>"),
        ("empty", Some(401), "Unauthorized"),
        ("moved", Some(301), "redirects to https://elsewhere/"),
        ("odd", None, "cannot be read"),
    ] {
        let error = zms.domain(domain).await.unwrap_err();
        assert_eq!(error.code(), code, "{domain}");
        assert!(error.to_string().contains(text), "{domain}: {error}");
    }
    assert!(matches!(zms.domain("..").await, Err(ClientError::Name { .. })));
}

#[tokio::test]
async fn tags_are_sent_and_repeated() {
    const TAG: &str = "\"2026-08-21T10:11:12.123Z\"";
    let server = Server::start(|seen| {
        let known = seen.headers.get("if-none-match").is_some_and(|tag| tag == TAG);
        let mut answer = answer(if known { 304 } else { 200 }, if known { "" } else { "{\"domains\":[]}" });
        answer.headers_mut().insert("etag", TAG.parse().unwrap());
        answer
    })
    .await;
    let zms = zms(&server).await;
    let path = "/sys/modified_domains?metaonly=true&master=true";
    let first = zms.get(path, None).await.unwrap();
    assert_eq!((first.body.as_slice(), first.etag()), (&b"{\"domains\":[]}"[..], Some(TAG)));
    let second = zms.get(path, first.etag()).await.unwrap();
    assert_eq!(second.status.as_u16(), 304);
    assert!(zms.get("/../../etc", None).await.is_err());
    let paths: Vec<String> = server.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths, [format!("/zms/v1{path}"), format!("/zms/v1{path}")]);
}

#[tokio::test]
async fn zts_is_asked_as_the_contract_says() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/zts/v1/oauth2/token" => {
            answer(200, r#"{"access_token":"t","token_type":"Bearer","expires_in":7200}"#)
        }
        path if path.starts_with("/zts/v1/oauth2/keys") => answer(200, r#"{"keys":[]}"#),
        path if path.starts_with("/zts/v1/access") => answer(200, r#"{"granted":true}"#),
        _ => answer(200, "{}"),
    })
    .await;
    let zts = zts(&server);
    let request = AccessTokenRequest {
        domain: "shop".to_owned(),
        roles: vec!["reader".to_owned()],
        expires_in: Some(60),
        ..AccessTokenRequest::default()
    };
    assert_eq!(zts.access_token(&request).await.unwrap().access_token.as_deref(), Some("t"));
    zts.jwks(KeysOf::Zms).await.unwrap();
    assert_eq!(zts.access("read", "shop:a b", Some("user.x")).await.unwrap().granted, Some(true));
    zts.role_token("shop", &["a".to_owned(), "b".to_owned()], None, Some(9)).await.unwrap();
    zts.jws_policies("shop", &BTreeMap::new(), None).await.unwrap();
    let seen: Vec<_> = server.seen().into_iter().map(|seen| (seen.method, seen.path, seen.body)).collect();
    let expected = [
        (
            "POST",
            "/zts/v1/oauth2/token",
            "grant_type=client_credentials&scope=shop%3Arole.reader&expires_in=60",
        ),
        ("GET", "/zts/v1/oauth2/keys?rfc=true&service=zms", ""),
        ("GET", "/zts/v1/access/read?resource=shop%3Aa+b&principal=user.x", ""),
        ("GET", "/zts/v1/domain/shop/token?role=a%2Cb&maxExpiryTime=9", ""),
        ("POST", "/zts/v1/domain/shop/policy/signed", r#"{"policyVersions":{},"signatureP1363Format":true}"#),
    ];
    let expected = expected.map(|(method, path, body)| (method.to_owned(), path.to_owned(), body.to_owned()));
    assert_eq!(seen, expected);
}

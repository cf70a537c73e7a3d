//! The token cache.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use athenz_client::ZtsClient;
use athenz_client::tokens::AccessTokens;
use athenz_client::zts::AccessTokenRequest;

use crate::server::{Answer, Server, answer};

/// A ZTS that numbers its tokens, each good for 400 seconds, and fails when told to.
async fn server(failing: &Arc<AtomicUsize>) -> Server {
    let (failing, count) = (Arc::clone(failing), AtomicUsize::new(0));
    Server::start(move |_| -> Answer {
        match failing.load(Ordering::SeqCst) {
            0 => {
                let number = count.fetch_add(1, Ordering::SeqCst);
                answer(
                    200,
                    &format!(r#"{{"access_token":"t{number}","token_type":"Bearer","expires_in":400}}"#),
                )
            }
            status => answer(u16::try_from(status).unwrap(), ""),
        }
    })
    .await
}

fn request(roles: &[&str]) -> AccessTokenRequest {
    AccessTokenRequest {
        domain: "shop".to_owned(),
        roles: roles.iter().map(|&role| role.to_owned()).collect(),
        ..AccessTokenRequest::default()
    }
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_again_near_its_end() {
    let failing = Arc::new(AtomicUsize::new(0));
    let server = server(&failing).await;
    let zts = ZtsClient::new(server.http_as("shop.web"), server.url.as_str()).unwrap();
    let tokens = AccessTokens::new(zts, server.clock());
    let token =
        async |roles: &[&str]| tokens.token(request(roles)).await.map(|token| token.token().to_owned());

    assert_eq!(token(&["a", "b"]).await.unwrap(), "t0");
    assert_eq!(token(&["b", "a"]).await.unwrap(), "t0", "the same roles in another order");
    assert_eq!(token(&["a"]).await.unwrap(), "t1", "other roles, another token");
    assert_eq!(token(&[]).await.unwrap(), "t2");
    server.clock.advance_seconds(299);
    assert_eq!(token(&["a", "b"]).await.unwrap(), "t0");
    server.clock.advance_seconds(1);
    assert_eq!(token(&["a", "b"]).await.unwrap(), "t3", "a quarter of its life left");

    failing.store(503, Ordering::SeqCst);
    assert_eq!(token(&["a"]).await.unwrap(), "t1", "ZTS is away, the token is not over");
    server.clock.advance_seconds(100);
    assert_eq!(token(&["a"]).await.unwrap_err().code(), Some(503), "now it is over");
    failing.store(403, Ordering::SeqCst);
    server.clock.advance_seconds(200);
    assert_eq!(token(&["a", "b"]).await.unwrap_err().code(), Some(403), "a refusal is believed at once");
    assert_eq!(server.seen().last().unwrap().caller.as_deref(), Some("shop.web"));
}

#[tokio::test]
async fn callers_at_the_same_time_share_one_request() {
    let failing = Arc::new(AtomicUsize::new(0));
    let server = server(&failing).await;
    let zts = ZtsClient::new(server.http(), server.url.as_str()).unwrap();
    let tokens = Arc::new(AccessTokens::new(zts, server.clock()));
    let calls = (0..20).map(|_| {
        let tokens = Arc::clone(&tokens);
        tokio::spawn(async move { tokens.token(request(&["a"])).await.unwrap().token().to_owned() })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), "t0");
    }
    assert_eq!(server.seen().len(), 1);
}

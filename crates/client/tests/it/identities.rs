//! Who the client shows itself as.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use athenz_client::{HttpClient, HttpOptions, Identity, IdentityError, Request};
use reqwest::Method;

use crate::server::{Server, answer};

fn write(folder: &Path, pair: &(String, String)) {
    fs::write(folder.join("cert.pem"), &pair.0).unwrap();
    fs::write(folder.join("key.pem"), &pair.1).unwrap();
    fs::set_permissions(folder.join("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn a_changed_certificate_is_shown_without_restart() {
    let server = Server::start(|_| answer(200, "")).await;
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    write(folder.path(), &server.identity("shop.web"));
    let identity = Identity::from_files(&certificate, &key, server.clock()).unwrap();
    let client = HttpClient::new(HttpOptions { identity: Some(identity), ..server.options() }).unwrap();
    let call = async || {
        client.send(Request::new(Method::GET, server.url.clone())).await.unwrap();
        server.seen().last().unwrap().caller.clone().unwrap()
    };
    assert_eq!(call().await, "shop.web");

    // half of the next pair: the old one stays
    let next = server.identity("shop.next");
    fs::write(&certificate, &next.0).unwrap();
    server.clock.advance_seconds(11);
    assert_eq!(call().await, "shop.web");

    write(folder.path(), &next);
    assert_eq!(call().await, "shop.web", "looked at every ten seconds only");
    server.clock.advance_seconds(11);
    assert_eq!(call().await, "shop.next");
}

#[tokio::test]
async fn every_client_of_an_identity_follows_it() {
    let server = Server::start(|_| answer(200, "")).await;
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    write(folder.path(), &server.identity("shop.web"));
    let identity = Identity::from_files(&certificate, &key, server.clock()).unwrap();
    let client =
        || HttpClient::new(HttpOptions { identity: Some(identity.clone()), ..server.options() }).unwrap();
    let (first, second) = (client(), client());
    let call = async |client: &HttpClient| {
        client.send(Request::new(Method::GET, server.url.clone())).await.unwrap();
        server.seen().last().unwrap().caller.clone().unwrap()
    };
    assert_eq!((call(&first).await, call(&second).await), ("shop.web".to_owned(), "shop.web".to_owned()));
    write(folder.path(), &server.identity("shop.next"));
    server.clock.advance_seconds(11);
    assert_eq!((call(&first).await, call(&second).await), ("shop.next".to_owned(), "shop.next".to_owned()));
}

#[tokio::test]
async fn identities_that_are_refused() {
    let server = Server::start(|_| answer(200, "")).await;
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let load = || Identity::from_files(&certificate, &key, server.clock());
    assert!(load().is_err(), "nothing there");
    let (one, two) = (server.identity("shop.web"), server.identity("shop.web"));
    write(folder.path(), &(one.0.clone(), two.1));
    assert!(load().is_err(), "not a pair");
    write(folder.path(), &one);
    assert!(load().is_ok());
    for mode in [0o644, 0o604, 0o602] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        assert!(matches!(load(), Err(IdentityError::Exposed { .. })), "{mode:o}");
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o440)).unwrap();
    assert!(load().is_ok(), "as SIA writes it");
    server.clock.advance_seconds(31 * 86_400);
    assert!(load().is_err(), "expired");
}

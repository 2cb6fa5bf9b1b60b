//! Who may call which method.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use proto::ecommerce::{Product, ProductId, product_info_client::ProductInfoClient};
use rcgen::SanType;
use tls::{
    certs::{Authority, Certs, EDITOR},
    client,
};
use tonic::{
    Code,
    transport::{Channel, Identity},
};

use crate::{
    authority::Ca,
    running::{add, certs, channel, start},
};

async fn get(channel: Channel, id: String) -> Result<Product, Code> {
    let got = ProductInfoClient::new(channel).get_product(ProductId { value: id }).await;
    got.map(tonic::Response::into_inner).map_err(|status| status.code())
}

#[tokio::test]
async fn with_mutual_tls_the_editor_may_call_everything() {
    let certs = certs();
    let server = start(&certs, true).await;
    let editor = channel(&server.addr, client::config(&certs, true)).await;
    let id = add(editor.clone()).await.unwrap();
    assert_eq!(get(editor, id).await.unwrap().name, "a lamp");
}

#[tokio::test]
async fn with_mutual_tls_another_client_may_only_get_products() {
    let authority = Authority::new().unwrap();
    let certs = Arc::new(authority.certs().unwrap());
    let server = start(&certs, true).await;
    let editor = channel(&server.addr, client::config(&certs, true)).await;
    let (cert, key) = authority.client("spiffe://productinfo.example/reader").unwrap();
    let reader = client::config(&certs, false).identity(Identity::from_pem(cert, key));
    let reader = channel(&server.addr, reader).await;
    let id = add(editor.clone()).await.unwrap();
    let status = add(reader.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().contains("spiffe://productinfo.example/reader"), "{status}");
    assert_eq!(get(reader, id).await.unwrap().name, "a lamp");
    // The identity belongs to a connection. The editor's connection keeps its own.
    add(editor).await.unwrap();
}

#[tokio::test]
async fn with_one_way_tls_everybody_may_call_everything() {
    let certs = certs();
    let server = start(&certs, false).await;
    let client = channel(&server.addr, client::config(&certs, false)).await;
    let id = add(client.clone()).await.unwrap();
    assert_eq!(get(client, id).await.unwrap().name, "a lamp");
}

/// Calls `addProduct` with a client certificate that has these names.
async fn add_as(names: Vec<SanType>) -> Result<String, Code> {
    let now = SystemTime::now();
    let day = Duration::from_secs(24 * 60 * 60);
    let times = now - day..now + day;
    let certs: Arc<Certs> = Arc::new(Ca::new().certs(times.clone(), times, names));
    let server = start(&certs, true).await;
    let client = channel(&server.addr, client::config(&certs, true)).await;
    add(client).await.map_err(|status| status.code())
}

#[tokio::test]
async fn only_a_uri_is_an_identity() {
    let uri = |text: &str| SanType::URI(text.try_into().unwrap());
    let dns = |text: &str| SanType::DnsName(text.try_into().unwrap());
    assert!(add_as(vec![uri(EDITOR)]).await.is_ok());
    assert!(add_as(vec![dns("host.example"), uri(EDITOR)]).await.is_ok());
    let no_uri = add_as(vec![dns("spiffe.productinfo.example")]).await;
    assert_eq!(no_uri.unwrap_err(), Code::PermissionDenied);
    assert_eq!(add_as(vec![]).await.unwrap_err(), Code::PermissionDenied);
    let longer = add_as(vec![uri(&format!("{EDITOR}s"))]).await;
    assert_eq!(longer.unwrap_err(), Code::PermissionDenied);
    // A second URI is not an identity: SPIFFE allows only one, and the first one counts here.
    let second = add_as(vec![uri("spiffe://productinfo.example/reader"), uri(EDITOR)]).await;
    assert_eq!(second.unwrap_err(), Code::PermissionDenied);
}

#[tokio::test]
async fn an_identity_of_many_bytes_does_not_cost_the_answer() {
    let uri = format!("spiffe://productinfo.example/{}", "x".repeat(10_000));
    let refused = add_as(vec![SanType::URI(uri.as_str().try_into().unwrap())]).await;
    assert_eq!(refused.unwrap_err(), Code::PermissionDenied);
}

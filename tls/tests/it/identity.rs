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
    Code, Status,
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
async fn add_as(names: Vec<SanType>) -> Result<String, Status> {
    let now = SystemTime::now();
    let day = Duration::from_secs(24 * 60 * 60);
    let times = now - day..now + day;
    let certs: Arc<Certs> = Arc::new(Ca::new().certs(times.clone(), times, names));
    let server = start(&certs, true).await;
    let client = channel(&server.addr, client::config(&certs, true)).await;
    add(client).await
}

#[tokio::test]
async fn only_a_uri_is_an_identity() {
    let uri = |text: &str| SanType::URI(text.try_into().unwrap());
    let dns = |text: &str| SanType::DnsName(text.try_into().unwrap());
    assert!(add_as(vec![uri(EDITOR)]).await.is_ok());
    assert!(add_as(vec![dns("host.example"), uri(EDITOR)]).await.is_ok());
    let longer = uri(&format!("{EDITOR}s"));
    for names in [vec![], vec![dns("spiffe.productinfo.example")], vec![longer]] {
        let refused = add_as(names.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{names:?}");
    }
}

#[tokio::test]
async fn a_certificate_with_two_uris_has_no_identity() {
    let uris = ["spiffe://productinfo.example/reader", EDITOR];
    for [one, two] in [uris, [uris[1], uris[0]]] {
        let names = [one, two].map(|uri| SanType::URI(uri.try_into().unwrap()));
        let refused = add_as(names.to_vec()).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{one} {two}");
    }
}

#[tokio::test]
async fn a_refusal_contains_only_the_start_of_a_long_identity() {
    let uri = format!("spiffe://productinfo.example/{}", "x".repeat(10_000));
    let refused = add_as(vec![SanType::URI(uri.as_str().try_into().unwrap())]).await;
    let status = refused.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().len() < 200, "{status}");
}

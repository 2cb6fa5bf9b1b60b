//! The exercises of the README. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p productinfo --test exercises -- --ignored exercise_1
//! ```

use std::sync::Arc;

use futures::future::try_join_all;
use productinfo::server::Products;
use proto::ecommerce::{
    Product, ProductId, product_info_client::ProductInfoClient,
    product_info_server::ProductInfoServer,
};
use testing::in_memory;
use tonic::{Code, Request, Response, Status, client::Grpc, transport::Channel};

async fn channel() -> Channel {
    in_memory(ProductInfoServer::new(Products::default())).await
}

fn product(name: &str) -> Product {
    Product { name: name.into(), price: 1.0, ..Product::default() }
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_a_name_has_at_most_100_characters() {
    let mut client = ProductInfoClient::new(channel().await);
    // Characters, and not bytes: this name has 100 of the ones and 300 of the others.
    client.add_product(product(&"상".repeat(100))).await.expect("100 characters are allowed");
    let status = client.add_product(product(&"x".repeat(101))).await.expect_err("101 are not");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("100"), "the message names the limit: {status}");
}

/// Calls the new method by its path, since there is no generated code for it yet.
async fn remove(channel: &Channel, id: &ProductId) -> Result<Response<Product>, Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.expect("the channel is open");
    let path = "/ecommerce.ProductInfo/removeProduct".parse().expect("it is a path");
    let codec = tonic_prost::ProstCodec::default();
    client.unary(Request::new(id.clone()), path, codec).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an exercise"]
async fn exercise_2_remove_product_returns_the_product_once() {
    let channel = channel().await;
    let mut client = ProductInfoClient::new(channel.clone());
    let id = client.add_product(product("a lamp")).await.expect("it is valid").into_inner();
    let removed = remove(&channel, &id).await.expect("it is there").into_inner();
    assert_eq!(removed.name, "a lamp");
    assert_eq!(client.get_product(id.clone()).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(remove(&channel, &id).await.unwrap_err().code(), Code::NotFound);

    for _ in 0..200 {
        let id = client.add_product(product("a lamp")).await.unwrap().into_inner();
        let calls = (0..8).map(|_| {
            let (channel, id) = (channel.clone(), id.clone());
            tokio::spawn(async move { remove(&channel, &id).await.is_ok() })
        });
        let removed = try_join_all(calls.collect::<Vec<_>>()).await.unwrap();
        assert_eq!(removed.iter().filter(|ok| **ok).count(), 1);
    }
}

/// A request with the metadata `idempotency-key`.
fn keyed(name: &str, key: &str) -> Request<Product> {
    let mut request = Request::new(product(name));
    request.metadata_mut().insert("idempotency-key", key.parse().expect("it is ASCII"));
    request
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an exercise"]
async fn exercise_3_a_call_repeated_with_its_key_adds_nothing() {
    let products = Arc::new(Products::default());
    let server = ProductInfoServer::from_arc(Arc::clone(&products));
    let mut client = ProductInfoClient::new(in_memory(server).await);
    let first = client.add_product(keyed("a lamp", "a")).await.unwrap().into_inner();
    let stored = format!("{products:?}");
    let again = client.add_product(keyed("a tub", "a")).await.unwrap().into_inner();
    assert_eq!(first, again, "the same key, the same product");
    assert_eq!(stored, format!("{products:?}"), "nothing is stored");

    let other = client.add_product(keyed("a lamp", "b")).await.unwrap().into_inner();
    assert_ne!(first, other, "another key, another product");
    let (one, two) = (product("a lamp"), product("a lamp"));
    let one = client.add_product(one).await.unwrap().into_inner();
    let two = client.add_product(two).await.unwrap().into_inner();
    assert_ne!(one, two, "no key, a product each");

    for round in 0..200 {
        let key = format!("round-{round}");
        let calls = (0..8).map(|_| {
            let (mut client, request) = (client.clone(), keyed("a lamp", &key));
            tokio::spawn(async move { client.add_product(request).await.unwrap().into_inner() })
        });
        let ids = try_join_all(calls.collect::<Vec<_>>()).await.unwrap();
        assert!(ids.iter().all(|id| *id == ids[0]), "eight at the same moment: {ids:?}");
    }
}

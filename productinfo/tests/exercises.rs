//! The exercises of the README. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p productinfo --test exercises -- --ignored exercise_1
//! ```

use std::sync::{Arc, atomic::AtomicUsize};

use futures::future::try_join_all;
use productinfo::server::Products;
use proto::ecommerce::{
    Product, ProductId,
    product_info_client::ProductInfoClient,
    product_info_server::{ProductInfo, ProductInfoServer},
};
use testing::{in_memory, wait_for_both};
use tonic::{Code, Request, Response, Status, client::Grpc};

fn product(name: &str) -> Product {
    Product { name: name.into(), price: 1.0, ..Product::default() }
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_a_name_has_at_most_100_characters() {
    let server = ProductInfoServer::new(Products::default());
    let mut client = ProductInfoClient::new(in_memory(server).await);
    // Characters, and neither bytes nor UTF-16: this name has 100, 400 and 200 of them.
    client.add_product(product(&"😀".repeat(100))).await.expect("100 characters are allowed");
    let status = client
        .add_product(product(&"x".repeat(101)))
        .await
        .expect_err("a name of 101 characters has to be refused");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("100"), "the message names the limit: {status}");
}

type Server = ProductInfoServer<Products>;

/// Calls the new method by its path, since there is no generated code for it yet.
/// The server itself is a channel too.
async fn remove(server: &Server, id: &ProductId) -> Result<Response<Product>, Status> {
    let mut client = Grpc::new(server.clone());
    client.ready().await.expect("it is always ready");
    let path = "/ecommerce.ProductInfo/removeProduct".parse().expect("it is a path");
    let codec = tonic_prost::ProstCodec::default();
    client.unary(Request::new(id.clone()), path, codec).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an exercise"]
async fn exercise_2_remove_product_returns_the_product_once() {
    let products = Arc::new(Products::default());
    let server = ProductInfoServer::from_arc(Arc::clone(&products));
    let mut client = ProductInfoClient::new(in_memory(server.clone()).await);
    let id = client.add_product(product("a lamp")).await.expect("it is valid").into_inner();
    let removed = remove(&server, &id).await.expect("it is there").into_inner();
    assert_eq!(removed, Product { id: id.value.clone(), ..product("a lamp") });
    assert_eq!(client.get_product(id.clone()).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(remove(&server, &id).await.unwrap_err().code(), Code::NotFound);

    // Two callers, who begin each round together. A copy of these products takes its time: who
    // looks first and removes then is overtaken.
    let mut ids = Vec::new();
    for _ in 0..4_000 {
        let product = Product { description: "x".repeat(16_384), ..product("a lamp") };
        let id = products.add_product(Request::new(product)).await.unwrap();
        ids.push(id.into_inner());
    }
    let steps = Arc::new(AtomicUsize::new(0));
    let calls = [(); 2].map(|()| {
        let (server, ids, steps) = (server.clone(), ids.clone(), Arc::clone(&steps));
        tokio::spawn(async move {
            let mut codes = Vec::new();
            for id in &ids {
                wait_for_both(&steps).await;
                let removed = remove(&server, id).await;
                codes.push(removed.map_or_else(|status| status.code(), |_| Code::Ok));
            }
            codes
        })
    });
    let codes = try_join_all(calls).await.expect("no method panics");
    for both in codes[0].iter().zip(&codes[1]) {
        assert!(
            matches!(both, (Code::Ok, Code::NotFound) | (Code::NotFound, Code::Ok)),
            "one gets the product, and the other none: {both:?}"
        );
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
    assert_ne!(first.value, "a", "the id is the server's");
    assert_eq!(stored, format!("{products:?}"), "nothing is stored");

    let other = client.add_product(keyed("a lamp", "b")).await.unwrap().into_inner();
    assert_ne!(first, other, "another key, another product");
    let again = client.add_product(keyed(" ", "a")).await.expect("its product does not matter");
    assert_eq!(first, again.into_inner(), "the first key is still known");
    let status = client.add_product(keyed(" ", "c")).await.expect_err("the name is blank");
    assert_eq!(status.code(), Code::InvalidArgument);
    let third =
        client.add_product(keyed("a lamp", "c")).await.expect("the key is as good as new");
    client.get_product(third.into_inner()).await.expect("it is stored");

    let (one, two) = (product("a lamp"), product("a lamp"));
    let one = client.add_product(one).await.unwrap().into_inner();
    let two = client.add_product(two).await.unwrap().into_inner();
    assert_ne!(one, two, "no key, a product each");

    // Two callers, who begin each round together. There is no connection between them and the
    // method, so that they meet often.
    let steps = Arc::new(AtomicUsize::new(0));
    let calls = [(); 2].map(|()| {
        let (products, steps) = (Arc::clone(&products), Arc::clone(&steps));
        tokio::spawn(async move {
            let mut ids = Vec::new();
            for round in 0..10_000 {
                wait_for_both(&steps).await;
                let request = keyed("a lamp", &format!("round-{round}"));
                let id = products.add_product(request).await.unwrap().into_inner();
                products.get_product(Request::new(id.clone())).await.expect("it is stored");
                ids.push(id);
            }
            ids
        })
    });
    let ids = try_join_all(calls).await.unwrap();
    assert!(ids[0] == ids[1], "two ids for one key");
}

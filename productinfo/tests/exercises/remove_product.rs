//! 2. A new method.

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

use crate::product;

type Server = ProductInfoServer<Products>;

/// Calls the new method by its path, because there is no generated code for it yet. The generated
/// server can be used in place of a channel, because both are services in tower's sense.
async fn remove(server: &Server, id: &ProductId) -> Result<Response<Product>, Status> {
    let mut client = Grpc::new(server.clone());
    client.ready().await.expect("a server is always ready");
    let path = "/ecommerce.ProductInfo/removeProduct".parse().expect("the path is valid");
    let codec = tonic_prost::ProstCodec::default();
    client.unary(Request::new(id.clone()), path, codec).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an exercise"]
async fn exercise_2_remove_product_returns_the_product_once() {
    let products = Arc::new(Products::default());
    let server = ProductInfoServer::from_arc(Arc::clone(&products));
    let mut client = ProductInfoClient::new(in_memory(server.clone()).await);
    let id =
        client.add_product(product("a lamp")).await.expect("the product is valid").into_inner();
    let removed =
        remove(&server, &id).await.expect("removeProduct returns the product").into_inner();
    assert_eq!(removed, Product { id: id.value.clone(), ..product("a lamp") });
    assert_eq!(client.get_product(id.clone()).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(remove(&server, &id).await.unwrap_err().code(), Code::NotFound);

    // Two callers remove the same product at the same moment. Copying these products takes a while, so
    // a method that first looks and then removes returns the product twice.
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
            "exactly one caller must get the product: {both:?}"
        );
    }
}

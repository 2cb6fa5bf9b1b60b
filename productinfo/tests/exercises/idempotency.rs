//! 3. Safe to repeat.

use std::sync::{Arc, atomic::AtomicUsize};

use futures::future::try_join_all;
use productinfo::server::Products;
use proto::ecommerce::{
    Product,
    product_info_client::ProductInfoClient,
    product_info_server::{ProductInfo, ProductInfoServer},
};
use testing::{in_memory, wait_for_both};
use tonic::{Code, Request};

use crate::product;

/// A request with the metadata `idempotency-key`.
fn keyed(name: &str, key: &str) -> Request<Product> {
    let mut request = Request::new(product(name));
    request.metadata_mut().insert("idempotency-key", key.parse().expect("the key is ASCII"));
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
    assert_eq!(first, again, "the same key must return the same id");
    assert_ne!(first.value, "a", "the server must assign the id");
    assert_eq!(stored, format!("{products:?}"), "the repeated call must store nothing");

    let other = client.add_product(keyed("a lamp", "b")).await.unwrap().into_inner();
    assert_ne!(first, other, "another key must return another id");
    let again = client
        .add_product(keyed(" ", "a"))
        .await
        .expect("the repeated call ignores its product");
    assert_eq!(first, again.into_inner(), "the first key must be remembered");
    let status =
        client.add_product(keyed(" ", "c")).await.expect_err("a blank name must be refused");
    assert_eq!(status.code(), Code::InvalidArgument);
    let third = client
        .add_product(keyed("a lamp", "c"))
        .await
        .expect("a key whose call was refused must be usable");
    client.get_product(third.into_inner()).await.expect("it is stored");

    let (one, two) = (product("a lamp"), product("a lamp"));
    let one = client.add_product(one).await.unwrap().into_inner();
    let two = client.add_product(two).await.unwrap().into_inner();
    assert_ne!(one, two, "without a key each call stores a product");

    // Two callers use the same key at the same moment. They call the method directly and not through
    // a connection, so that their calls overlap often.
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
    assert!(ids[0] == ids[1], "both calls with one key must return the same id");
}

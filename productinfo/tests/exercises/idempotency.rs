//! 3. Project: safe to repeat.

use std::sync::{Arc, atomic::AtomicUsize};

use futures::future::try_join_all;
use productinfo::server::Products;
use proto::ecommerce::{Product, product_info_server::ProductInfo};
use testing::wait_for_both;
use tonic::Request;

use crate::{client, product};

/// A request with the metadata `idempotency-key`.
fn keyed(name: &str, key: &str) -> Request<Product> {
    let mut request = Request::new(product(name));
    request.metadata_mut().insert("idempotency-key", key.parse().expect("the key is ASCII"));
    request
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an exercise"]
async fn exercise_3_a_call_repeated_with_its_key_adds_nothing() {
    let mut client = client().await;
    let first = client.add_product(keyed("a lamp", "a")).await.unwrap().into_inner();
    let again = client.add_product(keyed("a lamp", "a")).await;
    let again = again.expect("a repeated call with its key must succeed").into_inner();
    assert_eq!(first, again, "a repeated call with the same key must return the same id");
    let other = client.add_product(keyed("a lamp", "b")).await.unwrap().into_inner();
    assert_ne!(first, other, "a call with another key must store another product");
    let one = client.add_product(product("a lamp")).await.unwrap().into_inner();
    let two = client.add_product(product("a lamp")).await.unwrap().into_inner();
    assert_ne!(one, two, "each call without a key must store a product");

    let refused = client.add_product(keyed(" ", "c")).await;
    assert!(refused.is_err(), "a blank name must be refused, with and without a key");
    let repaired = client.add_product(keyed("a lamp", "c")).await;
    let id = repaired.expect("a refused call must not use up its key").into_inner();
    let stored = client.get_product(id).await;
    assert!(stored.is_ok(), "after a refused call, its key must store a product");

    // Two callers use the same key at the same moment. They call the method directly and not through
    // a connection, so that their calls overlap often.
    let (products, steps) = (Arc::new(Products::default()), Arc::new(AtomicUsize::new(0)));
    let calls = [(); 2].map(|()| {
        let (products, steps) = (Arc::clone(&products), Arc::clone(&steps));
        tokio::spawn(async move {
            let mut ids = Vec::new();
            for round in 0..10_000 {
                wait_for_both(&steps).await;
                let request = keyed("a lamp", &format!("round-{round}"));
                ids.push(products.add_product(request).await.unwrap().into_inner());
            }
            ids
        })
    });
    let ids = try_join_all(calls).await.unwrap();
    assert!(ids[0] == ids[1], "two simultaneous calls with one key must return the same id");
}

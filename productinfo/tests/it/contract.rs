//! The contract of the service, row by row, checked with a real client.

use std::collections::HashSet;

use futures::future::try_join_all;
use productinfo::server::Products;
use proto::ecommerce::{
    Product, ProductId, product_info_client::ProductInfoClient,
    product_info_server::ProductInfoServer,
};
use testing::in_memory;
use tonic::{Code, Status, transport::Channel};

async fn client() -> ProductInfoClient<Channel> {
    ProductInfoClient::new(in_memory(ProductInfoServer::new(Products::default())).await)
}

fn phone() -> Product {
    Product {
        id: String::new(),
        name: "Apple iPhone 11".into(),
        description: "Night mode".into(),
        price: 699.0,
    }
}

/// The status with which the server refuses `product`.
async fn refusal(product: Product) -> Status {
    client().await.add_product(product).await.expect_err("the server must refuse it")
}

#[tokio::test]
async fn add_product_returns_a_random_uuid_whatever_id_was_sent() {
    let product = Product { id: "mine".into(), ..phone() };
    let id = client().await.add_product(product).await.unwrap().into_inner().value;
    assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 4);
}

#[tokio::test]
async fn get_product_returns_the_product_with_its_new_id() {
    let mut client = client().await;
    let sent = Product { id: "mine".into(), ..phone() };
    let id = client.add_product(sent).await.unwrap().into_inner();
    let product = client.get_product(id.clone()).await.unwrap().into_inner();
    assert_eq!(product, Product { id: id.value, ..phone() });
}

#[tokio::test]
async fn a_product_that_is_added_twice_gets_two_ids() {
    let mut client = client().await;
    let one = client.add_product(phone()).await.unwrap().into_inner();
    let two = client.add_product(phone()).await.unwrap().into_inner();
    assert_ne!(one, two);
}

#[tokio::test]
async fn a_blank_name_is_an_invalid_argument() {
    for name in ["", " ", "\t\n", "\u{3000}"] {
        let status = refusal(Product { name: name.into(), ..phone() }).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{name:?}");
        assert_eq!(status.message(), "name must not be blank");
    }
}

#[tokio::test]
async fn a_price_that_is_negative_or_not_finite_is_an_invalid_argument() {
    for price in [-0.01, f32::NEG_INFINITY, f32::INFINITY, f32::NAN] {
        let status = refusal(Product { price, ..phone() }).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{price}");
        assert!(status.message().starts_with("price must be"), "{}", status.message());
    }
}

#[tokio::test]
async fn a_product_may_be_free() {
    client().await.add_product(Product { price: 0.0, ..phone() }).await.unwrap();
}

#[tokio::test]
async fn an_unknown_id_is_not_found_and_the_message_contains_it() {
    let id = ProductId { value: "no-such-id".into() };
    let status = client().await.get_product(id).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.message(), "product \"no-such-id\" does not exist");
}

#[tokio::test]
async fn the_status_for_a_long_unknown_id_fits_into_the_headers() {
    let mut client = client().await;
    // Each of these letters takes nine bytes when it is percent-encoded.
    let id = ProductId { value: "상".repeat(1_000_000) };
    let status = client.get_product(id).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert!(status.message().starts_with("product \"상상"), "{}", status.message());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_products_that_are_added_at_once_can_all_be_read() {
    let client = client().await;
    let ids = try_join_all((0..1_000).map(|number| {
        let mut client = client.clone();
        let product = Product { name: format!("product {number}"), ..phone() };
        async move { client.add_product(product).await }
    }))
    .await
    .unwrap();
    let distinct = ids.iter().map(|id| &id.get_ref().value).collect::<HashSet<_>>();
    assert_eq!(distinct.len(), 1_000);

    for (number, id) in ids.into_iter().enumerate() {
        let product = client.clone().get_product(id.into_inner()).await.unwrap().into_inner();
        assert_eq!(product.name, format!("product {number}"));
    }
}

#[tokio::test]
async fn a_message_over_4_mib_gets_a_status_and_the_connection_stays_usable() {
    let mut client = client().await;
    let description = "x".repeat(4 * 1024 * 1024);
    let status = client.add_product(Product { description, ..phone() }).await.unwrap_err();
    // The status of gRPC in Go and Java is RESOURCE_EXHAUSTED here, and tonic's is OUT_OF_RANGE.
    assert_eq!(status.code(), Code::OutOfRange);
    assert!(status.message().contains("4194304"), "{}", status.message());
    client.add_product(phone()).await.unwrap();
}

#[tokio::test]
async fn a_product_can_be_as_large_as_a_client_can_read_and_not_a_byte_larger() {
    let mut client = client().await;
    // The price takes five bytes of the 4 MiB, the id 38, the name three, and the prefix of the
    // description five.
    let largest = 4 * 1024 * 1024 - 5 - 38 - 3 - 5;
    let product = |length| Product {
        name: "x".into(),
        description: "x".repeat(length),
        price: 1.0,
        ..Product::default()
    };
    let id = client.add_product(product(largest)).await.unwrap().into_inner();
    assert_eq!(client.get_product(id).await.unwrap().into_inner().description.len(), largest);

    let status = client.add_product(product(largest + 1)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("4194304"), "{}", status.message());
}

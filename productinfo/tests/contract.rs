//! What the service promises, each row of it through a real client.

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

/// The status with which `product` is refused.
async fn refusal(product: Product) -> Status {
    client().await.add_product(product).await.expect_err("it has to be refused")
}

#[tokio::test]
async fn add_product_returns_a_random_uuid_whatever_id_was_sent() {
    let product = Product { id: "mine".into(), ..phone() };
    let id = client().await.add_product(product).await.unwrap().into_inner().value;
    assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 4);
}

#[tokio::test]
async fn get_product_returns_what_was_added_under_the_id_that_it_was_given() {
    let mut client = client().await;
    let sent = Product { id: "mine".into(), ..phone() };
    let id = client.add_product(sent).await.unwrap().into_inner();
    let product = client.get_product(id.clone()).await.unwrap().into_inner();
    assert_eq!(product, Product { id: id.value, ..phone() });
}

#[tokio::test]
async fn the_same_product_added_twice_is_two_products() {
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
async fn an_unknown_id_is_not_found_and_named() {
    let id = ProductId { value: "no-such-id".into() };
    let status = client().await.get_product(id).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.message(), "product \"no-such-id\" does not exist");
}

#[tokio::test]
async fn an_unknown_id_of_any_length_gets_a_status_that_fits_into_the_headers() {
    let mut client = client().await;
    // Each of these letters takes nine bytes once it is percent-encoded.
    let id = ProductId { value: "상".repeat(1_000_000) };
    let status = client.get_product(id).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert!(status.message().starts_with("product \"상상"), "{}", status.message());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_products_added_at_once_get_a_thousand_ids_that_can_all_be_read() {
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
async fn a_message_over_four_mib_gets_a_status_and_leaves_the_connection_usable() {
    let mut client = client().await;
    let description = "x".repeat(4 * 1024 * 1024);
    let status = client.add_product(Product { description, ..phone() }).await.unwrap_err();
    // gRPC in Go and Java says RESOURCE_EXHAUSTED here, tonic OUT_OF_RANGE.
    assert_eq!(status.code(), Code::OutOfRange);
    assert!(status.message().contains("4194304"), "{}", status.message());
    client.add_product(phone()).await.unwrap();
}

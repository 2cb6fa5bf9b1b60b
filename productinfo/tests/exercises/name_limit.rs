//! 1. A limit.

use productinfo::server::Products;
use proto::ecommerce::{
    product_info_client::ProductInfoClient, product_info_server::ProductInfoServer,
};
use testing::in_memory;
use tonic::Code;

use crate::product;

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_a_name_has_at_most_100_characters() {
    let server = ProductInfoServer::new(Products::default());
    let mut client = ProductInfoClient::new(in_memory(server).await);
    // This name has 100 characters, which are 400 bytes in UTF-8 and 200 units in UTF-16.
    client.add_product(product(&"😀".repeat(100))).await.expect("100 characters are allowed");
    let status = client
        .add_product(product(&"x".repeat(101)))
        .await
        .expect_err("the server must refuse a name of 101 characters");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("100"), "the message must contain the limit: {status}");
}

//! 1. A limit.

use tonic::Code;

use crate::{client, product};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_a_name_has_at_most_100_characters() {
    let mut client = client().await;
    // This name has 100 characters, which are 400 bytes in UTF-8 and 200 units in UTF-16.
    let allowed = client.add_product(product(&"😀".repeat(100))).await;
    assert!(allowed.is_ok(), "addProduct must accept a name of 100 characters");
    let refused = client.add_product(product(&"x".repeat(101))).await;
    let Err(status) = refused else { panic!("addProduct accepts a name of 101 characters") };
    assert_eq!(status.code(), Code::InvalidArgument, "the code must be INVALID_ARGUMENT");
    assert!(status.message().contains("100"), "the message must contain the limit");
}

//! A generated client, for the server that is written by hand.

use std::time::Duration;

use launcher::{Error, describe, endpoint, transcript};
use proto::ecommerce::{Product, ProductId, product_info_client::ProductInfoClient};
use tonic::Code;

/// Makes a call that is answered, and two that have to be refused.
pub async fn run(target: String) -> Result<(), Error> {
    let channel = endpoint(&target)?.timeout(Duration::from_secs(10)).connect().await?;
    transcript!(client, "the generated stub, and a server by hand");
    let mut stub = ProductInfoClient::new(channel);
    let product = stub.get_product(ProductId { value: "watch".into() }).await?.into_inner();
    transcript!(client, "getProduct(\"watch\") -> {:?}, {}", product.name, product.price);
    match stub.get_product(ProductId { value: "\u{c5c6}\u{c74c}".into() }).await {
        Err(status) if status.code() == Code::NotFound => {
            transcript!(client, "getProduct(\"\u{c5c6}\u{c74c}\") -> {}", describe(&status));
        }
        other => return Err(format!("it is not there, and is answered with {other:?}").into()),
    }
    match stub.add_product(Product::default()).await {
        Err(status) if status.code() == Code::Unimplemented => {
            transcript!(client, "addProduct -> {}", describe(&status));
        }
        other => return Err(format!("it is not there, and is answered with {other:?}").into()),
    }
    Ok(())
}

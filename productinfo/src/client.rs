//! The client's side: a connection, a stub over it, and five calls.

use std::time::Duration;

use launcher::{describe, endpoint, transcript};
use proto::ecommerce::{Product, ProductId, product_info_client::ProductInfoClient};
use tonic::{Code, Response, Status, transport::Channel};

/// Connects to the server at `target`, a `HOST:PORT`, and makes the calls of [`call`].
pub async fn run(target: String) -> Result<(), launcher::Error> {
    let channel = endpoint(&target)?
        // For each call; without it a call waits for ever, as in Go and Java. There the status
        // is DEADLINE_EXCEEDED when the time is over, where tonic's own says CANCELLED.
        .timeout(Duration::from_secs(10))
        .connect()
        .await?;
    call(ProductInfoClient::new(channel)).await?;
    Ok(())
}

/// Adds two products, gets one of them back, and makes two calls that have to be refused.
///
/// Fails with the status of the first call that does not end as it should.
pub async fn call(mut client: ProductInfoClient<Channel>) -> Result<(), Status> {
    let phone = Product {
        name: "Apple iPhone 11".into(),
        description: "All-new dual-camera system with Ultra Wide and Night mode".into(),
        price: 699.0,
        // The server gives the id. What is not set is not sent.
        ..Product::default()
    };
    let watch = Product {
        name: "Apple Watch S4".into(),
        description: "Fall detection and an electrical heart sensor".into(),
        price: 400.0,
        ..Product::default()
    };

    // `?` hands a failed call's status to our caller: a call returns either a response or a
    // status, never both, and neither can be overlooked.
    let id = client.add_product(phone).await?.into_inner();
    transcript!(client, "addProduct(\"Apple iPhone 11\") -> {}", id.value);
    let other = client.add_product(watch).await?.into_inner();
    transcript!(client, "addProduct(\"Apple Watch S4\") -> {}", other.value);

    let product = client.get_product(id.clone()).await?.into_inner();
    transcript!(
        client,
        "getProduct(\"{}\") -> {:?}, {}",
        id.value,
        product.name,
        product.price
    );

    let unknown = ProductId { value: "no-such-id".into() };
    let status = refused(client.get_product(unknown).await, Code::NotFound)?;
    transcript!(client, "getProduct(\"no-such-id\") -> {}", describe(&status));

    let nameless = Product { name: " ".into(), price: 1.0, ..Product::default() };
    let status = refused(client.add_product(nameless).await, Code::InvalidArgument)?;
    transcript!(client, "addProduct(\" \") -> {}", describe(&status));
    Ok(())
}

/// The status of a call that has to be refused with `code`; anything else is the error.
fn refused<T>(result: Result<Response<T>, Status>, code: Code) -> Result<Status, Status> {
    match result {
        Err(status) if status.code() == code => Ok(status),
        Err(status) => Err(status),
        Ok(_) => Err(Status::unknown("the server accepted what it has to refuse")),
    }
}

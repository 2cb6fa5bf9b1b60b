//! The client: a connection, a stub that uses it, and five calls.

use std::{error::Error as _, time::Duration};

use launcher::{describe, endpoint, transcript};
use proto::ecommerce::{Product, ProductId, product_info_client::ProductInfoClient};
use tokio::time::timeout;
use tonic::{Response, Status, transport::Channel};

/// Connects to the server at `target`, a `HOST:PORT`, and makes the calls of [`call`].
pub async fn run(target: String) -> Result<(), launcher::Error> {
    // This is tonic's `Endpoint::from_shared("http://HOST:PORT")`, with a limit of 5 s for
    // connecting, and with windows for streams (see `crates/launcher/src/transport.rs`). Nothing is sent
    // yet.
    let channel = endpoint(&target)?
        // Production: the deadline of each call, which the server gets too. When the time is over, the
        // status is DEADLINE_EXCEEDED in Go and Java, and CANCELLED in tonic.
        .timeout(Duration::from_secs(10))
        // Waits for the connection. A `Channel` can be cloned at no cost, and all its clones share
        // the connection.
        .connect()
        .await?;
    // Production: tonic applies that deadline only until the headers of a response have arrived. The
    // message may never follow, so this limits the calls as a whole.
    let calls = timeout(Duration::from_secs(30), call(ProductInfoClient::new(channel)));
    calls.await.map_err(|_| "the calls took more than 30 s; is the server overloaded?")?
}

/// Adds two products, gets one of them back, and makes two calls that our server refuses.
///
/// Returns the first error that makes it pointless to continue.
pub async fn call(mut client: ProductInfoClient<Channel>) -> Result<(), launcher::Error> {
    // A message is a plain struct, and a field without a value has the default of its type. Such a
    // field is not sent. Here that is `id`, because the server assigns it.
    let phone = Product {
        name: "Apple iPhone 11".into(),
        description: "All-new dual-camera system with Ultra Wide and Night mode".into(),
        price: 699.0,
        ..Product::default()
    };
    let watch = Product {
        name: "Apple Watch S4".into(),
        description: "Fall detection and an electrical heart sensor".into(),
        price: 400.0,
        ..Product::default()
    };

    // A call is a method of the stub. `.await` waits for its end without blocking the thread. The
    // result is either a response or a status, and `?` returns the status to our caller. Go returns
    // both, and nothing forces the caller to look at the error.
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
    refused("getProduct(\"no-such-id\")", client.get_product(unknown).await)?;

    let nameless = Product { name: " ".into(), price: 1.0, ..Product::default() };
    refused("addProduct(\" \")", client.add_product(nameless).await)?;
    Ok(())
}

/// Prints the outcome of a call that our server refuses. Other servers, such as the book's, may
/// accept it, and that is no reason to stop.
fn refused<T>(call: &str, result: Result<Response<T>, Status>) -> Result<(), Status> {
    match result {
        Ok(_) => transcript!(client, "{call} -> accepted; our server refuses this"),
        // Only a status that tonic made itself has a source: no server has answered in time. The
        // client cannot continue then.
        Err(status) if status.source().is_some() => return Err(status),
        // This status was sent by the server.
        Err(status) => transcript!(client, "{call} -> {}", describe(&status)),
    }
    Ok(())
}

//! The client: a call with the generated stub, and then the same call by hand, step by step.

use std::{error::Error as _, time::Duration};

use launcher::{Error, describe, endpoint, transcript};
use proto::ecommerce::{Product, ProductId, product_info_client::ProductInfoClient};
use tokio::{net::TcpStream, time::timeout};
use watch::{Tap, View};
use wire::{prefix::LENGTH, raw, status::Status};

use crate::{call::Connection, message, prefix::frame};

/// How long connecting and each call may take.
const TIMEOUT: Duration = Duration::from_secs(10);
const LATE: &str = "a call took more than 10 s; is the server overloaded?";

/// Makes the calls to the server at `target`, a `HOST:PORT`, and shows their bytes. With `frames`, it also
/// shows the HTTP/2 frames that belong to no call.
pub async fn run(target: String, frames: bool) -> Result<(), Error> {
    transcript!(client, "1. with the generated stub");
    let channel = endpoint(&target)?.timeout(TIMEOUT).connect().await?;
    // tonic's time limit ends with the headers of the response, and this one with its message.
    let mut stub = ProductInfoClient::new(channel);
    let id = timeout(TIMEOUT, stub.add_product(watch())).await.map_err(|_| LATE)??.into_inner();
    transcript!(client, "addProduct({:?}) -> {}", watch().name, id.value);

    transcript!(client, "2. the message by hand");
    let message = message::product(&watch());
    transcript!(client, "Product {{ name: {:?}, price: {} }} is", watch().name, watch().price);
    message.dump().for_each(|line| transcript!(client, "  {line}"));
    let message = message.bytes();
    let prefix = raw::hex(frame(&message)?.get(..LENGTH).unwrap_or_default());
    transcript!(client, "and its prefix: {prefix}, not compressed, {} bytes", message.len());

    transcript!(client, "3. the call by hand");
    let stream = timeout(TIMEOUT, TcpStream::connect(&target)).await.map_err(|_| LATE)?;
    let stream = stream.map_err(|error| format!("cannot connect a second time: {error}"))?;
    stream.set_nodelay(true)?;
    let tap = Tap::new(1, if frames { View::Frames } else { View::Calls });
    let connection = Connection::new(Box::pin(tap.client(stream)), &target).await?;

    let (path, mut id) = ("/ecommerce.ProductInfo/addProduct", Vec::new());
    let added = connection.call(path, &message, TIMEOUT, |message| id.extend(message)).await;
    added.map_err(of_tonic)?;
    transcript!(client, "addProduct -> {}", raw::lines(&id)?.join(", "));

    let path = "/ecommerce.ProductInfo/getProduct";
    match connection.call(path, &message::text("없음").bytes(), TIMEOUT, drop).await {
        Ok(()) => transcript!(client, "getProduct -> accepted; our server refuses this"),
        Err(status) => transcript!(client, "getProduct -> {status}"),
    }

    let (path, mut found) = ("/ecommerce.OrderManagement/searchOrders", 0);
    let google = message::text("Google").bytes();
    connection.call(path, &google, TIMEOUT, |_| found += 1).await.map_err(of_tonic)?;
    transcript!(client, "searchOrders -> {found} messages");
    Ok(())
}

fn watch() -> Product {
    Product { name: "Apple Watch S4".into(), price: 400.0, ..Product::default() }
}

/// The same status in tonic's type, which the launcher can explain.
fn of_tonic(status: Status) -> tonic::Status {
    tonic::Status::new(i32::from(status.code).into(), status.message)
}

/// Calls the server by hand with the generated stub.
pub async fn run_stub(target: String) -> Result<(), Error> {
    let channel = endpoint(&target)?.timeout(TIMEOUT).connect().await?;
    transcript!(client, "the generated stub, and a server by hand");
    let mut stub = ProductInfoClient::new(channel);
    // Only a status that tonic made itself has a source: no server has answered in time.
    let refused = |status: tonic::Status| match status.source() {
        None => Ok(describe(&status)),
        Some(_) => Err(status),
    };
    for id in ["watch", "없음"] {
        let call = stub.get_product(ProductId { value: id.into() });
        let got = timeout(TIMEOUT, call).await.map_err(|_| LATE)?;
        let got = got.map(|got| format!("{:?}, {}", got.get_ref().name, got.get_ref().price));
        transcript!(client, "getProduct({id:?}) -> {}", got.or_else(refused)?);
    }
    let added = timeout(TIMEOUT, stub.add_product(watch())).await.map_err(|_| LATE)?;
    let added = added.map(|_| "accepted; the server by hand refuses this".to_owned());
    transcript!(client, "addProduct -> {}", added.or_else(refused)?);
    Ok(())
}

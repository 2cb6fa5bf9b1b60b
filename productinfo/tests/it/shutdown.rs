//! SIGTERM while a call is in flight.

use std::{pin::pin, time::Duration};

use futures::{channel::oneshot, poll};
use proto::ecommerce::{Product, ProductId, product_info_client::ProductInfoClient};
use testing::{Process, call_later};
use tokio::{net::TcpStream, time::timeout};
use tonic::{Code, Response, Status, transport::Channel};

const PROGRAM: &str = env!("CARGO_BIN_EXE_productinfo");

async fn start() -> (Process, String, Channel) {
    let mut server = Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]);
    let addr = server.addr().await;
    let uri = format!("http://{addr}");
    (server, addr, Channel::from_shared(uri).unwrap().connect().await.unwrap())
}

async fn add_product_later(
    channel: Channel,
    message: oneshot::Receiver<Product>,
) -> Result<Response<ProductId>, Status> {
    call_later(channel, "/ecommerce.ProductInfo/addProduct", message).await
}

/// Waits until the server has received everything that was sent on `channel` so far.
async fn round_trip(channel: &Channel) {
    let mut client = ProductInfoClient::new(channel.clone());
    let unknown = client.get_product(ProductId::default()).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_call_in_flight_finishes_while_new_connections_are_refused() {
    let (mut server, addr, channel) = start().await;
    let (message, later) = oneshot::channel();
    let mut call = pin!(add_product_later(channel.clone(), later));
    assert!(poll!(&mut call).is_pending());
    round_trip(&channel).await;

    server.signal("TERM").await;
    server.line("draining").await;
    let refused = async { while TcpStream::connect(&addr).await.is_ok() {} };
    timeout(Duration::from_secs(30), refused).await.expect("the port is closed");

    message.send(Product { name: "the last one".into(), ..Product::default() }).unwrap();
    let id = call.await.unwrap().into_inner().value;
    let ended = server.end().await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains(&format!("storing {id} \"the last one\"")));
}

#[tokio::test]
async fn a_second_signal_ends_the_calls_in_flight() {
    let (mut server, _, channel) = start().await;
    let (_message, later) = oneshot::channel();
    let mut call = pin!(add_product_later(channel.clone(), later));
    assert!(poll!(&mut call).is_pending());
    round_trip(&channel).await;

    server.signal("TERM").await;
    server.line("draining").await;
    server.signal("INT").await;
    let ended = server.end().await;
    assert_eq!(ended.status, Some(1));
    assert_eq!(
        ended.stderr,
        "cut off 1 call: a second signal ended the server; give calls a shorter deadline\n"
    );
}

#[tokio::test]
async fn an_idle_connection_does_not_keep_the_server_alive() {
    let (server, _, channel) = start().await;
    round_trip(&channel).await;
    server.signal("TERM").await;
    assert_eq!(server.end().await.status, Some(0));
}

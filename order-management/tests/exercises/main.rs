//! The exercises of the README, one file each. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p order-management --test exercises -- --ignored exercise_1
//! ```
//!
//! They call the new methods by path, because there is no generated code for them yet.

mod orders_to;
mod total_price;
mod watch_order;

use std::time::Duration;

use order_management::server::serve;
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use tokio::time::timeout;
use tonic::{
    Code, Request, Status, Streaming,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

/// A channel to a server that runs `serve`, with the sample orders.
async fn start() -> Channel {
    let target = testing::start(serve).await;
    let endpoint = Endpoint::from_shared(format!("http://{target}")).unwrap();
    // A small window, so that flow control stops a stream early.
    endpoint.initial_stream_window_size(65_535).connect_lazy()
}

/// Stores an order. A later order with the same id replaces it.
async fn put(channel: &Channel, order: Order) {
    OrderManagementClient::new(channel.clone()).add_order(order).await.expect("it is valid");
}

fn order(id: &str, destination: &str) -> Order {
    testing::order(id, &["a lamp"], destination)
}

async fn grpc(channel: &Channel) -> Grpc<Channel> {
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.expect("the server is running");
    grpc
}

fn path(method: &str) -> PathAndQuery {
    format!("/ecommerce.OrderReports/{method}").parse().expect("the path is valid")
}

/// Ends the test if the exercise is not solved at all.
fn assert_implemented<T>(method: &str, result: &Result<T, Status>) {
    let code = result.as_ref().err().map(Status::code);
    assert!(
        code != Some(Code::Unimplemented),
        "`{method}` is UNIMPLEMENTED: does `serve` add the service OrderReports?"
    );
}

/// Calls a method that returns a stream of orders.
async fn orders(
    channel: &Channel,
    method: &str,
    text: &str,
) -> Result<Streaming<Order>, Status> {
    let request = Request::new(text.to_owned());
    let codec = ProstCodec::<String, Order>::default();
    let called = grpc(channel).await.server_streaming(request, path(method), codec).await;
    assert_implemented(method, &called);
    Ok(called?.into_inner())
}

/// The next message of a stream. It must arrive soon.
async fn next(stream: &mut Streaming<Order>) -> Option<Order> {
    let message = timeout(Duration::from_secs(10), stream.message()).await;
    message.expect("the stream sends no message").expect("the stream fails")
}

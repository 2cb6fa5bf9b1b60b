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

use std::{sync::Arc, time::Duration};

use order_management::{orders::Orders, server::OrderService};
use proto::ecommerce::{Order, order_management_server::OrderManagementServer};
use testing::in_memory;
use tokio::time::timeout;
use tonic::{Request, Response, Status, Streaming, client::Grpc, transport::Channel};
use tonic_prost::ProstCodec;

async fn start(orders: &Arc<Orders>) -> Grpc<Channel> {
    let service = OrderManagementServer::new(OrderService::new(Arc::clone(orders)));
    let mut client = Grpc::new(in_memory(service).await);
    client.ready().await.expect("the channel is open");
    client
}

fn order(id: &str, destination: &str) -> Order {
    testing::order(id, &["a lamp"], destination)
}

async fn stream(
    client: &mut Grpc<Channel>,
    method: &str,
    text: &str,
) -> Result<Response<Streaming<Order>>, Status> {
    let path =
        format!("/ecommerce.OrderManagement/{method}").parse().expect("the path is valid");
    let codec = ProstCodec::<String, Order>::default();
    client.server_streaming(Request::new(text.to_owned()), path, codec).await
}

/// The next message. It must arrive soon.
async fn next(stream: &mut Streaming<Order>) -> Option<Order> {
    let message = timeout(Duration::from_secs(10), stream.message()).await;
    message.expect("a message must arrive").expect("the stream must not fail")
}

//! The exercises of the README, a file for each. Its tests fail until it is solved:
//!
//! ```text
//! cargo test -p order-management --test exercises -- --ignored exercise_1
//! ```
//!
//! They call the new methods by path, since there is no generated code for them yet.

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
    Order {
        id: id.into(),
        items: vec!["a lamp".into()],
        destination: destination.into(),
        ..Order::default()
    }
}

async fn stream(
    client: &mut Grpc<Channel>,
    method: &str,
    text: &str,
) -> Result<Response<Streaming<Order>>, Status> {
    let path = format!("/ecommerce.OrderManagement/{method}").parse().expect("it is a path");
    let codec = ProstCodec::<String, Order>::default();
    client.server_streaming(Request::new(text.to_owned()), path, codec).await
}

/// The next message, which has to come soon.
async fn next(stream: &mut Streaming<Order>) -> Option<Order> {
    let message = timeout(Duration::from_secs(10), stream.message()).await;
    message.expect("a message comes").expect("no error comes")
}

//! The contract of the service, row by row, checked with a real client.

mod bidirectional_streaming;
mod client_streaming;
mod server_streaming;
mod unary;

use std::sync::Arc;

use order_management::{orders::Orders, server::OrderService};
use proto::ecommerce::{
    Order, order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use testing::in_memory;
use tonic::{Status, Streaming, transport::Channel};

async fn client(orders: Orders) -> OrderManagementClient<Channel> {
    let service = OrderManagementServer::new(OrderService::new(Arc::new(orders)));
    OrderManagementClient::new(in_memory(service).await)
}

fn order(id: &str, destination: &str) -> Order {
    let order = testing::order(id, &["a lamp"], destination);
    Order { description: "it shines".into(), price: 12.5, ..order }
}

/// All messages of a stream, and how it ends.
async fn collect<T>(mut stream: Streaming<T>) -> (Vec<T>, Result<(), Status>) {
    let mut messages = Vec::new();
    loop {
        match stream.message().await {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, Ok(())),
            Err(status) => return (messages, Err(status)),
        }
    }
}

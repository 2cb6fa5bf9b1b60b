//! The size of an order. Whatever the server accepts, a client with gRPC's default limit of 4 MiB can
//! read.

use error_details::server::serve;
use order_management::server::MAX_ORDER;
use prost::Message;
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use testing::start;
use tonic::{Code, transport::Channel};

async fn client() -> OrderManagementClient<Channel> {
    OrderManagementClient::connect(format!("http://{}", start(serve).await)).await.unwrap()
}

/// A valid order of `size` bytes.
fn order(id: &str, size: usize) -> Order {
    let mut order = testing::order(id, &["a lamp"], "San Jose, CA");
    // The tag and the length of the second item take four bytes.
    order.items.push("x".repeat(size - order.encoded_len() - 4));
    assert_eq!(order.encoded_len(), size);
    order
}

#[tokio::test]
async fn a_client_can_read_the_largest_order() {
    let mut client = client().await;
    let largest = order("101", MAX_ORDER);
    client.add_order(largest.clone()).await.unwrap();
    assert_eq!(client.get_order("101".to_owned()).await.unwrap().into_inner(), largest);
}

#[tokio::test]
async fn a_client_can_read_a_shipment_of_three_orders_of_the_largest_size() {
    let mut client = client().await;
    let ids = ["1", "2", "3"];
    for id in ids {
        client.add_order(order(id, MAX_ORDER)).await.unwrap();
    }
    let ids = tokio_stream::iter(ids.map(str::to_owned));
    let mut shipments = client.process_orders(ids).await.unwrap().into_inner();
    assert_eq!(shipments.message().await.unwrap().unwrap().orders_list.len(), 3);
}

#[tokio::test]
async fn an_order_that_is_one_byte_larger_is_refused() {
    let mut client = client().await;
    let status = client.add_order(order("101", MAX_ORDER + 1)).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    let status = client.get_order("101".to_owned()).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound, "a refused order is not stored");
}

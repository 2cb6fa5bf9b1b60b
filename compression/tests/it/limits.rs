//! Sizes: what counts is the size of the expanded message.

use compression::server::{MESSAGE_LIMIT, service};
use order_management::{orders::Orders, server::MAX_ORDER};
use prost::Message;
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use testing::in_memory;
use tonic::{Code, codec::CompressionEncoding, transport::Channel};

async fn clients() -> [OrderManagementClient<Channel>; 2] {
    let channel = in_memory(service(Orders::default())).await;
    let gzip = CompressionEncoding::Gzip;
    [
        OrderManagementClient::new(channel.clone()),
        OrderManagementClient::new(channel).send_compressed(gzip).accept_compressed(gzip),
    ]
}

/// An order of exactly this size, which gzip makes very small.
fn order(id: &str, size: usize) -> Order {
    let mut order = Order { id: id.into(), items: vec!["a lamp".into()], ..Order::default() };
    order.description = "x".repeat(size);
    order.description.truncate(2 * size - order.encoded_len());
    assert_eq!(order.encoded_len(), size);
    order
}

#[tokio::test]
async fn a_client_without_gzip_can_read_everything_that_a_client_with_gzip_has_stored() {
    let [mut plain, mut gzip] = clients().await;
    for id in ["1", "2", "3"] {
        gzip.add_order(order(id, MAX_ORDER)).await.expect("it has the largest size");
        let stored = plain.get_order(id.to_owned()).await.unwrap().into_inner();
        assert_eq!(stored, order(id, MAX_ORDER));
    }
    let ids = tokio_stream::iter(["1", "2", "3"].map(String::from));
    let mut shipments = plain.process_orders(ids).await.unwrap().into_inner();
    let shipment = shipments.message().await.unwrap().unwrap();
    assert_eq!(shipment.orders_list.len(), 3, "the largest shipment can be read, too");
}

#[tokio::test]
async fn an_order_above_the_limit_is_refused_however_small_gzip_makes_it() {
    for client in &mut clients().await {
        let status = client.add_order(order("1", MAX_ORDER + 1)).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert!(status.message().contains("1000000"), "{status}");
        assert_eq!(client.get_order("1".to_owned()).await.unwrap_err().code(), Code::NotFound);
    }
}

#[tokio::test]
async fn the_message_limit_is_exact_with_and_without_gzip() {
    let [mut plain, mut gzip] = clients().await;
    for client in [&mut plain, &mut gzip] {
        // The service refuses this order, so it has received it.
        let status = client.add_order(order("1", MESSAGE_LIMIT)).await.unwrap_err();
        assert!(status.message().starts_with("the order has"), "{status}");
    }
    let too_large = order("1", MESSAGE_LIMIT + 1);
    // tonic has a different code for each case. In Go and Java both are RESOURCE_EXHAUSTED.
    let status = plain.add_order(too_large.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    let status = gzip.add_order(too_large).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
}

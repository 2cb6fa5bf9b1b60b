//! The messages that the log sees in each pattern, and their sizes.

use std::sync::Arc;

use futures::StreamExt;
use interceptors::auth::Bearer;
use order_management::{orders::Orders, server::OrderService};
use prost::Message;
use proto::ecommerce::{
    Order, order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use tonic::codec::CompressionEncoding::Gzip;

use crate::logs::{client, ended, order, request, response, start_with};

#[tokio::test]
async fn a_unary_call_has_one_message_in_each_direction() {
    let (mut client, mut logs) = client().await;
    let (sent, answer) = (order("101"), "Order Added: 101".to_owned());
    client.add_order(sent.clone()).await.unwrap();
    let expected =
        [request(1, sent.encoded_len()), response(1, answer.encoded_len()), ended("OK")];
    assert_eq!(logs.both().await, [expected.clone(), expected]);
}

#[tokio::test]
async fn a_server_streaming_call_has_several_messages_in_its_response() {
    let (mut client, mut logs) = client().await;
    let found = client.search_orders("Google".to_owned()).await.unwrap().into_inner();
    let sizes = found.map(|order| order.unwrap().encoded_len()).collect::<Vec<_>>().await;
    let expected = [
        request(1, "Google".to_owned().encoded_len()),
        response(1, sizes[0]),
        response(2, sizes[1]),
        ended("OK"),
    ];
    assert_eq!(logs.both().await, [expected.clone(), expected]);
}

#[tokio::test]
async fn a_client_streaming_call_has_several_messages_in_its_request() {
    let (mut client, mut logs) = client().await;
    let updates = ["102", "103"].map(order);
    let sizes = updates.clone().map(|order| order.encoded_len());
    let answer = client.update_orders(tokio_stream::iter(updates)).await.unwrap().into_inner();
    let expected = [
        request(1, sizes[0]),
        request(2, sizes[1]),
        response(1, answer.encoded_len()),
        ended("OK"),
    ];
    assert_eq!(logs.both().await, [expected.clone(), expected]);
}

#[tokio::test]
async fn a_bidirectional_streaming_call_has_several_messages_in_each_direction() {
    let (mut client, mut logs) = client().await;
    let (ids, outgoing) = tokio::sync::mpsc::channel(3);
    for id in ["102", "103", "104"] {
        ids.send(id.to_owned()).await.unwrap();
    }
    let outgoing = tokio_stream::wrappers::ReceiverStream::new(outgoing);
    let mut shipments = client.process_orders(outgoing).await.unwrap().into_inner();
    let mut sizes = Vec::new();
    for _ in 0..2 {
        sizes.push(shipments.message().await.unwrap().unwrap().encoded_len());
    }
    // The fourth id is sent after two shipments, and is logged after them.
    ids.send("105".to_owned()).await.unwrap();
    drop(ids);
    sizes.push(shipments.message().await.unwrap().unwrap().encoded_len());
    assert_eq!(shipments.message().await.unwrap(), None);
    drop(shipments);

    let id = "102".to_owned().encoded_len();
    let expected = [
        request(1, id),
        request(2, id),
        request(3, id),
        response(1, sizes[0]),
        response(2, sizes[1]),
        request(4, id),
        response(3, sizes[2]),
        ended("OK"),
    ];
    assert_eq!(logs.both().await, [expected.clone(), expected]);
}

#[tokio::test]
async fn the_size_of_a_compressed_message_is_its_size_on_the_wire() {
    let service = OrderManagementServer::new(OrderService::new(Arc::new(Orders::default())))
        .accept_compressed(Gzip)
        .send_compressed(Gzip);
    let (channel, mut logs) = start_with(service).await;
    let mut client = OrderManagementClient::with_interceptor(channel, Bearer::default())
        .accept_compressed(Gzip)
        .send_compressed(Gzip);
    let sent = Order { description: "x".repeat(100_000), ..order("101") };
    client.add_order(sent).await.unwrap();
    for events in logs.both().await {
        let [there, back, _] = &events[..] else { panic!("{events:?}") };
        // 100 kB of the same letter take three digits when they are compressed.
        assert!(there.len() <= "received message 1 (999 bytes, compressed)".len(), "{there}");
        assert!(there.ends_with(" bytes, compressed)"), "{there}");
        assert!(back.ends_with(" bytes, compressed)"), "{back}");
    }
}

#[tokio::test]
async fn a_message_in_many_frames_is_one_message() {
    let (mut client, mut logs) = client().await;
    let large = Order { description: "x".repeat(900_000), ..order("101") };
    client.add_order(large.clone()).await.unwrap();
    for events in logs.both().await {
        assert_eq!(events[0], request(1, large.encoded_len()));
    }
    client.get_order("101".to_owned()).await.unwrap();
    for events in logs.both().await {
        assert_eq!(events[1], response(1, large.encoded_len()));
    }
}

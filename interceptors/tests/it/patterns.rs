//! What goes by in each pattern, and how large it is.

use std::sync::Arc;

use futures::StreamExt;
use interceptors::{auth::Bearer, call_log::Event};
use order_management::{orders::Orders, server::OrderService};
use prost::Message;
use proto::ecommerce::{
    Order, order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use tonic::{Code, codec::CompressionEncoding::Gzip};

use super::{client, ended, order, request, response, start_with};

#[tokio::test]
async fn a_unary_call_is_a_message_each_way_and_a_status() {
    let (mut client, mut logs) = client().await;
    let (sent, answer) = (order("101"), "Order Added: 101".to_owned());
    client.add_order(sent.clone()).await.unwrap();
    let expected = [
        Event::Started,
        request(1, sent.encoded_len()),
        response(1, answer.encoded_len()),
        ended(Code::Ok),
    ];
    assert_eq!(logs.both().await, [expected.clone(), expected]);
}

#[tokio::test]
async fn a_server_streaming_call_is_several_messages_back() {
    let (mut client, mut logs) = client().await;
    let found = client.search_orders("Google".to_owned()).await.unwrap().into_inner();
    let sizes = found.map(|order| order.unwrap().encoded_len()).collect::<Vec<_>>().await;
    let expected = [
        Event::Started,
        request(1, "Google".to_owned().encoded_len()),
        response(1, sizes[0]),
        response(2, sizes[1]),
        ended(Code::Ok),
    ];
    assert_eq!(logs.both().await, [expected.clone(), expected]);
}

#[tokio::test]
async fn a_client_streaming_call_is_several_messages_there() {
    let (mut client, mut logs) = client().await;
    let updates = ["102", "103"].map(order);
    let sizes = updates.clone().map(|order| order.encoded_len());
    let answer = client.update_orders(tokio_stream::iter(updates)).await.unwrap().into_inner();
    let expected = [
        Event::Started,
        request(1, sizes[0]),
        request(2, sizes[1]),
        response(1, answer.encoded_len()),
        ended(Code::Ok),
    ];
    assert_eq!(logs.both().await, [expected.clone(), expected]);
}

#[tokio::test]
async fn a_bidirectional_streaming_call_is_several_messages_each_way() {
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
    // The fourth goes when two have come back, and that is how it is told.
    ids.send("105".to_owned()).await.unwrap();
    drop(ids);
    sizes.push(shipments.message().await.unwrap().unwrap().encoded_len());
    assert_eq!(shipments.message().await.unwrap(), None);
    drop(shipments);

    let id = "102".to_owned().encoded_len();
    let expected = [
        Event::Started,
        request(1, id),
        request(2, id),
        request(3, id),
        response(1, sizes[0]),
        response(2, sizes[1]),
        request(4, id),
        response(3, sizes[2]),
        ended(Code::Ok),
    ];
    assert_eq!(logs.both().await, [expected.clone(), expected]);
}

#[tokio::test]
async fn compressed_messages_are_counted_as_they_are_on_the_wire() {
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
        let [Event::Started, Event::Request(there), Event::Response(back), Event::Ended(_)] =
            events[..]
        else {
            panic!("{events:?}");
        };
        assert!(there.compressed && there.size < 1_000, "{there}");
        assert!(back.compressed, "{back}");
    }
}

#[tokio::test]
async fn a_message_of_3_mib_in_many_frames_is_one_message_each_way() {
    let (mut client, mut logs) = client().await;
    let large = Order { description: "x".repeat(3 * 1024 * 1024), ..order("101") };
    client.add_order(large.clone()).await.unwrap();
    for events in logs.both().await {
        assert_eq!(events[1], request(1, large.encoded_len()));
    }
    client.get_order("101".to_owned()).await.unwrap();
    for events in logs.both().await {
        assert_eq!(events[2], response(1, large.encoded_len()));
    }
}

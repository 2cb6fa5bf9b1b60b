//! What the log tells of a call, on either side, in each pattern.

use std::sync::Arc;

use futures::StreamExt;
use interceptors::{
    auth::{Bearer, authenticate},
    call_log::{CallLog, End, Event, Logged},
    messages::Message,
};
use order_management::{orders::Orders, server::OrderService};
use prost::Message as _;
use proto::ecommerce::{
    Order, order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use testing::{deaf_addr, in_memory};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tonic::{
    Code, Request,
    client::Grpc,
    codec::CompressionEncoding::Gzip,
    service::{Routes, interceptor::InterceptedService},
    transport::Channel,
};
use tower::Layer;

/// The two sides' logs of one call.
struct Logs {
    server: UnboundedReceiver<Event>,
    client: UnboundedReceiver<Event>,
}

fn log() -> (CallLog, UnboundedReceiver<Event>) {
    let (sender, events) = unbounded_channel();
    (CallLog::new(move |_, event| drop(sender.send(event))), events)
}

/// A channel to the sample orders, both with a log.
async fn start() -> (Logged<Channel>, Logs) {
    start_with(OrderManagementServer::new(OrderService::new(Arc::new(Orders::sample())))).await
}

async fn start_with(service: OrderManagementServer<OrderService>) -> (Logged<Channel>, Logs) {
    let (server_log, server) = log();
    let (client_log, client) = log();
    let service = InterceptedService::new(service, authenticate);
    let channel = in_memory(server_log.layer(Routes::new(service))).await;
    (client_log.layer(channel), Logs { server, client })
}

type Client = OrderManagementClient<InterceptedService<Logged<Channel>, Bearer>>;

async fn client() -> (Client, Logs) {
    let (channel, logs) = start().await;
    (OrderManagementClient::with_interceptor(channel, Bearer::default()), logs)
}

/// The events of a call up to its end, which there is one of.
async fn call(events: &mut UnboundedReceiver<Event>) -> Vec<Event> {
    let mut call = Vec::new();
    loop {
        let event = events.recv().await.expect("the call ends");
        let end = matches!(event, Event::Ended(_));
        call.push(event);
        if end {
            assert!(events.try_recv().is_err(), "there is one end");
            return call;
        }
    }
}

impl Logs {
    async fn both(&mut self) -> [Vec<Event>; 2] {
        [call(&mut self.server).await, call(&mut self.client).await]
    }
}

fn message(number: u64, size: usize) -> Message {
    Message { number, size: size.try_into().unwrap(), compressed: false }
}

fn request(number: u64, size: usize) -> Event {
    Event::Request(message(number, size))
}

fn response(number: u64, size: usize) -> Event {
    Event::Response(message(number, size))
}

fn ended(code: Code) -> Event {
    Event::Ended(End::Status(code))
}

fn order(id: &str) -> Order {
    let description = "it shines".into();
    Order { id: id.into(), items: vec!["a lamp".into()], description, ..Order::default() }
}

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
async fn an_error_of_the_handler_is_told_from_the_headers() {
    let (mut client, mut logs) = client().await;
    client.get_order("999".to_owned()).await.unwrap_err();
    let expected = [Event::Started, request(1, 5), ended(Code::NotFound)];
    assert_eq!(logs.both().await, [expected.clone(), expected]);
}

#[tokio::test]
async fn an_error_after_a_message_is_told_from_the_trailers() {
    let (mut client, mut logs) = client().await;
    let ids = ["102", "999"].map(String::from);
    let shipments = client.process_orders(tokio_stream::iter(ids)).await.unwrap().into_inner();
    assert_eq!(shipments.count().await, 2);
    for events in logs.both().await {
        assert!(matches!(events[events.len() - 2], Event::Response(_)), "{events:?}");
        assert_eq!(events.last(), Some(&ended(Code::NotFound)));
    }
}

#[tokio::test]
async fn an_error_before_the_handler_is_told_and_no_message_is_read() {
    let (channel, mut logs) = start().await;
    let mut client = OrderManagementClient::new(channel);
    client.get_order("102".to_owned()).await.unwrap_err();
    let [server, client] = logs.both().await;
    assert_eq!(server, [Event::Started, ended(Code::Unauthenticated)]);
    assert_eq!(client.last(), Some(&ended(Code::Unauthenticated)));
}

#[tokio::test]
async fn an_unknown_method_is_told() {
    let (channel, mut logs) = start().await;
    let mut client = Grpc::new(channel);
    for path in ["/ecommerce.OrderManagement/noMethod", "/no.Service/addOrder"] {
        client.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<String, String>::default();
        let mut request = Request::new(String::new());
        request.metadata_mut().insert("authorization", "Bearer open-sesame".parse().unwrap());
        client.unary(request, path.parse().unwrap(), codec).await.unwrap_err();
        for events in logs.both().await {
            assert_eq!(events.last(), Some(&ended(Code::Unimplemented)), "{path}");
        }
    }
}

#[tokio::test]
async fn a_call_that_its_client_gives_up_is_cancelled_on_both_sides() {
    let orders = Orders::default();
    for id in ["1", "2", "3", "4"] {
        orders.put(Order { description: "x".repeat(3_000_000), ..order(id) });
    }
    let service = OrderManagementServer::new(OrderService::new(Arc::new(orders)));
    let (channel, mut logs) = start_with(service).await;
    let mut client = OrderManagementClient::with_interceptor(channel, Bearer::default());
    let mut found = client.search_orders("lamp".to_owned()).await.unwrap().into_inner();
    found.message().await.unwrap();
    drop(found);
    for events in logs.both().await {
        assert_eq!(events.last(), Some(&Event::Ended(End::Cancelled)));
    }
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

#[tokio::test]
async fn a_connection_that_cannot_be_made_is_told_with_the_reason() {
    let (_held, addr) = deaf_addr();
    let channel = Channel::from_shared(format!("http://{addr}")).unwrap().connect_lazy();
    let (log, mut events) = log();
    let mut client = OrderManagementClient::new(log.layer(channel));
    client.get_order("102".to_owned()).await.unwrap_err();
    let events = call(&mut events).await;
    let [Event::Started, Event::Ended(End::Failed(reason))] = &events[..] else {
        panic!("{events:?}");
    };
    assert!(reason.contains("refused"), "{reason}");
}

//! What the log tells of a call, on either side, in each pattern.

mod endings;
mod patterns;

use std::sync::Arc;

use interceptors::{
    auth::{Bearer, authenticate},
    call_log::{CallLog, End, Event, Logged},
    messages::Message,
};
use order_management::{orders::Orders, server::OrderService};
use proto::ecommerce::{
    Order, order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use testing::in_memory;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tonic::{
    Code,
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

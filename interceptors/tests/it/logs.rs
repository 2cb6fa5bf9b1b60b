//! The lines that the log writes about a call, on both sides.

use std::sync::Arc;

use interceptors::{
    auth::{Bearer, authenticate},
    call_log::{CallLog, Logged},
};
use order_management::{orders::Orders, server::OrderService};
use proto::ecommerce::{
    Order, order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use testing::in_memory;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tonic::{
    service::{Routes, interceptor::InterceptedService},
    transport::Channel,
};
use tower::Layer;

/// The logs of both sides.
pub(crate) struct Logs {
    server: UnboundedReceiver<String>,
    client: UnboundedReceiver<String>,
}

/// A log, and its lines without the name of the call and without times.
///
/// Both sides use this log, so the messages of a request are `received` on the client's side too.
pub(crate) fn log() -> (CallLog, UnboundedReceiver<String>) {
    let (sender, events) = unbounded_channel();
    let log = CallLog::server(move |line| {
        let line = line.to_string();
        let event = line.splitn(3, ' ').nth(2).expect("a line starts with METHOD #NUMBER");
        let event = event.rsplit_once(" after ").map_or(event, |(event, _)| event);
        // The test may be over.
        let _ = sender.send(event.to_owned());
    });
    (log, events)
}

/// A channel to a server with the sample orders. Both have a log.
pub(crate) async fn start() -> (Logged<Channel>, Logs) {
    start_with(OrderManagementServer::new(OrderService::new(Arc::new(Orders::sample())))).await
}

pub(crate) async fn start_with(
    service: OrderManagementServer<OrderService>,
) -> (Logged<Channel>, Logs) {
    let (server_log, server) = log();
    let (client_log, client) = log();
    let service = InterceptedService::new(service, authenticate);
    let channel = in_memory(server_log.layer(Routes::new(service))).await;
    (client_log.layer(channel), Logs { server, client })
}

pub(crate) type Client = OrderManagementClient<InterceptedService<Logged<Channel>, Bearer>>;

pub(crate) async fn client() -> (Client, Logs) {
    let (channel, logs) = start().await;
    (OrderManagementClient::with_interceptor(channel, Bearer::default()), logs)
}

/// The events of one call, after `begins`. The last one is its end, and there is only one end.
pub(crate) async fn call(events: &mut UnboundedReceiver<String>) -> Vec<String> {
    let begins = events.recv().await.expect("the call begins");
    assert!(begins.starts_with("begins: /"), "{begins}");
    let mut call = Vec::new();
    loop {
        let event = events.recv().await.expect("the call ends");
        let end = ["ends ", "fails: ", "is cancelled"].iter().any(|end| event.starts_with(end));
        call.push(event);
        if end {
            assert!(events.try_recv().is_err(), "there is one end");
            return call;
        }
    }
}

impl Logs {
    pub(crate) async fn both(&mut self) -> [Vec<String>; 2] {
        [call(&mut self.server).await, call(&mut self.client).await]
    }
}

pub(crate) fn request(number: u64, size: usize) -> String {
    format!("received message {number} ({size} bytes)")
}

pub(crate) fn response(number: u64, size: usize) -> String {
    format!("sent message {number} ({size} bytes)")
}

pub(crate) fn ended(code: &str) -> String {
    format!("ends with {code}")
}

pub(crate) fn order(id: &str) -> Order {
    testing::order(id, &["a lamp"], "Seoul")
}

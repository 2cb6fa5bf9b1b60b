//! Chapter 5: what a channel is made of. Multiplexing, resolvers, load balancing, compression, keepalive.

use std::{net::SocketAddr, time::Duration};

use channel::{Names, Resolver, RoundRobin, WaitForReady};
use proto::{
    echo::{EchoRequest, echo_client::EchoClient, echo_server},
    ecommerce::{
        order_management_client::OrderManagementClient,
        order_management_server::{OrderManagement, OrderManagementServer},
    },
};
use retries::retries::{Retries, RetryPolicy};
use tokio::sync::Notify;
use tonic::{
    Request,
    codec::CompressionEncoding,
    transport::{self, Endpoint, Server},
};

pub(crate) const TEXT: &str = include_str!("ch5_channel.rs");

fn many_services(orders: impl OrderManagement, echo: impl echo_server::Echo) {
    let router = Server::builder()
        .add_service(OrderManagementServer::new(orders))
        .add_service(echo_server::EchoServer::new(echo));
    drop(router);
}

fn many_stubs(channel: transport::Channel) {
    let orders = OrderManagementClient::new(channel.clone());
    let echo = EchoClient::new(channel);
    drop((orders, echo));
}

struct Fixed(Option<Vec<SocketAddr>>);

#[tonic::async_trait]
impl Resolver for Fixed {
    async fn resolve(&mut self, again: &Notify) -> Result<Vec<SocketAddr>, launcher::Error> {
        if let Some(addresses) = self.0.take() {
            return Ok(addresses);
        }
        again.notified().await;
        Err("no more is known".into())
    }
}

fn balanced(endpoints: Vec<Endpoint>) -> Result<(), launcher::Error> {
    let name = "lb.example.grpc.io".to_owned();
    let names = Names::from([(name, vec!["localhost:50051".into(), "localhost:50052".into()])]);
    drop(channel::Channel::to("example:///lb.example.grpc.io", &names)?.build());
    drop(channel::Channel::over(Fixed(None)).build());
    let channel = channel::Channel::to("dns:///shop:50051", &names)?
        .policy(RoundRobin::default())
        .build();
    drop(EchoClient::new(
        Retries::new(channel)
            .unary("/grpc.examples.echo.Echo/UnaryEcho", RetryPolicy::default()),
    ));
    drop(transport::Channel::balance_list(endpoints.into_iter()));
    let mut request = Request::new(EchoRequest { message: "hello".into() });
    request.extensions_mut().insert(WaitForReady);
    Ok(())
}

fn limited(orders: impl OrderManagement) {
    drop(OrderManagementServer::new(orders).max_decoding_message_size(1024 * 1024));
    drop(Server::builder().max_concurrent_streams(200));
}

fn compressed(channel: transport::Channel, orders: impl OrderManagement) {
    let client = OrderManagementClient::new(channel)
        .send_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Gzip);
    let server = OrderManagementServer::new(orders)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip);
    drop((client, server));
}

fn keepalive(endpoint: Endpoint) {
    let server = Server::builder()
        .http2_keepalive_interval(Some(Duration::from_secs(60)))
        .http2_keepalive_timeout(Some(Duration::from_secs(20)))
        .max_connection_age(Duration::from_secs(30 * 60))
        .max_connection_age_grace(Duration::from_secs(10));
    let endpoint = endpoint
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(1))
        .keep_alive_while_idle(true);
    drop((server, endpoint));
}

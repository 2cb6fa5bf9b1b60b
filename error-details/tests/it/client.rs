//! The client as a process, against servers that behave differently from ours.

use std::convert::Infallible;

use http::HeaderValue;
use proto::ecommerce::{
    CombinedShipment, Order,
    order_management_server::{OrderManagement, OrderManagementServer},
};
use testing::{Ended, Process, start};
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status, Streaming,
    body::Body,
    transport::{Server, server::TcpIncoming},
};
use tower::service_fn;

async fn client(addr: &str) -> Ended {
    let program = env!("CARGO_BIN_EXE_error-details");
    Process::start(program, &["client", "--addr", addr]).end().await
}

/// A server that accepts every order and finds every id.
struct Generous;

#[tonic::async_trait]
impl OrderManagement for Generous {
    async fn add_order(&self, _: Request<Order>) -> Result<Response<String>, Status> {
        Ok(Response::new("added".into()))
    }

    async fn get_order(&self, _: Request<String>) -> Result<Response<Order>, Status> {
        Ok(Response::new(Order::default()))
    }

    type searchOrdersStream = tokio_stream::Empty<Result<Order, Status>>;

    async fn search_orders(
        &self,
        _: Request<String>,
    ) -> Result<Response<Self::searchOrdersStream>, Status> {
        Ok(Response::new(tokio_stream::empty()))
    }

    async fn update_orders(
        &self,
        _: Request<Streaming<Order>>,
    ) -> Result<Response<String>, Status> {
        Ok(Response::new(String::new()))
    }

    type processOrdersStream = tokio_stream::Empty<Result<CombinedShipment, Status>>;

    async fn process_orders(
        &self,
        _: Request<Streaming<String>>,
    ) -> Result<Response<Self::processOrdersStream>, Status> {
        Ok(Response::new(tokio_stream::empty()))
    }
}

#[tokio::test]
async fn the_client_continues_when_a_server_accepts_calls_that_ours_refuses() {
    let addr = start(|listener, _| {
        Server::builder()
            .add_service(OrderManagementServer::new(Generous))
            .serve_with_incoming(TcpIncoming::from(listener))
    })
    .await;
    let ended = client(&addr).await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(ended.stdout.matches("-> accepted; our server refuses this").count(), 4);
}

#[tokio::test]
async fn a_status_without_details_is_printed_without_a_reason() {
    let addr = start(|listener, _| {
        let orders = order_management::orders::Orders::sample();
        let service = order_management::server::OrderService::new(orders.into());
        Server::builder()
            .add_service(OrderManagementServer::new(service))
            .serve_with_incoming(TcpIncoming::from(listener))
    })
    .await;
    let ended = client(&addr).await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let line = ended.stdout.lines().find(|line| line.contains("getOrder(999)"));
    let expected = "client | getOrder(999) -> NOT_FOUND: order \"999\" does not exist";
    assert_eq!(line, Some(expected));
}

/// tonic 0.14.9 panics over such details. When it no longer does, this test fails.
#[tokio::test]
async fn the_client_ends_with_one_line_when_tonic_panics() {
    let addr = start(|listener, _| {
        let service = service_fn(async |_: http::Request<Body>| {
            let mut response = http::Response::new(Body::empty());
            for (name, value) in [
                ("content-type", "application/grpc"),
                ("grpc-status", "5"),
                ("grpc-status-details-bin", "!!!"),
            ] {
                response.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            Ok::<_, Infallible>(response)
        });
        Server::builder().serve_with_incoming(service, TcpIncoming::from(listener))
    })
    .await;
    let ended = client(&addr).await;
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("Invalid status header"), "{}", ended.stderr);
}

#[tokio::test]
async fn the_client_fails_when_the_connection_is_lost() {
    let addr = start(|listener, _| lose_each_call(listener)).await;
    let ended = client(&addr).await;
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("UNKNOWN: transport error"), "{}", ended.stderr);
}

/// A server that reads a call and closes the connection, as when it is killed.
pub(crate) async fn lose_each_call(listener: TcpListener) -> Result<(), std::io::Error> {
    loop {
        let (stream, _) = listener.accept().await?;
        if let Ok(mut connection) = h2::server::handshake(stream).await {
            connection.accept().await;
        }
    }
}

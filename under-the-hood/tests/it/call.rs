//! Steps 2 and 3: the client by hand against servers of tonic's and of the `h2` crate.

use std::{future::pending, sync::Mutex, time::Duration};

use productinfo::server::Products;
use prost::Message;
use proto::ecommerce::{
    Product, ProductId,
    product_info_server::{ProductInfo, ProductInfoServer},
};
use tokio::{
    sync::oneshot::{Sender, channel},
    time::timeout,
};
use tonic::{Request, Response, Status, transport::Server};
use under_the_hood::{call::Connection, message::product, prefix::frame};
use wire::{
    code::{
        DEADLINE_EXCEEDED, INTERNAL, INVALID_ARGUMENT, NOT_FOUND, RESOURCE_EXHAUSTED,
        UNAVAILABLE, UNIMPLEMENTED, UNKNOWN,
    },
    status,
};

use crate::{PATIENCE, connect, listen, unary};

const ADD_PRODUCT: &str = "/ecommerce.ProductInfo/addProduct";
const GET_PRODUCT: &str = "/ecommerce.ProductInfo/getProduct";

/// Starts an ordinary server with this service, and connects to it.
async fn serve(service: impl ProductInfo) -> Connection {
    let (listener, addr) = listen().await;
    tokio::spawn(
        Server::builder()
            .add_service(ProductInfoServer::new(service))
            .serve_with_incoming(launcher::incoming(listener)),
    );
    connect(&addr).await
}

async fn products() -> Connection {
    serve(Products::default()).await
}

fn id(value: &str) -> Vec<u8> {
    ProductId { value: value.into() }.encode_to_vec()
}

async fn add(connection: &Connection, product: &Product) -> Result<String, status::Status> {
    let message = under_the_hood::message::product(product).bytes();
    let answer = unary(connection, ADD_PRODUCT, &message).await?;
    Ok(ProductId::decode(answer).expect("it is a ProductID").value)
}

async fn get(connection: &Connection, value: &str) -> Result<Product, status::Status> {
    let answer = unary(connection, GET_PRODUCT, &id(value)).await?;
    Ok(Product::decode(answer).expect("it is a Product"))
}

#[tokio::test]
async fn a_product_of_any_length_can_be_added_and_read_back() {
    let connection = products().await;
    // 1 MiB is 16 times the default window of a stream, and a frame has at most 16 KiB.
    for length in [0, 16 * 1024, 64 * 1024, 1024 * 1024] {
        let sent = Product {
            name: "Apple Watch S4".into(),
            description: "0123456789abcdef".repeat(length / 16),
            price: 400.0,
            ..Product::default()
        };
        let id = add(&connection, &sent).await.expect("it is valid");
        assert_eq!(get(&connection, &id).await, Ok(Product { id, ..sent }), "{length}");
    }
}

#[tokio::test]
async fn a_stream_of_tiny_messages_does_not_cost_the_connection() {
    let (listener, addr) = listen().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let (_, mut respond) = connection.accept().await.unwrap().unwrap();
        let response = http::Response::builder().header("content-type", "application/grpc");
        let mut body = respond.send_response(response.body(()).unwrap(), false).unwrap();
        // Each message is a DATA frame, and the client cannot read them as fast as they arrive.
        for _ in 0..2_000 {
            body.send_data(frame(b"").unwrap(), false).unwrap();
        }
        body.send_trailers(status::Status::new(0, "").to_trailers()).unwrap();
        connection.accept().await
    });
    let (mut count, connection) = (0, connect(&addr).await);
    let called = connection.call(GET_PRODUCT, b"", PATIENCE, |_| count += 1).await;
    assert_eq!((called, count), (Ok(()), 2_000));
}

#[tokio::test]
async fn an_error_has_its_code_and_its_message_in_any_language() {
    let error = get(&products().await, "없는 상품 100%").await.expect_err("it is not there");
    assert_eq!(error.code, NOT_FOUND);
    assert_eq!(error.message, "product \"없는 상품 100%\" does not exist");
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented() {
    let path = "/ecommerce.ProductInfo/sellProduct";
    let error = unary(&products().await, path, &id("x")).await.expect_err("it is unknown");
    assert_eq!(error.code, UNIMPLEMENTED);
}

#[tokio::test]
async fn a_server_may_refuse_a_request_before_it_has_read_it() {
    // tonic accepts no message of more than 4 MiB, and stops reading it.
    let connection = products().await;
    let long = Product { name: "x".repeat(5 * 1024 * 1024), ..Product::default() };
    let error = add(&connection, &long).await.expect_err("it is too long");
    // OUT_OF_RANGE is tonic's code for it. Other servers send RESOURCE_EXHAUSTED.
    assert_eq!(error.code, 11);
    let nameless = add(&connection, &Product::default()).await;
    let error = nameless.expect_err("the connection still works");
    assert_eq!(error.code, INVALID_ARGUMENT);
}

/// Serves one connection with the `h2` crate, and answers each call with these headers, this body, and
/// these trailers, if there are any. Reads the request only after the headers are sent.
async fn serve_h2(
    response: http::response::Builder,
    body: &'static [u8],
    trailers: Option<http::HeaderMap>,
) -> Connection {
    let (listener, addr) = listen().await;
    let response = response.body(()).expect("it is a response");
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("it connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            let (response, trailers) = (response.clone(), trailers.clone());
            tokio::spawn(async move {
                let mut send = respond.send_response(response, false).expect("it is open");
                let mut request = request.into_body();
                while let Some(data) = request.data().await {
                    let length = data.expect("it comes").len();
                    request.flow_control().release_capacity(length).expect("it has come");
                }
                send.send_data(body.into(), trailers.is_none()).expect("it is open");
                if let Some(trailers) = trailers {
                    send.send_trailers(trailers).expect("it is open");
                }
            });
        }
    });
    connect(&addr).await
}

fn grpc() -> http::response::Builder {
    http::Response::builder().header("content-type", "application/grpc")
}

#[expect(clippy::unnecessary_wraps, reason = "as the server takes it")]
fn ok() -> Option<http::HeaderMap> {
    Some(status::Status::new(0, "").to_trailers())
}

#[tokio::test]
async fn a_server_may_answer_before_it_has_read_the_request() {
    let connection = serve_h2(grpc(), b"\0\0\0\0\x02hi", ok()).await;
    let answer = unary(&connection, ADD_PRODUCT, &vec![0; 1_000_000]).await;
    assert_eq!(answer.expect("all has been read"), "hi");
}

#[tokio::test]
async fn a_malformed_response_becomes_a_status() {
    for (body, trailers, code, message) in [
        (&b""[..], None, UNKNOWN, "no grpc-status"),
        (b"\0\0\0\0\x02h", ok(), INTERNAL, "ends in the middle of a message"),
        (b"\x02\0\0\0\0", ok(), INTERNAL, "flag is 2"),
        (b"\x01\0\0\0\0", ok(), INTERNAL, "is compressed"),
        (b"\0\xff\xff\xff\xff", ok(), RESOURCE_EXHAUSTED, "4294967295 bytes is too long"),
    ] {
        let connection = serve_h2(grpc(), body, trailers).await;
        let call = connection.call(GET_PRODUCT, &id("x"), PATIENCE, drop).await;
        let status = call.expect_err("it is malformed");
        assert_eq!(status.code, code, "{status}");
        assert!(status.message.contains(message), "{status}");
    }
}

#[tokio::test]
async fn a_response_that_is_not_grpc_gets_a_status_from_its_http_status() {
    let connection = serve_h2(http::Response::builder().status(503), b"<html>", None).await;
    let status = unary(&connection, GET_PRODUCT, &id("x")).await.expect_err("it is a proxy");
    assert_eq!(status.code, UNAVAILABLE);
    assert!(status.message.contains("503"), "{status}");
}

#[tokio::test]
async fn a_connection_that_breaks_ends_its_calls_with_unavailable() {
    let (listener, addr) = listen().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("it connects");
        let mut connection = h2::server::handshake::<_>(stream).await.expect("it is HTTP/2");
        let _call = connection.accept().await;
        // The server crashes.
    });
    let status = unary(&connect(&addr).await, GET_PRODUCT, &id("x")).await;
    assert_eq!(status.expect_err("it is gone").code, UNAVAILABLE);
}

/// Never answers, and reports when a call is cancelled.
struct Waiting(Mutex<Option<Sender<()>>>);

#[tonic::async_trait]
impl ProductInfo for Waiting {
    async fn add_product(&self, _: Request<Product>) -> Result<Response<ProductId>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn get_product(
        &self,
        request: Request<ProductId>,
    ) -> Result<Response<Product>, Status> {
        assert!(request.metadata().contains_key("grpc-timeout"), "the server knows it too");
        // Dropped when the call is cancelled, and then the receiver gets an error.
        let _cancelled = self.0.lock().unwrap().take();
        pending().await
    }
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_and_is_cancelled_at_the_server() {
    let (sender, cancelled) = channel();
    let connection = serve(Waiting(Mutex::new(Some(sender)))).await;
    let call = connection.call(GET_PRODUCT, &id("x"), Duration::from_millis(50), drop).await;
    assert_eq!(call.expect_err("nobody answers").code, DEADLINE_EXCEEDED);
    timeout(PATIENCE, cancelled).await.expect("in time").expect_err("it is dropped");
}

#[test]
fn a_frame_is_a_flag_a_length_and_the_message() {
    let message = product(&Product { name: "x".repeat(300), ..Product::default() }).bytes();
    let framed = frame(&message).expect("it is short");
    assert_eq!(framed[..5], [0, 0, 0, 1, 0x2f]);
    assert_eq!(framed[5..], message);
}

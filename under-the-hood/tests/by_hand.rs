//! The server by hand against clients of tonic's, and against bad input.

use std::time::Duration;

use bytes::Bytes;
use futures::channel::oneshot;
use proto::ecommerce::{Product, ProductId, product_info_client::ProductInfoClient};
use testing::call_later;
use tokio::{net::TcpListener, sync::oneshot as stop, task::JoinHandle, time::timeout};
use tonic::{Code, transport::Channel};
use under_the_hood::{
    by_hand::{GET_PRODUCT, Products, sample, serve_products},
    connection::Connection,
    headers,
    status::{DEADLINE_EXCEEDED, INTERNAL, RESOURCE_EXHAUSTED, Status},
};

const PATIENCE: Duration = Duration::from_secs(60);

struct Server {
    addr: String,
    stop: stop::Sender<()>,
    ended: JoinHandle<()>,
}

async fn serve(products: Products) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound").to_string();
    let (stop, stopped) = stop::channel();
    let ended = tokio::spawn(async {
        let shutdown = async { drop(stopped.await) };
        serve_products(listener, shutdown, products).await.expect("it drains");
    });
    Server { addr, stop, ended }
}

async fn channel(server: &Server) -> Channel {
    let endpoint =
        Channel::from_shared(format!("http://{}", server.addr)).expect("it is a URI");
    endpoint.connect().await.expect("it listens")
}

#[tokio::test]
async fn a_generated_client_gets_the_product() {
    let server = serve(sample()).await;
    let mut client = ProductInfoClient::new(channel(&server).await);
    let got = client.get_product(ProductId { value: "watch".into() }).await;
    assert_eq!(Some(&got.expect("it is there").into_inner()), sample().get("watch"));
}

#[tokio::test]
async fn an_error_comes_with_its_code_and_its_message_whatever_the_language() {
    let server = serve(sample()).await;
    let mut client = ProductInfoClient::new(channel(&server).await);
    let error = client.get_product(ProductId { value: "없는 상품 100%\n".into() }).await;
    let error = error.expect_err("it is not there");
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(error.message(), "product \"없는 상품 100%\n\" does not exist");
}

#[tokio::test]
async fn another_method_is_unimplemented() {
    let server = serve(sample()).await;
    let mut client = ProductInfoClient::new(channel(&server).await);
    let error = client.add_product(Product::default()).await.expect_err("there is none");
    assert_eq!(error.code(), Code::Unimplemented);
}

#[tokio::test]
async fn a_long_message_is_sent_as_fast_as_the_client_reads() {
    let long =
        Product { description: "0123456789abcdef".repeat(1 << 16), ..Product::default() };
    let server = serve(Products::from([("long".into(), long.clone())])).await;
    // As little as HTTP/2 has by itself, for the stream and the connection.
    let endpoint =
        Channel::from_shared(format!("http://{}", server.addr)).expect("it is a URI");
    let endpoint =
        endpoint.initial_stream_window_size(65_535).initial_connection_window_size(65_535);
    let mut client = ProductInfoClient::new(endpoint.connect().await.expect("it listens"));
    let got = client.get_product(ProductId { value: "long".into() }).await;
    assert_eq!(got.expect("it is there").into_inner(), long);
}

/// Connects with the `h2` crate, with windows of this size.
async fn connect(server: &Server, window: u32) -> h2::client::SendRequest<Bytes> {
    let stream = tokio::net::TcpStream::connect(&server.addr).await.expect("it listens");
    let mut settings = h2::client::Builder::new();
    settings.initial_window_size(window);
    let (requests, connection) = settings.handshake(stream).await.expect("it speaks HTTP/2");
    tokio::spawn(connection);
    requests.ready().await.expect("it is open")
}

#[tokio::test]
async fn a_request_that_does_not_come_ends_at_its_deadline() {
    let server = serve(sample()).await;
    let mut requests = connect(&server, 65_535).await;
    let request = headers::request("x", GET_PRODUCT, Duration::from_millis(50));
    let (response, _half_open) =
        requests.send_request(request.expect("it is a request"), false).expect("it is open");
    let response = timeout(PATIENCE, response).await.expect("it ends").expect("it is answered");
    assert_eq!(Status::read(response.headers()).code, DEADLINE_EXCEEDED);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_given_up_at_the_deadline() {
    let server = serve(sample()).await;
    let mut requests = connect(&server, 0).await;
    let request = headers::request("x", GET_PRODUCT, Duration::from_millis(50));
    let (response, mut body) =
        requests.send_request(request.expect("it is a request"), false).expect("it is open");
    let message = Bytes::from_static(b"\0\0\0\0\x07\x0a\x05watch");
    body.send_data(message, true).expect("it is open");
    let response = timeout(PATIENCE, response).await.expect("in time").expect("headers");
    let data = timeout(PATIENCE, response.into_body().data()).await.expect("it ends");
    let error = data.expect("it does not end well").expect_err("it is reset");
    assert!(error.is_reset(), "{error:?}");
}

#[tokio::test]
async fn a_call_in_flight_is_answered_when_the_server_stops() {
    let server = serve(sample()).await;
    let channel = channel(&server).await;
    let (send, message) = oneshot::channel();
    let call =
        tokio::spawn(call_later::<ProductId, Product>(channel.clone(), GET_PRODUCT, message));
    // Another call on the same connection shows that the first has arrived.
    let mut client = ProductInfoClient::new(channel);
    client.get_product(ProductId { value: "watch".into() }).await.expect("it is there");
    server.stop.send(()).expect("it serves");
    send.send(ProductId { value: "watch".into() }).expect("the call waits");
    call.await.expect("no panic").expect("it is answered");
    drop(client);
    timeout(PATIENCE, server.ended).await.expect("it ends").expect("no panic");
}

/// Calls with a body as it is, and returns how the call ended.
async fn raw(server: &Server, path: &str, body: &'static [u8]) -> Status {
    let stream = tokio::net::TcpStream::connect(&server.addr).await.expect("it listens");
    let (requests, connection) = h2::client::handshake(stream).await.expect("it speaks HTTP/2");
    tokio::spawn(connection);
    let request = headers::request("x", path, PATIENCE).expect("it is a request");
    let mut requests = requests.ready().await.expect("it is open");
    let (response, mut stream) = requests.send_request(request, false).expect("it is open");
    stream.send_data(Bytes::from_static(body), true).expect("it is open");
    let response = response.await.expect("it answers");
    assert_eq!(response.headers().get("content-type").expect("it has one"), "application/grpc");
    Status::read(response.headers())
}

#[tokio::test]
async fn bad_input_is_answered_with_a_status() {
    let server = serve(sample()).await;
    for (body, code, message) in [
        (&b""[..], INTERNAL, "no message"),
        (b"\0\0\0", INTERNAL, "ends in the midst"),
        (b"\0\0\0\0\x05\x0a", INTERNAL, "ends in the midst"),
        (b"\x02\0\0\0\0", INTERNAL, "flag is 2"),
        (b"\x01\0\0\0\0", INTERNAL, "does not say how"),
        (b"\0\0\0\0\0\0\0\0\0\0", INTERNAL, "more than one"),
        (b"\0\xff\xff\xff\xff", RESOURCE_EXHAUSTED, "4294967295 bytes is too long"),
        (b"\0\0\0\0\x02\x0a\x05", INTERNAL, "at byte 1: a length that leads past the end"),
        (b"\0\0\0\0\x03\x0a\x01\xff", INTERNAL, "UTF-8"),
    ] {
        let status = raw(&server, GET_PRODUCT, body).await;
        assert_eq!(status.code, code, "{status:?}");
        assert!(status.message.contains(message), "{status:?}");
    }
}

#[tokio::test]
async fn what_is_not_grpc_gets_an_http_status() {
    let server = serve(sample()).await;
    let stream = tokio::net::TcpStream::connect(&server.addr).await.expect("it listens");
    let (requests, connection) = h2::client::handshake(stream).await.expect("it speaks HTTP/2");
    tokio::spawn(connection);
    for request in [
        http::Request::get("http://x/").body(()),
        http::Request::post("http://x/").header("content-type", "text/html").body(()),
        http::Request::post("http://x/").header("content-type", "application/grpcish").body(()),
    ] {
        let mut requests = requests.clone().ready().await.expect("it is open");
        let request = request.expect("it is a request");
        let (response, _) = requests.send_request(request, true).expect("it is open");
        assert_eq!(response.await.expect("it answers").status(), 415);
    }
}

#[tokio::test]
async fn the_client_by_hand_gets_its_answer_from_the_server_by_hand() {
    let server = serve(sample()).await;
    let connection = Connection::open(&server.addr, None).await.expect("it listens");
    let call = connection.call(GET_PRODUCT, b"\x0a\x05watch", PATIENCE).await.expect("headers");
    call.only_message().await.expect("it is there");
}

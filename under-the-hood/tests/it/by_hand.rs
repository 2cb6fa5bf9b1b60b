//! Step 4: the server by hand against clients of tonic's, and against bad input.

use std::{
    future::pending,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::channel::oneshot;
use http::Request;
use proto::ecommerce::{Product, ProductId, product_info_client::ProductInfoClient};
use testing::call_later;
use tokio::{
    io::AsyncReadExt, net::TcpStream, sync::oneshot as stop, task::JoinHandle, time::timeout,
};
use tonic::{Code, transport::Channel};
use under_the_hood::by_hand;
use wire::{
    code::{DEADLINE_EXCEEDED, INTERNAL, NOT_FOUND, RESOURCE_EXHAUSTED, UNIMPLEMENTED},
    status::Status,
};

use crate::{PATIENCE, connect, listen, unary};

const GET_PRODUCT: &str = "/ecommerce.ProductInfo/getProduct";

struct Server {
    addr: String,
    stop: stop::Sender<()>,
    ended: JoinHandle<()>,
}

async fn serve() -> Server {
    let (listener, addr) = listen().await;
    let (stop, stopped) = stop::channel();
    let ended = tokio::spawn(async {
        // Dropping the sender does not stop the server.
        let shutdown = async {
            if stopped.await.is_err() {
                pending::<()>().await;
            }
        };
        by_hand::serve(listener, shutdown).await.expect("it drains");
    });
    Server { addr, stop, ended }
}

async fn channel(server: &Server) -> Channel {
    let endpoint = launcher::endpoint(&server.addr).expect("it is an address");
    endpoint.connect().await.expect("it listens")
}

fn id(value: &str) -> ProductId {
    ProductId { value: value.into() }
}

#[tokio::test]
async fn a_generated_client_gets_the_product() {
    let mut client = ProductInfoClient::new(channel(&serve().await).await);
    let got = client.get_product(id("watch")).await.expect("it is there").into_inner();
    assert_eq!((got.id.as_str(), got.name.as_str()), ("watch", "Apple Watch S4"));
    assert_eq!(got.price.to_bits(), 400.0_f32.to_bits());
}

#[tokio::test]
async fn the_client_by_hand_gets_the_product() {
    let connection = connect(&serve().await.addr).await;
    unary(&connection, GET_PRODUCT, b"\x0a\x05watch").await.expect("it is there");
}

#[tokio::test]
async fn an_error_has_its_code_and_its_message_in_any_language() {
    let mut client = ProductInfoClient::new(channel(&serve().await).await);
    let error = client.get_product(id("없는 상품 100%\n")).await.expect_err("it is unknown");
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(error.message(), "product \"없는 상품 100%\n\" does not exist");
}

#[tokio::test]
async fn another_method_is_unimplemented() {
    let mut client = ProductInfoClient::new(channel(&serve().await).await);
    let error = client.add_product(Product::default()).await.expect_err("there is none");
    assert_eq!(error.code(), Code::Unimplemented);
}

/// Connects with the `h2` crate.
async fn requests(server: &Server) -> h2::client::SendRequest<Bytes> {
    let stream = TcpStream::connect(&server.addr).await.expect("it listens");
    let (requests, connection) = h2::client::handshake(stream).await.expect("it is HTTP/2");
    tokio::spawn(connection);
    requests.ready().await.expect("it is open")
}

fn request(path: &str, timeout: &str) -> Request<()> {
    Request::post(format!("http://x{path}"))
        .header("content-type", "application/grpc")
        .header("grpc-timeout", timeout)
        .body(())
        .expect("it is a request")
}

#[tokio::test]
async fn a_compressed_request_is_unimplemented_and_learns_which_encoding_is_accepted() {
    let mut requests = requests(&serve().await).await;
    let mut request = request(GET_PRODUCT, "50S");
    request.headers_mut().insert("grpc-encoding", "gzip".parse().expect("it is a value"));
    let (response, _half_open) = requests.send_request(request, false).expect("it is open");
    let response = response.await.expect("it is answered");
    assert_eq!(Status::from_trailers(response.headers()).code, UNIMPLEMENTED);
    assert_eq!(response.headers()["grpc-accept-encoding"], "identity");
}

#[tokio::test]
async fn a_request_without_its_message_ends_at_its_deadline() {
    let server = serve().await;
    let mut requests = requests(&server).await;
    let request = request(GET_PRODUCT, "50m");
    let (response, _half_open) = requests.send_request(request, false).expect("it is open");
    let response = timeout(PATIENCE, response).await.expect("it ends").expect("it is answered");
    assert_eq!(Status::from_trailers(response.headers()).code, DEADLINE_EXCEEDED);
}

#[tokio::test]
async fn a_call_in_flight_is_answered_when_the_server_stops() {
    let server = serve().await;
    let channel = channel(&server).await;
    let (send, message) = oneshot::channel();
    let call =
        tokio::spawn(call_later::<ProductId, Product>(channel.clone(), GET_PRODUCT, message));
    // Another call on the same connection shows that the first has arrived.
    let mut client = ProductInfoClient::new(channel);
    client.get_product(id("watch")).await.expect("it is there");
    server.stop.send(()).expect("it serves");
    send.send(id("watch")).expect("the call waits");
    call.await.expect("no panic").expect("it is answered");
    timeout(PATIENCE, server.ended).await.expect("it ends").expect("no panic");
}

#[tokio::test]
async fn idle_and_silent_connections_do_not_delay_the_end() {
    let server = serve().await;
    let mut idle = ProductInfoClient::new(channel(&server).await);
    idle.get_product(id("watch")).await.expect("it is there");
    let mut silent = TcpStream::connect(&server.addr).await.expect("it listens");
    let start = Instant::now();
    server.stop.send(()).expect("it serves");
    timeout(PATIENCE, server.ended).await.expect("it ends").expect("no panic");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(matches!(silent.read(&mut [0]).await, Ok(0) | Err(_)), "it is closed");
}

#[tokio::test]
async fn many_small_pieces_and_slow_readers_do_not_cost_the_connection() {
    let server = serve().await;
    let mut requests = requests(&server).await;
    // As many calls as the server allows. Each sends its message byte by byte, as fast as it can.
    let mut calls = Vec::new();
    for _ in 0..launcher::STREAMS {
        requests = requests.ready().await.expect("it is open");
        let request = request(GET_PRODUCT, "50S");
        let (response, mut body) = requests.send_request(request, false).expect("it is open");
        let message = [&b"\0\0\0\x04\0\x0a\xfd\x07"[..], &[b'x'; 1_021]].concat();
        for byte in message {
            body.send_data(vec![byte].into(), false).expect("it is open");
        }
        body.send_data(Bytes::new(), true).expect("it is open");
        calls.push(response);
    }
    // There is no such id, so each call is answered with NOT_FOUND. None is lost.
    for call in calls {
        let response = timeout(PATIENCE, call).await.expect("in time").expect("no GOAWAY");
        assert_eq!(Status::from_trailers(response.headers()).code, NOT_FOUND);
    }
}

#[tokio::test]
async fn bad_input_is_answered_with_a_status() {
    let server = serve().await;
    for (body, code, message) in [
        (&b""[..], INTERNAL, "exactly one message"),
        (b"\0\0\0", INTERNAL, "ends in the middle"),
        (b"\0\0\0\0\x05\x0a", INTERNAL, "ends in the middle"),
        (b"\x02\0\0\0\0", INTERNAL, "flag is 2"),
        (b"\x01\0\0\0\0", INTERNAL, "does not say how"),
        (b"\0\0\0\0\0\0\0\0\0\0", INTERNAL, "exactly one message"),
        (b"\0\xff\xff\xff\xff", RESOURCE_EXHAUSTED, "4294967295 bytes is too long"),
        (b"\0\0\0\0\x02\x0a\x05", INTERNAL, "at byte 1: a length exceeds"),
        (b"\0\0\0\0\x03\x0a\x01\xff", INTERNAL, "UTF-8"),
    ] {
        let mut requests = requests(&server).await;
        let request = request(GET_PRODUCT, "50S");
        let (response, mut stream) = requests.send_request(request, false).expect("it is open");
        stream.send_data(Bytes::from_static(body), true).expect("it is open");
        let response = response.await.expect("it answers");
        assert_eq!(response.headers()["content-type"], "application/grpc");
        let status = Status::from_trailers(response.headers());
        assert_eq!(status.code, code, "{status}");
        assert!(status.message.contains(message), "{status}");
    }
}

#[tokio::test]
async fn a_request_that_is_not_grpc_gets_an_http_status() {
    let requests = requests(&serve().await).await;
    for request in [
        Request::get("http://x/").body(()),
        Request::post("http://x/").header("content-type", "text/html").body(()),
        Request::post("http://x/").header("content-type", "application/grpcish").body(()),
    ] {
        let mut requests = requests.clone().ready().await.expect("it is open");
        let request = request.expect("it is a request");
        let (response, _) = requests.send_request(request, true).expect("it is open");
        assert_eq!(response.await.expect("it answers").status(), 415);
    }
}

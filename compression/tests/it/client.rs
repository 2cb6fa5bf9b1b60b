//! The client's headers, and its errors when it calls other servers.

use std::sync::{Arc, Mutex};

use compression::server;
use http::HeaderMap;
use order_management::orders::Orders;
use proto::ecommerce::order_management_client::OrderManagementClient;
use testing::{Ended, Process, in_memory, start};
use tonic::{Code, body::Body, codec::CompressionEncoding, transport::Server};
use tower::util::MapRequestLayer;

const PROGRAM: &str = env!("CARGO_BIN_EXE_compression");

/// Runs the client against our server, and returns the headers of its requests.
async fn requests(args: &[&str]) -> (Ended, Vec<HeaderMap>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let addr = start(async |listener, shutdown| {
        let log = MapRequestLayer::new(move |request: http::Request<Body>| {
            log.lock().unwrap().push(request.headers().clone());
            request
        });
        Server::builder()
            .layer(log)
            .add_service(server::service(Orders::sample()))
            .serve_with_incoming_shutdown(launcher::incoming(listener), shutdown)
            .await
    })
    .await;
    let ended =
        Process::start(PROGRAM, &[&["client", "--addr", &addr], args].concat()).end().await;
    let seen = seen.lock().unwrap().clone();
    (ended, seen)
}

#[tokio::test]
async fn with_encoding_identity_the_client_neither_sends_nor_accepts_gzip() {
    let (ended, requests) = requests(&["--encoding", "identity"]).await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(requests.len(), 10);
    for headers in requests {
        assert_eq!(headers.get("grpc-encoding"), None);
        assert_eq!(headers["grpc-accept-encoding"], "identity");
    }
}

#[tokio::test]
async fn with_encoding_gzip_the_client_compresses_every_request_and_accepts_gzip() {
    let (ended, requests) = requests(&["--encoding", "gzip"]).await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(requests.len(), 10);
    for headers in requests {
        assert_eq!(headers["grpc-encoding"], "gzip");
        assert_eq!(headers["grpc-accept-encoding"], "gzip,identity");
    }
}

#[tokio::test]
async fn a_server_without_gzip_is_reported_with_advice() {
    let addr = start(order_management::server::serve).await;
    let ended = Process::start(PROGRAM, &["client", "--addr", &addr]).end().await;
    assert_eq!(ended.status, Some(1));
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.starts_with("UNIMPLEMENTED: "), "{}", ended.stderr);
    assert!(ended.stderr.contains("use --encoding identity"), "{}", ended.stderr);
    let args = ["client", "--addr", &addr, "--encoding", "identity"];
    let ended = Process::start(PROGRAM, &args).end().await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
}

#[tokio::test]
async fn two_stubs_on_one_channel_can_use_different_encodings() {
    // The channel in memory has one connection, and cannot open a second.
    let channel = in_memory(server::service(Orders::sample())).await;
    let mut plain = OrderManagementClient::new(channel);
    let mut gzip = plain.clone().send_compressed(CompressionEncoding::Gzip);
    for _ in 0..3 {
        plain.get_order("106".to_owned()).await.unwrap();
        gzip.get_order("106".to_owned()).await.unwrap();
    }
}

#[tokio::test]
async fn a_response_in_gzip_fails_if_the_client_did_not_ask_for_it() {
    // A server that ignores `grpc-accept-encoding`.
    let addr = start(async |listener, shutdown| {
        let gzip = MapRequestLayer::new(|mut request: http::Request<Body>| {
            let gzip = http::HeaderValue::from_static("gzip");
            request.headers_mut().insert("grpc-accept-encoding", gzip);
            request
        });
        Server::builder()
            .layer(gzip)
            .add_service(server::service(Orders::sample()))
            .serve_with_incoming_shutdown(launcher::incoming(listener), shutdown)
            .await
    })
    .await;
    let mut client = OrderManagementClient::connect(format!("http://{addr}")).await.unwrap();
    let status = client.get_order("106".to_owned()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented, "{status}");
}

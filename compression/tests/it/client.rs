//! The client's headers, and its errors when it calls other servers.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use compression::{
    client::{Encoding, call, send_orders},
    server,
};
use http::HeaderMap;
use http_body::Frame;
use http_body_util::StreamBody;
use order_management::orders::Orders;
use proto::ecommerce::{
    order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use testing::{Ended, Process, in_memory, start};
use tokio::time::timeout;
use tonic::{Code, Status, body::Body, codec::CompressionEncoding, transport::Server};
use tower::{Layer, util::MapRequestLayer};

use crate::server::Uncompressed;

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
async fn a_call_that_fails_for_another_reason_gets_no_advice_about_gzip() {
    let service = server::service(Orders::sample()).max_decoding_message_size(10);
    let error = send_orders(in_memory(service).await, Encoding::Gzip).await.unwrap_err();
    assert!(!error.to_string().contains("--encoding"), "{error}");
}

#[tokio::test]
async fn a_server_that_returns_another_order_is_reported() {
    let server = in_memory(OrderManagementServer::new(Uncompressed)).await;
    let error = send_orders(server, Encoding::Identity).await.unwrap_err();
    assert_eq!(error.to_string(), "getOrder(\"text\") returned another order");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_sends_its_message_is_reported() {
    let silent = tower::service_fn(|_: http::Request<Body>| async {
        let body = StreamBody::new(tokio_stream::pending::<Result<Frame<Bytes>, Status>>());
        let response = http::Response::builder().header("content-type", "application/grpc");
        Ok::<_, Infallible>(response.body(Body::new(body)).unwrap())
    });
    let calls = timeout(Duration::from_secs(60), call(in_memory(silent).await, None)).await;
    let error = calls.expect("the client does not wait for ever").unwrap_err();
    assert_eq!(error.to_string(), "the calls took more than 30 s; is the server overloaded?");
}

/// The end of a call without a status is no refusal.
#[tokio::test]
async fn a_call_that_the_server_drops_is_an_error() {
    let panics = MapRequestLayer::new(|request: http::Request<Body>| {
        let encoding = request.headers().get("grpc-encoding");
        assert!(encoding.is_none_or(|encoding| encoding != "snappy"), "this call is dropped");
        request
    });
    let service = panics.layer(server::service(Orders::sample()));
    let error = call(in_memory(service).await, None).await.unwrap_err();
    assert!(error.is::<Status>(), "{error}");
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

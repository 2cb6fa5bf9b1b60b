//! 1. A tighter limit.

use std::convert::Infallible;

use bytes::Bytes;
use compression::client::{Encoding, send_orders};
use http_body_util::Full;
use order_management::server::MAX_ORDER;
use proto::ecommerce::Order;
use testing::in_memory;
use tonic::{Code, Status, body::Body};

use crate::raw::gzip;

/// The error of the client when each response is a compressed message of about this size.
async fn error(size: usize) -> launcher::Error {
    let order = Order { description: "x".repeat(size - 10), ..Order::default() };
    let message = Bytes::from(gzip(&order));
    let server = tower::service_fn(move |_: http::Request<Body>| {
        let response = http::Response::builder()
            .header("content-type", "application/grpc")
            .header("grpc-encoding", "gzip")
            .body(Full::new(message.clone()));
        async { Ok::<_, Infallible>(response.unwrap()) }
    });
    send_orders(in_memory(server).await, Encoding::Gzip).await.expect_err("it is no answer")
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_the_client_expands_messages_to_at_most_1_mib() {
    let refused = |error: &launcher::Error| {
        error.downcast_ref::<Status>().is_some_and(|status| {
            status.code() == Code::ResourceExhausted && status.message().contains("1048576")
        })
    };
    let above = error(1024 * 1024 + 100).await;
    assert!(refused(&above), "the client must refuse a response of more than 1048576 bytes");
    let below = error(MAX_ORDER).await;
    assert!(!refused(&below), "the client must accept a response of {MAX_ORDER} bytes");
}

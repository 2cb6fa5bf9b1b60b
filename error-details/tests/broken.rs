//! Details that are not as they should be: a client still gets the code and the message.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use error_details::{client::client, language::Language, order_error::OrderError};
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::StreamBody;
use prost::Message;
use proto::ecommerce::{
    Product, ProductId,
    order_management_client::OrderManagementClient,
    product_info_client::ProductInfoClient,
    product_info_server::{ProductInfo, ProductInfoServer},
};
use testing::in_memory;
use tonic::{Code, Request, Response, Status, body::Body, transport::Channel};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt, pb};
use tower::service_fn;

fn trailers(details: HeaderValue) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("5"));
    trailers.insert("grpc-message", HeaderValue::from_static("gone"));
    trailers.insert("grpc-status-details-bin", details);
    trailers
}

fn base64(details: &[u8]) -> HeaderValue {
    let value = tonic::metadata::BinaryMetadataValue::from_bytes(details);
    HeaderValue::from_bytes(value.as_encoded_bytes()).unwrap()
}

fn any(name: &str, value: Vec<u8>) -> prost_types::Any {
    prost_types::Any { type_url: format!("type.googleapis.com/{name}"), value }
}

/// A server whose answers have these details, in their headers or behind a message.
async fn server(details: HeaderValue, behind_a_message: bool) -> Channel {
    let service = service_fn(move |_: http::Request<Body>| {
        let trailers = trailers(details.clone());
        let mut response = http::Response::new(Body::empty());
        response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        if behind_a_message {
            let message = Frame::data(Bytes::from_static(b"\0\0\0\0\0"));
            let frames = [Ok::<_, Infallible>(message), Ok(Frame::trailers(trailers))];
            *response.body_mut() = Body::new(StreamBody::new(tokio_stream::iter(frames)));
        } else {
            response.headers_mut().extend(trailers);
        }
        async { Ok::<_, Infallible>(response) }
    });
    in_memory(service).await
}

/// What a call to such a server comes to.
async fn call(details: HeaderValue, behind_a_message: bool) -> Status {
    let mut client = client(server(details, behind_a_message).await);
    match client.search_orders("a".to_owned()).await {
        Err(status) => status,
        Ok(mut orders) => {
            orders.get_mut().message().await.unwrap();
            orders.get_mut().message().await.unwrap_err()
        }
    }
}

async fn is_gone_without_details(details: HeaderValue) {
    for behind_a_message in [false, true] {
        let status = call(details.clone(), behind_a_message).await;
        assert_eq!((status.code(), status.message()), (Code::NotFound, "gone"));
        let none = format!("{:?}", ErrorDetails::new());
        assert_eq!(format!("{:?}", status.get_error_details()), none);
    }
}

#[tokio::test]
async fn details_that_are_not_base64_leave_code_and_message() {
    is_gone_without_details(HeaderValue::from_static("!not base64!")).await;
    is_gone_without_details(HeaderValue::from_bytes(b"\xff\xfe").unwrap()).await;
}

/// When this test fails, tonic has been mended, and the guard can go.
#[tokio::test]
#[should_panic(expected = "Invalid status header")]
async fn without_the_guard_tonic_panics() {
    let channel = server(HeaderValue::from_static("!not base64!"), false).await;
    let _ = OrderManagementClient::new(channel).search_orders("a".to_owned()).await;
}

#[tokio::test]
async fn a_delay_that_cannot_be_is_none() {
    for (seconds, nanos) in [(i64::MIN, 0), (-1, 0), (0, -1), (i64::MAX, i32::MIN)] {
        let delay =
            pb::RetryInfo { retry_delay: Some(prost_types::Duration { seconds, nanos }) };
        let status = pb::Status {
            code: 5,
            message: "gone".into(),
            details: vec![any("google.rpc.RetryInfo", delay.encode_to_vec())],
        };
        is_gone_without_details(base64(&status.encode_to_vec())).await;
    }
}

#[tokio::test]
async fn details_that_are_not_protobuf_leave_code_and_message() {
    is_gone_without_details(base64(b"\xff\xff\xff\xff")).await;
}

#[tokio::test]
async fn details_of_a_type_that_nobody_knows_leave_the_others() {
    let link = pb::LocalizedMessage { locale: "en".into(), message: "Gone.".into() };
    let status = pb::Status {
        code: 5,
        message: "gone".into(),
        details: vec![
            any("no.such.Type", vec![1, 2, 3]),
            any("google.rpc.LocalizedMessage", link.encode_to_vec()),
        ],
    };
    let status = call(base64(&status.encode_to_vec()), false).await;
    assert_eq!((status.code(), status.message()), (Code::NotFound, "gone"));
    assert_eq!(status.get_error_details().localized_message().unwrap().message, "Gone.");
}

#[tokio::test]
async fn details_over_the_limit_of_the_headers_end_the_call_and_not_the_connection() {
    // Of 12 KiB base64 makes 16 KiB, which is as much as tonic's client takes of headers.
    let mut answers = vec![trailers(base64(b"")), trailers(base64(&[0; 12 * 1024]))];
    answers[0].insert("grpc-status", HeaderValue::from_static("0"));
    let answers = Arc::new(Mutex::new(answers));
    let service = service_fn(move |_: http::Request<Body>| {
        let mut response = http::Response::new(Body::empty());
        response.headers_mut().extend(answers.lock().unwrap().pop().unwrap());
        async { Ok::<_, Infallible>(response) }
    });
    let mut client = client(in_memory(service).await);
    let status = client.search_orders("a".to_owned()).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    client.search_orders("a".to_owned()).await.expect("the connection is as it was");
}

#[tokio::test]
async fn details_over_the_limit_behind_a_message_are_lost_and_the_code_stays() {
    let status = call(base64(&[0; 12 * 1024]), true).await;
    assert_eq!((status.code(), status.message()), (Code::NotFound, "gone"));
    assert!(status.details().is_empty());
}

/// Fails with more violations than fit into any header.
struct TooManyFaults;

#[tonic::async_trait]
impl ProductInfo for TooManyFaults {
    async fn add_product(&self, _: Request<Product>) -> Result<Response<ProductId>, Status> {
        let faults = vec![FieldViolation::new("name", "must not be blank"); 10_000];
        Err(OrderError::Invalid(faults).status(Language::English))
    }

    async fn get_product(&self, _: Request<ProductId>) -> Result<Response<Product>, Status> {
        Ok(Response::new(Product::default()))
    }
}

#[tokio::test]
async fn details_that_would_not_fit_are_left_out_by_the_server_but_for_the_basic_ones() {
    let mut client =
        ProductInfoClient::new(in_memory(ProductInfoServer::new(TooManyFaults)).await);
    let status = client.add_product(Product::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "ORDER_INVALID");
    assert!(details.localized_message().is_some());
    assert!(details.bad_request().is_none());
    client.get_product(ProductId::default()).await.expect("the connection is as it was");
}

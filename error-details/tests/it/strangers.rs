//! tonic receives messages that a correct gRPC peer does not send. The README's section "What
//! a proxy or a stranger may send" describes it. When one of these tests fails, tonic has changed,
//! and the section has to change too.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use error_details::server::CarefulOrders;
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use order_management::orders::Orders;
use prost::Message;
use proto::ecommerce::{
    order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use testing::{in_memory, start};
use tonic::{
    Code, Status, body::Body, codegen::Service, metadata::BinaryMetadataValue,
    transport::Channel,
};
use tonic_types::{StatusExt, pb};
use tower::service_fn;

use crate::client::lose_each_call;

type Client = OrderManagementClient<Channel>;

/// A client of a server that gives these answers, the last one first.
async fn client_of(answers: impl IntoIterator<Item = http::Response<Body>>) -> Client {
    let answers = Arc::new(Mutex::new(answers.into_iter().collect::<Vec<_>>()));
    let service = service_fn(move |_: http::Request<Body>| {
        let answer = answers.lock().unwrap().pop().expect("there is an answer for each call");
        async { Ok::<_, Infallible>(answer) }
    });
    OrderManagementClient::new(in_memory(service).await)
}

/// The status of a call that gets this answer.
async fn status(answer: http::Response<Body>) -> Status {
    let mut client = client_of([answer]).await;
    client.get_order("1".to_owned()).await.expect_err("the call fails")
}

/// An answer that is only a status: NOT_FOUND, with this trailer.
fn not_found(name: &'static str, value: HeaderValue) -> http::Response<Body> {
    let mut answer = http::Response::new(Body::empty());
    *answer.headers_mut() = trailers(name, value);
    answer
}

fn trailers(name: &'static str, value: HeaderValue) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("content-type", HeaderValue::from_static("application/grpc"));
    trailers.insert("grpc-status", HeaderValue::from_static("5"));
    trailers.insert("grpc-message", HeaderValue::from_static("gone"));
    trailers.insert(name, value);
    trailers
}

fn base64(details: &[u8]) -> HeaderValue {
    let value = BinaryMetadataValue::from_bytes(details);
    HeaderValue::from_bytes(value.as_encoded_bytes()).unwrap()
}

#[tokio::test]
async fn a_message_that_is_not_utf8_costs_the_code_as_well() {
    let status = status(not_found("grpc-message", HeaderValue::from_static("%ff"))).await;
    assert_eq!(status.code(), Code::Unknown);
    assert!(status.message().starts_with("Error deserializing status message header"));
}

#[tokio::test]
async fn an_html_page_is_internal_whatever_its_http_status() {
    for http_status in [404, 502] {
        let mut page = http::Response::new(Body::new(Full::from("<html>Sorry</html>")));
        *page.status_mut() = http_status.try_into().unwrap();
        page.headers_mut().insert("content-type", HeaderValue::from_static("text/html"));
        let status = status(page).await;
        assert_eq!(status.code(), Code::Internal, "{http_status}");
        assert!(status.message().contains("invalid compression flag: 60"), "{status:?}");
    }
}

#[tokio::test]
async fn without_a_body_the_http_status_decides() {
    for (http_status, code) in [(404, Code::Unimplemented), (502, Code::Unavailable)] {
        let mut page = http::Response::new(Body::empty());
        *page.status_mut() = http_status.try_into().unwrap();
        assert_eq!(status(page).await.code(), code, "{http_status}");
    }
}

#[tokio::test]
async fn a_request_with_another_content_type_is_executed() {
    let orders = Arc::new(Orders::default());
    let mut service = OrderManagementServer::new(CarefulOrders::new(Arc::clone(&orders)));
    let order = testing::order("101", &["a lamp"], "San Jose, CA").encode_to_vec();
    let length = u32::try_from(order.len()).unwrap().to_be_bytes();
    let message = [&[0], &length[..], &order].concat();
    let request = http::Request::post("/ecommerce.OrderManagement/addOrder")
        .header("content-type", "text/plain")
        .body(Body::new(Full::from(message)))
        .unwrap();
    let answer = service.call(request).await.unwrap();
    assert_eq!(answer.status(), 200, "not 415");
    assert!(orders.contains("101"));
}

#[tokio::test]
#[should_panic(expected = "Invalid status header")]
async fn details_that_are_not_base64_are_a_panic() {
    status(not_found("grpc-status-details-bin", HeaderValue::from_static("!!!"))).await;
}

#[tokio::test]
async fn a_connection_that_is_lost_during_a_call_is_unknown() {
    let addr = start(|listener, _| lose_each_call(listener)).await;
    let mut client = OrderManagementClient::connect(format!("http://{addr}")).await.unwrap();
    let status = client.get_order("1".to_owned()).await.expect_err("the call fails");
    assert_eq!((status.code(), status.message()), (Code::Unknown, "transport error"));
}

#[tokio::test]
async fn details_that_are_not_protobuf_leave_code_and_message() {
    let status = status(not_found("grpc-status-details-bin", base64(b"\xff\xff\xff"))).await;
    assert_eq!((status.code(), status.message()), (Code::NotFound, "gone"));
    assert!(status.check_error_details().is_err());
    assert!(status.get_error_details().error_info().is_none());
}

#[tokio::test]
async fn details_of_an_unknown_type_leave_the_others() {
    let any = |name: &str, value| prost_types::Any {
        type_url: format!("type.googleapis.com/{name}"),
        value,
    };
    let text = pb::LocalizedMessage { locale: "en".into(), message: "Gone.".into() };
    let details = pb::Status {
        code: 5,
        message: "gone".into(),
        details: vec![
            any("no.such.Type", vec![1, 2, 3]),
            any("google.rpc.LocalizedMessage", text.encode_to_vec()),
        ],
    };
    let details = base64(&details.encode_to_vec());
    let status = status(not_found("grpc-status-details-bin", details)).await;
    assert_eq!(status.get_error_details().localized_message().unwrap().message, "Gone.");
}

/// Base64 makes 16 KiB of this, which is all that tonic's client takes of headers.
const TOO_LARGE: [u8; 12 * 1024] = [0; 12 * 1024];

#[tokio::test]
async fn details_that_are_too_large_end_the_call_and_not_the_connection() {
    let too_large = not_found("grpc-status-details-bin", base64(&TOO_LARGE));
    let good = not_found("grpc-status", HeaderValue::from_static("0"));
    let mut client = client_of([good, too_large]).await;
    let status = client.search_orders("a".to_owned()).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    client.search_orders("a".to_owned()).await.expect("the connection still works");
}

#[tokio::test]
async fn details_that_are_too_large_after_a_message_are_lost_and_the_code_stays() {
    let trailers = trailers("grpc-status-details-bin", base64(&TOO_LARGE));
    let frames = [Frame::data(Bytes::from_static(b"\0\0\0\0\0")), Frame::trailers(trailers)];
    let frames = frames.map(Ok::<_, Infallible>);
    let answer = http::Response::new(Body::new(StreamBody::new(tokio_stream::iter(frames))));
    let mut client = client_of([answer]).await;
    let mut orders = client.search_orders("a".to_owned()).await.unwrap().into_inner();
    orders.message().await.unwrap();
    let status = orders.message().await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "gone"));
    assert!(status.details().is_empty());
}

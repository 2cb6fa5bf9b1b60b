//! The headers of every response: of all methods, and of calls that fail.

use proto::ecommerce::Order;
use tokio_stream::pending;
use tonic::{Code, Status, metadata::MetadataMap};

use crate::raw::{call, client, send, string, values};

#[track_caller]
fn assert_headers(metadata: &MetadataMap) {
    assert_eq!(metadata.get("location").unwrap(), "San Jose");
    let timestamp = metadata.get("timestamp").unwrap().to_str().unwrap();
    let sent = humantime::parse_rfc3339(timestamp).unwrap();
    // Not in the future, and not older than a test can be.
    assert!(sent.elapsed().unwrap().as_secs() < 300, "{timestamp}");
}

#[tokio::test]
async fn a_response_of_each_method_has_them() {
    let mut client = client().await;
    let order = testing::order("101", &["a lamp"], "San Jose, CA");
    assert_headers(client.add_order(order.clone()).await.unwrap().metadata());
    assert_headers(client.get_order("101".to_owned()).await.unwrap().metadata());
    assert_headers(client.search_orders("lamp".to_owned()).await.unwrap().metadata());
    let updates = tokio_stream::once(order);
    assert_headers(client.update_orders(updates).await.unwrap().metadata());
    let ids = tokio_stream::once("101".to_owned());
    assert_headers(client.process_orders(ids).await.unwrap().metadata());
}

#[tokio::test]
async fn the_headers_come_before_the_first_message() {
    // This client never sends an id, so the server never sends a message.
    let response = client().await.process_orders(pending::<String>()).await.unwrap();
    assert_headers(response.metadata());
}

#[tokio::test]
async fn the_status_of_a_failed_call_has_them() {
    let mut client = client().await;
    let statuses: [Status; 4] = [
        client.add_order(Order::default()).await.unwrap_err(),
        client.get_order("999".to_owned()).await.unwrap_err(),
        client.search_orders(" ".to_owned()).await.unwrap_err(),
        client.update_orders(tokio_stream::once(Order::default())).await.unwrap_err(),
    ];
    for status in statuses {
        assert_headers(status.metadata());
    }
}

#[tokio::test]
async fn a_stream_that_fails_later_has_sent_them_first() {
    let ids = tokio_stream::once("999".to_owned());
    let response = client().await.process_orders(ids).await.unwrap();
    assert_headers(response.metadata());
    let status = response.into_inner().message().await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert!(status.metadata().get("location").is_none(), "they were headers, not trailers");
}

#[tokio::test]
async fn a_response_that_tonic_makes_has_them() {
    for (method, message, status) in
        [("noSuchMethod", &string("106")[..], "12"), ("getOrder", b"\xff", "13")]
    {
        let answer = call(method, &[], message).await;
        assert_eq!(values(&answer.headers, "grpc-status"), [status], "{method}");
        assert_headers(&MetadataMap::from_headers(answer.headers));
    }
}

#[tokio::test]
async fn the_response_of_tonic_s_timer_lacks_them() {
    // An order with the id 106 and the item "a". The method waits for another one.
    let order = [&string("106")[..], b"\x12\x01a"].concat();
    let answer = send("updateOrders", &[("grpc-timeout", "50m")], &order, false).await;
    assert_eq!(values(&answer.headers, "grpc-status"), ["1"]);
    assert!(values(&answer.headers, "location").is_empty(), "update the README: {answer:?}");
}

#[tokio::test]
async fn a_response_of_a_failed_call_is_one_block_of_headers() {
    let answer = call("getOrder", &[], &string("999")).await;
    assert_eq!(values(&answer.headers, "grpc-status"), ["5"]);
    assert_eq!(values(&answer.headers, "location"), ["San Jose"]);
    assert!(answer.data.is_empty() && answer.trailers.is_none(), "{answer:?}");
}

#[tokio::test]
async fn a_response_of_a_good_call_has_headers_and_then_trailers() {
    let answer = call("getOrder", &[], &string("106")).await;
    assert_eq!(values(&answer.headers, "location"), ["San Jose"]);
    assert!(values(&answer.headers, "grpc-status").is_empty());
    let trailers = answer.trailers.unwrap();
    assert_eq!(values(&trailers, "grpc-status"), ["0"]);
    assert!(values(&trailers, "location").is_empty());
}

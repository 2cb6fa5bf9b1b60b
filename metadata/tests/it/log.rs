//! The server's log: the id of the call and the names of its metadata, and no values.

use proto::ecommerce::order_management_client::OrderManagementClient;
use testing::Process;
use tonic::{
    Request, Status,
    metadata::{MetadataMap, MetadataValue},
};

/// The line that the server logs for a call with this metadata.
async fn line(fill: impl FnOnce(&mut MetadataMap)) -> String {
    let program = env!("CARGO_BIN_EXE_metadata");
    let mut server = Process::start(program, &["server", "--addr", "127.0.0.1:0"]);
    let target = format!("http://{}", server.addr().await);
    let mut request = Request::new("106".to_owned());
    fill(request.metadata_mut());
    OrderManagementClient::connect(target).await.unwrap().get_order(request).await.unwrap();
    server.line("getOrder").await
}

#[tokio::test]
async fn a_line_has_the_id_the_method_and_the_names() {
    let line = line(|metadata| {
        metadata.insert("x-request-id", "order-106".parse().unwrap());
        metadata.append("k1", "v1".parse().unwrap());
        metadata.append("k1", "v2".parse().unwrap());
    });
    let expected = "server | [order-106] getOrder with x-request-id, k1 (2 values)";
    assert_eq!(line.await, expected);
}

#[tokio::test]
async fn a_line_has_no_values_and_nothing_that_belongs_to_grpc() {
    let line = line(|metadata| {
        metadata.insert("x-request-id", "a".parse().unwrap());
        metadata.insert("authorization", "Bearer secret".parse().unwrap());
        metadata.insert("grpc-timeout", "10S".parse().unwrap());
    });
    assert_eq!(line.await, "server | [a] getOrder with x-request-id, authorization");
}

#[tokio::test]
async fn an_id_cannot_imitate_a_line() {
    let line = line(|metadata| {
        metadata.insert("x-request-id", "1] getOrder with no metadata".parse().unwrap());
    });
    let line = line.await;
    assert!(line.ends_with("] getOrder with x-request-id"), "{line}");
    assert!(!line.contains("[1]"), "{line}");
}

#[test]
fn the_debug_format_prints_all_values_that_are_not_sensitive() {
    let mut request = Request::new(());
    request.metadata_mut().insert("cookie", MetadataValue::from_static("cookie-value"));
    let mut token = MetadataValue::from_static("token-value");
    token.set_sensitive(true);
    request.metadata_mut().insert("authorization", token);
    let text = format!("{request:?}");
    assert!(text.contains("cookie-value") && !text.contains("token-value"), "{text}");
}

#[test]
fn the_debug_format_of_a_status_prints_its_metadata() {
    let mut status = Status::not_found("gone");
    status.metadata_mut().insert("cookie", MetadataValue::from_static("cookie-value"));
    assert!(format!("{status:?}").contains("cookie-value"));
}

//! Values: text and bytes, one and several, and how they travel.

use std::{convert::Infallible, panic::catch_unwind};

use metadata::binary;
use proto::ecommerce::order_management_client::OrderManagementClient;
use testing::in_memory;
use tonic::{
    Code, Request, Status,
    body::Body,
    metadata::{AsciiMetadataValue, BinaryMetadataValue, MetadataMap, MetadataValue},
};

use crate::raw::{call, client, string, values};

/// The values of `context-bin` that come back when these are sent.
async fn returned(sent: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut request = Request::new("106".to_owned());
    for value in sent {
        request.metadata_mut().append_bin("context-bin", MetadataValue::from_bytes(value));
    }
    let response = client().await.get_order(request).await.unwrap();
    binary::values(response.metadata(), "context-bin").unwrap()
}

#[tokio::test]
async fn a_binary_value_with_all_256_bytes_round_trips() {
    let sent = [(0..=255).collect()];
    assert_eq!(returned(&sent).await, sent);
}

#[tokio::test]
async fn each_of_the_256_bytes_round_trips_alone() {
    let sent = (0..=255).map(|byte| vec![byte]).collect::<Vec<_>>();
    assert_eq!(returned(&sent).await, sent);
}

#[tokio::test]
async fn binary_values_of_every_length_keep_their_order() {
    let sent = (0..40).map(|length| vec![0xff; length]).rev().collect::<Vec<_>>();
    assert_eq!(returned(&sent).await, sent);
}

#[tokio::test]
async fn a_response_without_context_bin_has_none() {
    assert!(returned(&[]).await.is_empty());
}

#[tokio::test]
async fn the_status_of_a_failed_call_has_context_bin_too() {
    let mut request = Request::new("999".to_owned());
    request.metadata_mut().insert_bin("context-bin", MetadataValue::from_bytes(b"\0\xff"));
    let status = client().await.get_order(request).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(binary::values(status.metadata(), "context-bin").unwrap(), [b"\0\xff"]);
}

#[tokio::test]
async fn padded_unpadded_and_joined_values_are_understood_and_sent_without_padding() {
    let sent = ["AA==", "AQ", "AgM=, BAU,", "BgcI"].map(|value| ("context-bin", value));
    let answer = call("getOrder", &sent, &string("106")).await;
    let expected = ["AA", "AQ", "AgM", "BAU", "", "BgcI"];
    assert_eq!(values(&answer.headers, "context-bin"), expected);
}

#[tokio::test]
async fn a_binary_value_that_is_not_base64_is_an_invalid_argument() {
    for value in ["!!!", "A", "AA==AA==", "AQ,?"] {
        let answer = call("getOrder", &[("context-bin", value)], &string("106")).await;
        assert_eq!(values(&answer.headers, "grpc-status"), ["3"], "{value}");
        let [message] = values(&answer.headers, "grpc-message")[..] else {
            panic!("{answer:?}")
        };
        assert!(message.starts_with("context-bin%20is%20not%20base64"), "{message}");
    }
}

#[tokio::test]
async fn context_bin_of_12_kib_comes_back_to_a_client_with_the_default_limit() {
    // 9,183 bytes are 12,244 characters, and the name and HTTP/2's 32 bytes are 43 more.
    let sent = [vec![7; 9_183]];
    assert_eq!(returned(&sent).await, sent);
}

#[tokio::test]
async fn more_than_12_kib_of_context_bin_are_an_invalid_argument() {
    let mut request = Request::new("106".to_owned());
    request.metadata_mut().insert_bin("context-bin", MetadataValue::from_bytes(&[7; 9_184]));
    let status = client().await.get_order(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let message = "context-bin has 12291 bytes, but at most 12288 can be returned";
    assert_eq!(status.message(), message);
}

#[tokio::test]
async fn commas_do_not_become_a_flood_of_headers() {
    let commas = ",".repeat(190_000);
    let answer = call("getOrder", &[("context-bin", &commas)], &string("106")).await;
    assert_eq!(values(&answer.headers, "grpc-status"), ["3"]);
    assert!(answer.headers.len() < 10, "{} headers", answer.headers.len());
}

#[test]
fn tonic_does_not_split_values_that_were_joined() {
    let mut headers = http::HeaderMap::new();
    headers.insert("context-bin", http::HeaderValue::from_static("AQ,Ag"));
    let metadata = MetadataMap::from_headers(headers);
    metadata.get_bin("context-bin").unwrap().to_bytes().unwrap_err();
    assert_eq!(binary::values(&metadata, "context-bin").unwrap(), [[1], [2]]);
}

#[test]
fn append_adds_a_value_insert_replaces_all_and_get_returns_the_first() {
    let mut metadata = MetadataMap::new();
    for value in ["v1", "v2"] {
        metadata.append("k1", MetadataValue::from_static(value));
    }
    assert_eq!(metadata.get_all("k1").iter().collect::<Vec<_>>(), ["v1", "v2"]);
    assert_eq!(metadata.get("k1").unwrap(), "v1");
    metadata.insert("k1", MetadataValue::from_static("v3"));
    assert_eq!(metadata.get_all("k1").iter().collect::<Vec<_>>(), ["v3"]);
}

#[test]
fn a_key_is_lower_case_on_the_wire_and_is_found_in_any_case() {
    let mut metadata = MetadataMap::new();
    let key = "MY_MD_1".parse::<tonic::metadata::AsciiMetadataKey>().unwrap();
    assert_eq!(key.as_str(), "my_md_1");
    metadata.insert(key, MetadataValue::from_static("v"));
    assert_eq!(metadata.get("My_Md_1").unwrap(), "v");
}

#[test]
fn a_constant_key_that_is_wrong_is_a_panic() {
    let append = |key| catch_unwind(|| MetadataMap::new().append(key, "v".parse().unwrap()));
    append("k1").unwrap();
    append("K1").unwrap_err();
    append("k1-bin").unwrap_err();
    append("k 1").unwrap_err();
}

#[test]
fn a_text_value_has_no_control_characters_and_should_be_ascii() {
    "from space to tilde: ~".parse::<AsciiMetadataValue>().unwrap();
    for value in ["two\nlines", "\0"] {
        value.parse::<AsciiMetadataValue>().unwrap_err();
    }
    // tonic sends this, although the specification does not allow it, and its receiver cannot read it.
    "서울".parse::<AsciiMetadataValue>().unwrap().to_str().unwrap_err();
}

#[test]
fn a_sensitive_binary_value_alone_is_printed_all_the_same() {
    let mut value = BinaryMetadataValue::from_bytes(b"secret");
    value.set_sensitive(true);
    assert!(format!("{value:?}").contains("secret"));
    let mut metadata = MetadataMap::new();
    metadata.insert_bin("token-bin", value);
    assert_eq!(format!("{metadata:?}").matches("Sensitive").count(), 1);
}

/// The headers of a status as tonic sends it.
fn sent(status: &Status) -> http::HeaderMap {
    let mut headers = http::HeaderMap::new();
    status.add_header(&mut headers).unwrap();
    headers
}

#[test]
fn the_message_of_a_status_is_percent_encoded() {
    let headers = sent(&Status::not_found("서울 100%\n"));
    assert_eq!(values(&headers, "grpc-message"), ["%EC%84%9C%EC%9A%B8%20100%25%0A"]);
    assert_eq!(Status::from_header_map(&headers).unwrap().message(), "서울 100%\n");
}

#[test]
fn metadata_cannot_replace_the_status() {
    let mut status = Status::not_found("gone");
    for name in ["grpc-status", "grpc-message"] {
        status.metadata_mut().insert(name, MetadataValue::from_static("0"));
    }
    let headers = sent(&status);
    assert_eq!(values(&headers, "grpc-status"), ["5"]);
    assert_eq!(values(&headers, "grpc-message"), ["gone"]);
}

#[tokio::test]
async fn tonic_sends_reserved_names_that_it_does_not_use() {
    let echoed = |name: &'static str| async move {
        let mut request = Request::new("106".to_owned());
        request.metadata_mut().insert(name, MetadataValue::from_static("v"));
        let service = tower::service_fn(async |request: http::Request<Body>| {
            let mut response = Status::not_found("").into_http::<Body>();
            let names = request.headers().keys().map(http::HeaderName::as_str);
            let names = names.collect::<Vec<_>>().join(" ").parse().unwrap();
            response.headers_mut().insert("names", names);
            Ok::<_, Infallible>(response)
        });
        let mut client = OrderManagementClient::new(in_memory(service).await);
        let status = client.get_order(request).await.unwrap_err();
        let names = status.metadata().get("names").unwrap().to_str().unwrap();
        names.split(' ').any(|received| received == name)
    };
    assert!(echoed("k1").await);
    assert!(echoed("grpc-custom").await, "tonic does not reserve the prefix");
    assert!(!echoed("grpc-status").await);
    assert!(!echoed("grpc-message").await);
}

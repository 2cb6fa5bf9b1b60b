//! Streams: every message is compressed by itself.

use prost::Message;
use proto::ecommerce::Order;
use tonic::Code;

use crate::raw::{call, channel, expand, gzip, plain};

#[tokio::test]
async fn each_message_of_a_response_stream_is_compressed_by_itself() {
    let channel = channel().await;
    let headers = [("grpc-accept-encoding", "gzip")];
    let answer = call(&channel, "searchOrders", &headers, plain(&"Google".to_owned())).await;
    let found = answer.messages().into_iter().map(|(flag, message)| {
        assert_eq!(flag, 1);
        Order::decode(&expand(&message)[..]).unwrap().id
    });
    assert_eq!(found.collect::<Vec<_>>(), ["102", "104"]);
}

#[tokio::test]
async fn a_request_stream_may_mix_compressed_and_plain_messages() {
    let channel = channel().await;
    let ids = ["103", "102"].map(String::from);
    let body = [gzip(&ids[0]), plain(&ids[1])].concat();
    let headers = [("grpc-encoding", "gzip")];
    let answer = call(&channel, "processOrders", &headers, body).await;
    assert_eq!(answer.status().code(), Code::Ok, "{}", answer.status());
    assert_eq!(answer.messages().len(), 2);
}

//! 3. Metadata that come back.

use metadata::{binary, server::serve};
use proto::ecommerce::order_management_client::OrderManagementClient;
use testing::start;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Request, transport::Channel};

async fn client() -> OrderManagementClient<Channel> {
    let target = format!("http://{}", start(serve).await);
    OrderManagementClient::connect(target).await.expect("the server listens")
}

/// The metadata that come back from a call of `getOrder` with this id.
async fn returned(id: &str, fill: impl FnOnce(&mut MetadataMap)) -> MetadataMap {
    let mut request = Request::new(id.to_owned());
    fill(request.metadata_mut());
    let result = client().await.get_order(request).await;
    result.map_or_else(|s| s.metadata().clone(), |response| response.metadata().clone())
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_keys_that_start_with_echo_come_back() {
    // The second id is unknown, and the call fails.
    for id in ["106", "999"] {
        let metadata = returned(id, |metadata| {
            for value in ["b", "a", "c"] {
                metadata.append("echo-text", value.parse().expect("it is a value"));
                let value = MetadataValue::from_bytes(value.as_bytes());
                metadata.append_bin("echo-bytes-bin", value);
            }
            metadata.insert("other", MetadataValue::from_static("v"));
        })
        .await;
        let text = metadata.get_all("echo-text").iter().collect::<Vec<_>>();
        assert!(text == ["b", "a", "c"], "getOrder({id}) must return echo-text in order");
        let bytes = binary::values(&metadata, "echo-bytes-bin").expect("it is base64");
        let fault = format!("getOrder({id}) must return echo-bytes-bin in order");
        assert!(bytes == [b"b", b"a", b"c"], "{fault}");
        assert!(!metadata.contains_key("other"), "other keys must not come back");
    }
    // As HTTP/2 counts: for each value the name of 6 bytes, the value, and 32.
    let sizes = [(1, 4_058, true), (1, 4_059, false), (2, 2_010, true), (2, 2_011, false)];
    for (values, length, comes_back) in sizes {
        let metadata = returned("106", |metadata| {
            for _ in 0..values {
                metadata.append("echo-x", "x".repeat(length).parse().expect("it is a value"));
            }
        });
        let echoed = metadata.await.contains_key("echo-x");
        let sent = format!("{values} values of {length} bytes were sent");
        assert!(echoed == comes_back, "at most 4 KiB may come back, and {sent}");
    }
    let mut request = Request::new(testing::order("1", &["a lamp"], "Seoul"));
    request.metadata_mut().insert("echo-x", MetadataValue::from_static("v"));
    let response = client().await.add_order(request).await.expect("the order is valid");
    assert!(response.metadata().contains_key("echo-x"), "addOrder must return echo-x, too");
}

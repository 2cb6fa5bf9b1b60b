//! 1. One value in the log.

use proto::ecommerce::order_management_client::OrderManagementClient;
use testing::Process;
use tonic::Request;

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_the_log_has_the_timestamp_of_the_request_and_no_other_value() {
    let program = env!("CARGO_BIN_EXE_metadata");
    let mut server = Process::start(program, &["server", "--addr", "127.0.0.1:0"]);
    let target = format!("http://{}", server.addr().await);
    let mut client = OrderManagementClient::connect(target).await.expect("the server listens");
    for (timestamp, shown) in [
        ("Nov 25 10:00:00.5", "timestamp=\"Nov 25 10:00:00.5\""),
        (&"9".repeat(64), &format!("timestamp=\"{}\"", "9".repeat(64))),
        // Too long, a quote that would end the value early, a tab, and not ASCII.
        (&"9".repeat(65), "timestamp"),
        ("1\" getOrder", "timestamp"),
        ("1\t2", "timestamp"),
        ("서울", "timestamp"),
        ("two", "timestamp (2 values)"),
    ] {
        let mut request = Request::new("106".to_owned());
        let metadata = request.metadata_mut();
        metadata.insert("x-request-id", "a".parse().expect("it is a value"));
        metadata.insert("timestamp", timestamp.parse().expect("it is a value"));
        if timestamp == "two" {
            metadata.append("timestamp", timestamp.parse().expect("it is a value"));
        }
        metadata.insert("cookie", "secret".parse().expect("it is a value"));
        client.get_order(request).await.expect("there is an order 106");
        let expected = format!("server | [a] getOrder with x-request-id, {shown}, cookie");
        let line = server.line("getOrder").await;
        assert!(line == expected, "the log must have the line {expected:?}, and has {line:?}");
    }
}

//! 2. A trailer for shipments.

use metadata::server::serve;
use proto::ecommerce::order_management_client::OrderManagementClient;
use testing::start;
use tonic::{Code, Status};

/// How `processOrders` ends for these ids: its trailers, with the status.
async fn end(ids: &[&str]) -> Status {
    let target = format!("http://{}", start(serve).await);
    let mut client = OrderManagementClient::connect(target).await.expect("the server listens");
    let ids = tokio_stream::iter(ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>());
    let response = client.process_orders(ids).await.expect("the call begins");
    match response.into_inner().trailers().await {
        Ok(trailers) => Status::with_metadata(Code::Ok, "", trailers.unwrap_or_default()),
        Err(status) => status,
    }
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_process_orders_ends_with_the_number_of_shipments() {
    for (ids, code, expected) in [
        (&[][..], Code::Ok, "0"),
        (&["102", "103", "104", "105"], Code::Ok, "3"),
        // The unknown id ends the call with a status, after one shipment.
        (&["103", "no-such-id"], Code::NotFound, "1"),
    ] {
        let status = end(ids).await;
        assert!(status.code() == code, "the code after {ids:?} must stay {code:?}");
        let sent = status.metadata().get("shipments-sent");
        let sent = sent.and_then(|sent| sent.to_str().ok());
        let fault = format!("the trailers after {ids:?} must have shipments-sent: {expected}");
        assert!(sent == Some(expected), "{fault}");
    }
    let message = end(&["no-such-id"]).await.message().to_owned();
    assert!(message.contains("no-such-id"), "the message of a failed call must not change");
}

//! The quota, and a client that waits for as long as the server asks. Time is paused here.

use std::time::Duration;

use error_details::client::obeying;
use tokio::time::Instant;
use tonic::{Code, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::details::{details, order, stub};

#[tokio::test(start_paused = true)]
async fn the_fourth_order_in_a_second_learns_the_quota_and_how_long_to_wait() {
    let mut stub = stub().await;
    for _ in 0..3 {
        stub.add_order(order()).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    let details =
        details(stub.add_order(order()).await, Code::ResourceExhausted, "ORDERS_TOO_FAST");
    let quota = &details.quota_failure().expect("there is a QuotaFailure").violations[0];
    assert_eq!((&*quota.subject, &*quota.description), ("all callers", "3 orders in 1s"));
    let wait = details.retry_info().expect("there is a RetryInfo").retry_delay;
    assert_eq!(wait, Some(Duration::from_millis(600)));
}

#[tokio::test(start_paused = true)]
async fn each_order_counts_for_a_second() {
    let mut stub = stub().await;
    for _ in 0..6 {
        stub.add_order(order()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(334)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_waits_exactly_as_long_as_the_server_asks() {
    let mut stub = stub().await;
    for _ in 0..3 {
        stub.add_order(order()).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let start = Instant::now();
    obeying(async || stub.add_order(order()).await).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(700));
}

/// How many times `obeying` makes a call that always fails with these details.
async fn attempts(details: ErrorDetails) -> usize {
    let mut attempts = 0;
    let result = obeying(async || {
        attempts += 1;
        let (code, details) = (Code::ResourceExhausted, details.clone());
        Err::<Response<()>, _>(Status::with_error_details(code, "later", details))
    });
    assert_eq!(result.await.unwrap_err().code(), Code::ResourceExhausted);
    attempts
}

#[tokio::test(start_paused = true)]
async fn a_client_gives_up_after_three_attempts() {
    assert_eq!(attempts(ErrorDetails::with_retry_info(Some(Duration::from_secs(5)))).await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_client_does_not_repeat_a_call_without_a_delay_or_with_a_long_one() {
    for details in [
        ErrorDetails::new(),
        ErrorDetails::with_retry_info(None),
        ErrorDetails::with_retry_info(Some(Duration::from_secs(3_600))),
    ] {
        assert_eq!(attempts(details).await, 1);
    }
}

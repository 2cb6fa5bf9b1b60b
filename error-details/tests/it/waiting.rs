//! A quota, and a client that waits as long as it is told to. Time is paused in these tests.

use std::time::Duration;

use error_details::{client::client, quota::Quota, retry::obeying};
use tokio::time::Instant;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::{channel, details, order, stub};

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_too_fast_is_told_its_quota_and_how_long_to_wait() {
    let mut stub = stub().await;
    for _ in 0..3 {
        stub.add_order(order()).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    let details =
        details(stub.add_order(order()).await, Code::ResourceExhausted, "ORDERS_TOO_FAST");
    let quota = &details.quota_failure().expect("there is a QuotaFailure").violations[0];
    assert_eq!((&*quota.subject, &*quota.description), ("caller:anonymous", "3 orders in 1s"));
    let wait = details.retry_info().expect("there is a RetryInfo").retry_delay;
    assert_eq!(wait, Some(Duration::from_millis(600)));
}

#[tokio::test(start_paused = true)]
async fn one_callers_quota_is_not_anothers() {
    let mut stub = stub().await;
    for number in 0..12 {
        let mut request = Request::new(order());
        let name = ["ali", "baba", "cassim", "morgiana"][number % 4];
        request.metadata_mut().insert("caller", name.parse().unwrap());
        stub.add_order(request).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_waits_as_long_as_it_was_told_and_no_longer() {
    let mut stub = client(channel().await);
    for _ in 0..3 {
        stub.add_order(order()).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let start = Instant::now();
    obeying(async || stub.add_order(order()).await).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(700));
}

#[tokio::test(start_paused = true)]
async fn a_client_tries_three_times_and_no_more() {
    let mut tries = 0;
    let again = ErrorDetails::with_retry_info(Some(Duration::from_secs(5)));
    let result = obeying(async || {
        tries += 1;
        let message = "come back later";
        Err::<Response<()>, _>(Status::with_error_details(
            Code::ResourceExhausted,
            message,
            again.clone(),
        ))
    });
    assert_eq!(result.await.unwrap_err().code(), Code::ResourceExhausted);
    assert_eq!(tries, 3);
}

#[tokio::test(start_paused = true)]
async fn a_client_does_not_wait_without_being_told_or_for_too_long() {
    for details in [
        ErrorDetails::new(),
        ErrorDetails::with_retry_info(None),
        ErrorDetails::with_retry_info(Some(Duration::from_secs(3_600))),
    ] {
        let mut tries = 0;
        let result = obeying(async || {
            tries += 1;
            Err::<Response<()>, _>(Status::with_error_details(
                Code::ResourceExhausted,
                "later",
                details.clone(),
            ))
        });
        assert_eq!(result.await.unwrap_err().code(), Code::ResourceExhausted);
        assert_eq!(tries, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn callers_beyond_the_last_that_can_be_told_apart_share_a_quota() {
    let quota = Quota::default();
    for number in 0..10_000 {
        quota.take(&number.to_string()).unwrap();
    }
    for stranger in ["ali", "baba", "cassim"] {
        quota.take(stranger).unwrap();
    }
    quota.take("morgiana").unwrap_err();
    quota.take("0").unwrap();
    // And those whose time is over make room for others.
    tokio::time::sleep(Duration::from_secs(1)).await;
    quota.take("morgiana").unwrap();
}

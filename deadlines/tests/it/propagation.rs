//! The second hop gets the time that is left, and no work that cannot finish in time is started.

use std::time::Duration;

use deadlines::{inventory::Stock, layers::MAX, server::CHECK};
use proto::workshop::{ReserveRequest, inventory_server::Inventory};
use tokio::time::Instant;
use tonic::{Code, Request};

use crate::helper::{Mock, SECOND, client, front, order};

#[tokio::test(start_paused = true)]
async fn the_second_hop_gets_the_rest_of_the_time_and_the_front_s_work_counts() {
    let inventory = Mock::new(SECOND);
    let mut client = client(inventory.clone(), Duration::ZERO).await;
    client.add_order(order("1", 2 * SECOND)).await.expect("there is enough time");
    let timeout = inventory.timeouts.lock().unwrap()[0];
    assert!(timeout <= 2 * SECOND - CHECK, "more than is left: {timeout:?}");
    // Not much less, either.
    assert!(timeout > 2 * SECOND - CHECK - Duration::from_millis(30), "{timeout:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_deadline_has_one_at_the_second_hop() {
    let inventory = Mock::new(SECOND);
    let channel = front(inventory.clone(), Duration::ZERO).await;
    let mut client =
        proto::ecommerce::order_management_client::OrderManagementClient::new(channel);
    client.add_order(testing::order("1", &["iPhone XS"], "")).await.expect("it takes 1 s");
    let timeout = inventory.timeouts.lock().unwrap()[0];
    assert!(timeout <= MAX - CHECK, "{timeout:?}");
}

#[tokio::test(start_paused = true)]
async fn the_front_does_not_start_work_that_cannot_finish() {
    let inventory = Mock::new(SECOND);
    let mut client = client(inventory.clone(), SECOND).await;
    let start = Instant::now();
    let too_short = SECOND + CHECK - Duration::from_millis(1);
    let status = client.add_order(order("1", too_short)).await.expect_err("too short");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!(start.elapsed() < Duration::from_millis(5), "it waited for {:?}", start.elapsed());
    assert_eq!(inventory.timeouts.lock().unwrap().len(), 0, "the inventory was called");

    let enough = SECOND + CHECK + Duration::from_millis(50);
    client.add_order(order("1", enough)).await.expect("this can finish");
}

#[tokio::test(start_paused = true)]
async fn the_inventory_does_not_start_a_write_that_cannot_finish() {
    let stock = Stock { work: SECOND, ..Stock::default() };
    let mut client = client(stock.clone(), Duration::ZERO).await;
    let status = client.add_order(order("1", SECOND)).await.expect_err("50 ms are missing");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!(stock.reservations.lock().unwrap().is_empty(), "it has written");
}

#[tokio::test]
async fn a_server_without_the_layer_is_an_error_and_not_a_call_without_a_deadline() {
    let request = Request::new(ReserveRequest::default());
    let status = Stock::default().reserve(request).await.expect_err("there is no layer");
    assert_eq!(status.code(), Code::Internal);
}

//! Cancelling ends both hops, and a write in its own task finishes.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use deadlines::{inventory::Stock, server::CHECK};
use tokio::time::{sleep, timeout};
use tonic::Code;

use crate::helper::{Mock, SECOND, client, order};

#[tokio::test(start_paused = true)]
async fn cancelling_ends_both_hops() {
    let inventory = Mock::new(SECOND);
    let mut client = client(inventory.clone(), Duration::ZERO).await;
    timeout(SECOND / 2, client.add_order(order("1", 10 * SECOND)))
        .await
        .expect_err("cancelled");
    sleep(Duration::from_millis(1)).await;
    assert_eq!(inventory.timeouts.lock().unwrap().len(), 1, "the inventory was called");
    assert_eq!(inventory.running.load(SeqCst), 0, "and still works");
    let status = client.get_order("1".to_owned()).await.expect_err("it was not added");
    assert_eq!(status.code(), Code::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_both_hops() {
    let inventory = Mock::new(SECOND);
    let mut client = client(inventory.clone(), Duration::ZERO).await;
    let status = client.add_order(order("1", SECOND / 2)).await.expect_err("1 s is too long");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(inventory.running.load(SeqCst), 0, "the inventory still works");
}

#[tokio::test(start_paused = true)]
async fn cancelling_before_the_write_leaves_nothing_behind() {
    let stock = Stock { work: SECOND, ..Stock::default() };
    let mut client = client(stock.clone(), Duration::ZERO).await;
    timeout(CHECK + SECOND * 45 / 100, client.add_order(order("1", 10 * SECOND)))
        .await
        .expect_err("cancelled");
    sleep(10 * SECOND).await;
    assert!(stock.reservations.lock().unwrap().is_empty(), "it has written");
}

#[tokio::test(start_paused = true)]
async fn cancelling_during_the_write_does_not_stop_it() {
    let stock = Stock { work: SECOND, ..Stock::default() };
    let mut client = client(stock.clone(), Duration::ZERO).await;
    timeout(CHECK + SECOND * 75 / 100, client.add_order(order("1", 10 * SECOND)))
        .await
        .expect_err("cancelled");
    let halfway = stock.reservations.lock().unwrap().get("1").cloned();
    assert_eq!(halfway, Some(None), "the items are taken and not reserved yet");
    stock.writes.close();
    stock.writes.wait().await;
    let after = stock.reservations.lock().unwrap().get("1").cloned().flatten();
    assert!(after.is_some(), "the items are taken and lost");
}

#[tokio::test(start_paused = true)]
async fn the_same_order_gets_the_same_reservation() {
    let stock = Stock::default();
    let mut client = client(stock.clone(), Duration::ZERO).await;
    client.add_order(order("1", SECOND)).await.expect("it is valid");
    let first = stock.reservations.lock().unwrap().clone();
    client.add_order(order("1", SECOND)).await.expect("it is valid");
    assert_eq!(*stock.reservations.lock().unwrap(), first);
    assert_eq!(first.len(), 1);
}

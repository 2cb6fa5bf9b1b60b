//! The connection's window, which lets one call delay another.

use futures::stream::{self, StreamExt};
use proto::ecommerce::{
    CombinedShipment, Order, order_management_client::OrderManagementClient,
};
use testing::network::settle;
use tonic::{
    Streaming,
    transport::{Channel, Server},
};

use crate::memory::{connect, is_answered, our_endpoint, ours, start, tonics_endpoint};

/// Stores four orders of `size` bytes.
async fn store_orders(channel: &Channel, size: usize) {
    let mut stub = OrderManagementClient::new(channel.clone());
    for id in ["1", "2", "3", "4"] {
        let mut order = testing::order(id, &["a lamp"], "Seoul");
        order.description = "x".repeat(size);
        stub.add_order(order).await.unwrap();
    }
}

/// Searches for these orders, and does not read them.
async fn unread(channel: &Channel) -> Streaming<Order> {
    let mut stub = OrderManagementClient::new(channel.clone());
    let found = stub.search_orders("lamp".to_owned()).await.unwrap().into_inner();
    settle().await;
    found
}

#[tokio::test(start_paused = true)]
async fn with_tonics_own_windows_three_unread_answers_delay_every_other_call() {
    let network = start(launcher::builder());
    let channel = connect(&network, tonics_endpoint()).await;
    store_orders(&channel, 900_000).await;
    let _first = unread(&channel).await;
    let _second = unread(&channel).await;
    assert!(is_answered(&channel).await, "two times 2 MiB fit into the window of 5 MiB");

    let third = unread(&channel).await;
    assert!(!is_answered(&channel).await, "the window of 5 MiB is full");
    assert!(
        is_answered(&connect(&network, tonics_endpoint()).await).await,
        "another connection has another window"
    );

    let read = third.map(|order| order.unwrap().id).collect::<Vec<_>>().await;
    assert_eq!(read, ["1", "2", "3", "4"]);
    assert!(is_answered(&channel).await, "reading makes room");
}

#[tokio::test(start_paused = true)]
async fn dropping_an_unread_answer_makes_room_too() {
    let channel = connect(&start(launcher::builder()), tonics_endpoint()).await;
    store_orders(&channel, 900_000).await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(unread(&channel).await);
    }
    assert!(!is_answered(&channel).await);
    answers.pop();
    settle().await;
    assert!(is_answered(&channel).await);
}

#[tokio::test(start_paused = true)]
async fn with_our_windows_199_unread_answers_delay_no_other_call() {
    let channel = ours().await;
    // More than the window of a stream, which is 64 KiB.
    store_orders(&channel, 20_000).await;
    let mut answers = Vec::new();
    for _ in 1..launcher::STREAMS {
        answers.push(unread(&channel).await);
    }
    assert!(is_answered(&channel).await);
}

/// With an id of 1,000 bytes, few messages fill a window.
fn long_id() -> String {
    "x".repeat(1_000)
}

async fn store_order_with_long_id(channel: &Channel) {
    let order = testing::order(&long_id(), &["a lamp"], "Seoul");
    OrderManagementClient::new(channel.clone()).add_order(order).await.unwrap();
}

/// Sends ids until the server no longer reads them, because the client does not read the shipments.
async fn unread_by_the_server(channel: &Channel) -> Streaming<CombinedShipment> {
    let mut stub = OrderManagementClient::new(channel.clone());
    let ids = stream::repeat(long_id());
    let shipments = stub.process_orders(ids).await.unwrap().into_inner();
    settle().await;
    shipments
}

#[tokio::test(start_paused = true)]
async fn with_tonics_own_windows_two_unread_requests_delay_every_other_call() {
    let network = start(Server::builder());
    let channel = connect(&network, our_endpoint()).await;
    store_order_with_long_id(&channel).await;
    let _first = unread_by_the_server(&channel).await;
    let _second = unread_by_the_server(&channel).await;
    assert!(!is_answered(&channel).await, "the window of 1 MiB is full");
    assert!(is_answered(&connect(&network, our_endpoint()).await).await);
}

#[tokio::test(start_paused = true)]
async fn with_our_windows_199_unread_requests_delay_no_other_call() {
    let channel = ours().await;
    store_order_with_long_id(&channel).await;
    let mut calls = Vec::new();
    for _ in 1..launcher::STREAMS {
        calls.push(unread_by_the_server(&channel).await);
    }
    assert!(is_answered(&channel).await);
}

//! Streams are pulled: what happens when one side is slow, or cancels.
//!
//! Time is paused in most of these tests. It advances only when no task can run, so [`settled`] returns
//! when every message that can be sent has been sent. These tests run with tonic's own windows;
//! `windows.rs` tests those that `serve` sets.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use futures::stream::{self, StreamExt};
use order_management::{orders::Orders, server::OrderService, streams};
use proto::ecommerce::{
    Order, order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use testing::in_memory;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, transport::Channel};

async fn settled() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

async fn client(orders: &Arc<Orders>) -> OrderManagementClient<Channel> {
    let service = OrderService::new(Arc::clone(orders));
    OrderManagementClient::new(in_memory(OrderManagementServer::new(service)).await)
}

/// An order with an id of 1,000 bytes, so that few of them fill a window.
fn order() -> Order {
    testing::order(&"x".repeat(1_000), &["a lamp"], "Seoul")
}

fn orders() -> Arc<Orders> {
    let orders = Orders::default();
    orders.put(order());
    Arc::new(orders)
}

#[tokio::test]
async fn no_id_is_read_before_a_shipment_is_wanted() {
    let taken = AtomicUsize::new(0);
    let ids = stream::repeat_with(|| Ok(order().id)).inspect(|_| {
        taken.fetch_add(1, Relaxed);
    });
    let mut shipments = Box::pin(streams::shipments(orders(), ids));
    assert_eq!(taken.load(Relaxed), 0);
    shipments.next().await;
    assert_eq!(taken.load(Relaxed), 3);
    shipments.next().await;
    assert_eq!(taken.load(Relaxed), 6);
}

#[tokio::test]
async fn everything_before_an_error_of_the_ids_is_shipped() {
    let ids = stream::iter([Ok(order().id), Err(Status::data_loss("torn"))]);
    let mut shipments = Box::pin(streams::shipments(orders(), ids));
    assert_eq!(shipments.next().await.unwrap().unwrap().orders_list, [order()]);
    assert_eq!(shipments.next().await.unwrap().unwrap_err().code(), Code::DataLoss);
    assert!(shipments.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_server_stops_reading_when_the_client_does_not_read() {
    const OFFERED: usize = 1_000_000;
    let pulled = Arc::new(AtomicUsize::new(0));
    let ids = stream::iter(0..OFFERED).map({
        let pulled = Arc::clone(&pulled);
        move |_| {
            pulled.fetch_add(1, Relaxed);
            order().id
        }
    });
    let unread = client(&orders()).await.process_orders(ids).await.unwrap().into_inner();

    settled().await;
    // Some ids have been read, and the rest fills the windows of 1 MiB in each direction.
    let sent = pulled.load(Relaxed);
    assert!((1_000..10_000).contains(&sent), "{sent}");
    settled().await;
    assert_eq!(pulled.load(Relaxed), sent, "no more ids are sent");

    // When the client reads, the call continues.
    let read = unread
        .take(2_000)
        .fold(0, async |sum, shipment| sum + shipment.unwrap().orders_list.len());
    assert_eq!(read.await, 6_000);
}

#[tokio::test(start_paused = true)]
async fn a_search_finds_an_order_that_is_added_while_it_runs() {
    let orders = Arc::new(Orders::default());
    let large =
        |id: &str| Order { id: id.into(), description: "x".repeat(3_000_000), ..order() };
    for id in ["1", "2", "3", "4"] {
        orders.put(large(id));
    }
    let mut found =
        client(&orders).await.search_orders("lamp".to_owned()).await.unwrap().into_inner();
    assert_eq!(found.message().await.unwrap().unwrap().id, "1");
    settled().await;
    orders.put(large("5"));
    let rest = found.map(|order| order.unwrap().id).collect::<Vec<_>>().await;
    assert_eq!(rest, ["2", "3", "4", "5"]);
}

#[tokio::test]
async fn a_shipment_arrives_before_the_next_id_is_sent() {
    let (ids, request) = mpsc::channel(3);
    for _ in 0..3 {
        ids.send(order().id).await.unwrap();
    }
    let call = client(&orders()).await.process_orders(ReceiverStream::new(request)).await;
    let mut shipments = call.unwrap().into_inner();
    assert_eq!(shipments.message().await.unwrap().unwrap().orders_list.len(), 3);

    ids.send(order().id).await.unwrap();
    drop(ids);
    assert_eq!(shipments.message().await.unwrap().unwrap().orders_list.len(), 1);
    assert_eq!(shipments.message().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_call_continues_until_the_client_has_dropped_both_streams() {
    let orders = orders();
    let mut client = client(&orders).await;
    let idle = Arc::strong_count(&orders);
    let (ids, request) = mpsc::channel(3);
    drop(client.process_orders(ReceiverStream::new(request)).await.unwrap());
    ids.send(order().id).await.unwrap();
    settled().await;
    assert_eq!(
        Arc::strong_count(&orders),
        idle + 1,
        "dropping the response stream does not end the call"
    );

    drop(ids);
    settled().await;
    assert_eq!(Arc::strong_count(&orders), idle, "dropping both streams ends the call");
}

//! 3. A stream that waits.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use order_management::{orders::Orders, server::OrderService};
use proto::ecommerce::{Order, order_management_server::OrderManagementServer};
use testing::wait_for_both;
use tokio::{task::yield_now, time::timeout};
use tonic::{Code, Request, Streaming, client::Grpc};
use tonic_prost::ProstCodec;

use crate::{next, order, start, stream};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_watch_order_sends_an_order_each_time_it_changes() {
    let orders = Arc::new(Orders::sample());
    let mut client = start(&orders).await;
    let unknown = match stream(&mut client, "watchOrder", "999").await {
        Ok(mut answer) => answer.get_mut().message().await.map(|_| ()),
        Err(status) => Err(status),
    };
    let unknown = unknown.expect_err("order 999 does not exist").code();
    assert_eq!(unknown, Code::NotFound, "watchOrder must be implemented and return NOT_FOUND");

    client.ready().await.expect("the channel is open");
    let mut watched = stream(&mut client, "watchOrder", "102").await.unwrap().into_inner();
    assert_eq!(next(&mut watched).await.unwrap().destination, "Mountain View, CA");
    orders.put(order("103", "another order"));
    let other = timeout(Duration::from_millis(200), watched.message()).await;
    assert!(other.is_err(), "another order has changed: {other:?}");
    orders.put(order("102", "Seoul"));
    assert_eq!(next(&mut watched).await.unwrap().destination, "Seoul");
    // More changes than the server should keep. Only the last one matters.
    (0..100_000).for_each(|number| orders.put(order("102", &format!("town {number}"))));
    let mut seen = 1;
    while next(&mut watched).await.unwrap().destination != "town 99999" {
        seen += 1;
    }
    assert!(seen < 1_000, "{seen} states were kept for a slow client");

    orders.put(order("104", "Jeju"));
    assert_eq!(
        orders.get("104").unwrap().destination,
        "Jeju",
        "an order that nobody watches must be stored too"
    );

    // A client that does not read while the order changes many times must get the last state.
    let mut watched = watch(&orders, "102").await;
    for number in 0..100 {
        orders.put(order("102", &format!("street {number}")));
        yield_now().await;
    }
    reads_until(&mut watched, &order("102", "street 99")).await;
}

/// Calls `watchOrder` without a connection, so that nothing reads its stream ahead of the test.
async fn watch(orders: &Arc<Orders>, id: &str) -> Streaming<Order> {
    let service = OrderManagementServer::new(OrderService::new(Arc::clone(orders)));
    let mut client = Grpc::new(service);
    client.ready().await.expect("a server is always ready");
    let path = "/ecommerce.OrderManagement/watchOrder".parse().expect("the path is valid");
    let codec = ProstCodec::<String, Order>::default();
    let request = Request::new(id.to_owned());
    client.server_streaming(request, path, codec).await.unwrap().into_inner()
}

const ROUNDS: usize = 2_000;

/// Reads until `last` arrives. It must arrive soon.
async fn reads_until(watched: &mut Streaming<Order>, last: &Order) {
    let read = async {
        while watched
            .message()
            .await
            .expect("the stream must not fail")
            .expect("the stream must not end")
            != *last
        {}
    };
    timeout(Duration::from_secs(10), read).await.expect("the last state must arrive");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an exercise"]
async fn exercise_3_watch_order_misses_no_simultaneous_change() {
    let orders = Arc::new(Orders::default());
    for id in 0..ROUNDS {
        orders.put(order(&id.to_string(), "Seoul"));
    }
    let steps = Arc::new(AtomicUsize::new(0));
    let changes = {
        let (orders, steps) = (Arc::clone(&orders), Arc::clone(&steps));
        async move {
            for round in 0..ROUNDS {
                let id = round.to_string();
                wait_for_both(&steps).await;
                // The number of changes differs, so that the last one meets the call at different moments.
                for number in 0..=round % 50 {
                    orders.put(order(&id, &format!("town {number}")));
                }
                wait_for_both(&steps).await;
                wait_for_both(&steps).await;
                orders.put(order(&id, "Busan"));
                wait_for_both(&steps).await;
            }
        }
    };
    let changes = tokio::spawn(changes);
    for round in 0..ROUNDS {
        let id = round.to_string();
        wait_for_both(&steps).await;
        // The order changes during the call.
        let mut watched = watch(&orders, &id).await;
        wait_for_both(&steps).await;
        reads_until(&mut watched, &orders.get(&id).unwrap()).await;
        // The order changes twice at the same moment.
        wait_for_both(&steps).await;
        orders.put(order(&id, "Jeju"));
        wait_for_both(&steps).await;
        reads_until(&mut watched, &orders.get(&id).unwrap()).await;
    }
    changes.await.unwrap();
}

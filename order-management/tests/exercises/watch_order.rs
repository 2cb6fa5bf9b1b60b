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
    let unknown = unknown.expect_err("there is no order 999").code();
    assert_eq!(unknown, Code::NotFound, "watchOrder is there, and does not find it");

    client.ready().await.expect("the channel is open");
    let mut watched = stream(&mut client, "watchOrder", "102").await.unwrap().into_inner();
    assert_eq!(next(&mut watched).await.unwrap().destination, "Mountain View, CA");
    orders.put(order("103", "another order"));
    let other = timeout(Duration::from_millis(200), watched.message()).await;
    assert!(other.is_err(), "another order has changed: {other:?}");
    orders.put(order("102", "Seoul"));
    assert_eq!(next(&mut watched).await.unwrap().destination, "Seoul");
    // More changes than anybody would keep: what counts is the last one.
    (0..100_000).for_each(|number| orders.put(order("102", &format!("town {number}"))));
    let mut seen = 1;
    while next(&mut watched).await.unwrap().destination != "town 99999" {
        seen += 1;
    }
    assert!(seen < 1_000, "{seen} states were kept for a slow client");

    orders.put(order("104", "Jeju"));
    assert_eq!(orders.get("104").unwrap().destination, "Jeju", "nobody has to watch it");

    // A client that asks for nothing while much happens. What was it at the end?
    let mut watched = watch(&orders, "102").await;
    for number in 0..100 {
        orders.put(order("102", &format!("street {number}")));
        yield_now().await;
    }
    comes_to(&mut watched, &order("102", "street 99")).await;
}

/// `watchOrder` of the service itself. There is no connection that would run its stream ahead.
async fn watch(orders: &Arc<Orders>, id: &str) -> Streaming<Order> {
    let service = OrderManagementServer::new(OrderService::new(Arc::clone(orders)));
    let mut client = Grpc::new(service);
    client.ready().await.expect("it is always ready");
    let path = "/ecommerce.OrderManagement/watchOrder".parse().expect("it is a path");
    let codec = ProstCodec::<String, Order>::default();
    let request = Request::new(id.to_owned());
    client.server_streaming(request, path, codec).await.unwrap().into_inner()
}

const ROUNDS: usize = 2_000;

/// Reads on until `last` comes, which has to come soon.
async fn comes_to(watched: &mut Streaming<Order>, last: &Order) {
    let read = async {
        while watched.message().await.expect("no error comes").expect("it goes on") != *last {}
    };
    timeout(Duration::from_secs(10), read).await.expect("the last state is not missed");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an exercise"]
async fn exercise_3_watch_order_misses_nothing_at_the_same_moment() {
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
                // One more each time, so that the last one comes at another moment of the call.
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
        // A change at the moment of the call.
        let mut watched = watch(&orders, &id).await;
        wait_for_both(&steps).await;
        comes_to(&mut watched, &orders.get(&id).unwrap()).await;
        // Two changes at the same moment.
        wait_for_both(&steps).await;
        orders.put(order(&id, "Jeju"));
        wait_for_both(&steps).await;
        comes_to(&mut watched, &orders.get(&id).unwrap()).await;
    }
    changes.await.unwrap();
}

//! The exercises of the README. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p order-management --test exercises -- --ignored exercise_1
//! ```
//!
//! They call the new methods by path, since there is no generated code for them yet.

use std::{sync::Arc, time::Duration};

use order_management::{orders::Orders, server::OrderService};
use proto::ecommerce::{Order, order_management_server::OrderManagementServer};
use testing::in_memory;
use tokio::time::timeout;
use tonic::{Code, Request, Response, Status, Streaming, client::Grpc, transport::Channel};
use tonic_prost::ProstCodec;

async fn start(orders: &Arc<Orders>) -> Grpc<Channel> {
    let service = OrderManagementServer::new(OrderService::new(Arc::clone(orders)));
    let mut client = Grpc::new(in_memory(service).await);
    client.ready().await.expect("the channel is open");
    client
}

fn order(id: &str, destination: &str) -> Order {
    Order {
        id: id.into(),
        items: vec!["a lamp".into()],
        destination: destination.into(),
        ..Order::default()
    }
}

async fn total_price(ids: &[&str]) -> Result<Response<f32>, Status> {
    let ids = ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>();
    let request = Request::new(tokio_stream::iter(ids));
    let path = "/ecommerce.OrderManagement/totalPrice".parse().expect("it is a path");
    let orders = Arc::new(Orders::sample());
    let codec = ProstCodec::<String, f32>::default();
    start(&orders).await.client_streaming(request, path, codec).await
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_total_price_is_the_sum_of_the_orders_prices() {
    let sum = total_price(&["102", "105", "105"]).await.unwrap().into_inner();
    assert!((sum - 1860.0).abs() < 0.01, "1800 + 30 + 30 is not {sum}");
    let none = total_price(&[]).await.unwrap().into_inner();
    assert!(none.abs() < 0.01, "nothing costs nothing, and not {none}");
    let unknown = total_price(&["102", "999"]).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

async fn stream(
    client: &mut Grpc<Channel>,
    method: &str,
    text: &str,
) -> Result<Response<Streaming<Order>>, Status> {
    let path = format!("/ecommerce.OrderManagement/{method}").parse().expect("it is a path");
    let codec = ProstCodec::<String, Order>::default();
    client.server_streaming(Request::new(text.to_owned()), path, codec).await
}

/// The next message, which has to come soon.
async fn next(stream: &mut Streaming<Order>) -> Option<Order> {
    let message = timeout(Duration::from_secs(10), stream.message()).await;
    message.expect("a message comes").expect("no error comes")
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_orders_to_a_destination_are_looked_up_one_by_one() {
    let orders = Arc::new(Orders::default());
    // Orders that are too big for flow control to send them all ahead.
    for id in ["1", "2", "4", "6"] {
        let description = "many pages ".repeat(300_000);
        orders.put(Order { description, ..order(id, "Seoul") });
    }
    orders.put(order("3", "Busan"));
    orders.put(order("5", "Seoul, IN"));
    let mut client = start(&orders).await;
    let mut found = stream(&mut client, "ordersTo", "Seoul").await.unwrap().into_inner();
    let mut ids = vec![next(&mut found).await.expect("there are four").id];
    orders.put(order("0", "Seoul"));
    orders.put(order("7", "Seoul"));
    while let Some(order) = next(&mut found).await {
        ids.push(order.id);
    }
    assert_eq!(ids, ["1", "2", "4", "6", "7"]);
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_watch_order_sends_an_order_each_time_it_changes() {
    let orders = Arc::new(Orders::sample());
    let mut client = start(&orders).await;
    let unknown = match stream(&mut client, "watchOrder", "999").await {
        Ok(mut answer) => answer.get_mut().message().await.map(|_| ()),
        Err(status) => Err(status),
    };
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);

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
}

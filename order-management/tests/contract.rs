//! What the service promises, each row of it through a real client.

use std::sync::Arc;

use order_management::{orders::Orders, server::OrderService};
use proto::ecommerce::{
    CombinedShipment, Order, order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use testing::in_memory;
use tonic::{Code, Status, Streaming, transport::Channel};

type Client = OrderManagementClient<Channel>;

async fn client(orders: Orders) -> Client {
    let service = OrderManagementServer::new(OrderService::new(Arc::new(orders)));
    OrderManagementClient::new(in_memory(service).await)
}

fn order(id: &str, destination: &str) -> Order {
    Order {
        id: id.into(),
        items: vec!["a lamp".into()],
        description: "it shines".into(),
        price: 12.5,
        destination: destination.into(),
    }
}

/// Orders `1` to `9`, all to the same town.
fn nine_to_seoul() -> Orders {
    let orders = Orders::default();
    (1..=9).for_each(|id| orders.put(order(&id.to_string(), "Seoul")));
    orders
}

fn ids(ids: &[&str]) -> impl futures::Stream<Item = String> + Send + 'static {
    tokio_stream::iter(ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>())
}

/// All messages of a stream, and the status of its end.
async fn collect<T>(mut stream: Streaming<T>) -> (Vec<T>, Result<(), Status>) {
    let mut messages = Vec::new();
    loop {
        match stream.message().await {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, Ok(())),
            Err(status) => return (messages, Err(status)),
        }
    }
}

async fn process(orders: Orders, input: &[&str]) -> (Vec<String>, Result<(), Status>) {
    let mut client = client(orders).await;
    let stream = client.process_orders(ids(input)).await.unwrap().into_inner();
    let (shipments, end) = collect(stream).await;
    (shipments.iter().map(line).collect(), end)
}

/// A shipment as `DESTINATION: ID ID`.
fn line(shipment: &CombinedShipment) -> String {
    let ids = shipment.orders_list.iter().map(|order| order.id.as_str()).collect::<Vec<_>>();
    format!("{}: {}", shipment.orders_list[0].destination, ids.join(" "))
}

#[tokio::test]
async fn add_order_stores_the_order_and_names_it() {
    let mut client = client(Orders::default()).await;
    let answer = client.add_order(order("101", "Seoul")).await.unwrap().into_inner();
    assert_eq!(answer, "Order Added: 101");
    let stored = client.get_order("101".to_owned()).await.unwrap().into_inner();
    assert_eq!(stored, order("101", "Seoul"));
}

#[tokio::test]
async fn add_order_replaces_the_order_that_has_its_id() {
    let mut client = client(Orders::sample()).await;
    client.add_order(order("102", "Seoul")).await.unwrap();
    let stored = client.get_order("102".to_owned()).await.unwrap().into_inner();
    assert_eq!(stored, order("102", "Seoul"));
}

#[tokio::test]
async fn add_order_refuses_a_blank_id_no_items_and_a_price_that_is_none() {
    let mut client = client(Orders::default()).await;
    let good = order("101", "Seoul");
    for bad in [
        Order { id: " ".into(), ..good.clone() },
        Order { items: vec![], ..good.clone() },
        Order { price: -0.01, ..good.clone() },
        Order { price: f32::NAN, ..good.clone() },
        Order { price: f32::INFINITY, ..good },
    ] {
        let status = client.add_order(bad.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{bad:?}");
    }
    let status = client.get_order("101".to_owned()).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound, "nothing of it is stored");
}

#[tokio::test]
async fn get_order_does_not_find_an_unknown_id_and_names_it() {
    let status = client(Orders::sample()).await.get_order("999".to_owned()).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.message(), "order \"999\" does not exist");
}

#[tokio::test]
async fn search_orders_streams_each_order_that_has_the_text_in_an_item_in_id_order() {
    let mut client = client(Orders::sample()).await;
    // Two of 104's items have it, and the order comes once.
    let stream = client.search_orders("Google".to_owned()).await.unwrap().into_inner();
    let (orders, end) = collect(stream).await;
    end.unwrap();
    let ids = orders.iter().map(|order| order.id.as_str()).collect::<Vec<_>>();
    assert_eq!(ids, ["102", "104"]);
    assert_eq!(orders[1].items, ["Google Home Mini", "Google Nest Hub"]);
}

#[tokio::test]
async fn search_orders_minds_upper_and_lower_case() {
    let mut client = client(Orders::sample()).await;
    let stream = client.search_orders("google".to_owned()).await.unwrap().into_inner();
    let (orders, end) = collect(stream).await;
    assert!(orders.is_empty() && end.is_ok(), "nothing found is no error: {end:?}");
}

#[tokio::test]
async fn search_orders_refuses_a_blank_text() {
    let status =
        client(Orders::sample()).await.search_orders(" ".to_owned()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn update_orders_replaces_and_answers_with_the_ids_in_order_of_arrival() {
    let mut client = client(Orders::sample()).await;
    let updates = ["104", "102", "103"].map(|id| order(id, "Seoul"));
    let answer = client.update_orders(tokio_stream::iter(updates)).await.unwrap().into_inner();
    assert_eq!(answer, "Updated Order IDs: 104 102 103");
    let stored = client.get_order("102".to_owned()).await.unwrap().into_inner();
    assert_eq!(stored, order("102", "Seoul"));
}

#[tokio::test]
async fn update_orders_stops_at_an_unknown_id_and_what_came_before_stays() {
    let mut client = client(Orders::sample()).await;
    let updates = ["102", "999", "103"].map(|id| order(id, "Seoul"));
    let status = client.update_orders(tokio_stream::iter(updates)).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.message(), "order \"999\" does not exist");

    let before = client.get_order("102".to_owned()).await.unwrap().into_inner();
    assert_eq!(before.destination, "Seoul");
    let after = client.get_order("103".to_owned()).await.unwrap().into_inner();
    assert_eq!(after.destination, "San Jose, CA");
    let unknown = client.get_order("999".to_owned()).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn update_orders_refuses_what_add_order_refuses() {
    let mut client = client(Orders::sample()).await;
    let bad = Order { price: f32::NAN, ..order("102", "Seoul") };
    let status = client.update_orders(tokio_stream::iter([bad])).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let stored = client.get_order("102".to_owned()).await.unwrap().into_inner();
    assert_eq!(stored.destination, "Mountain View, CA");
}

#[tokio::test]
async fn update_orders_with_nothing_sent_updates_nothing() {
    let mut client = client(Orders::sample()).await;
    let answer = client.update_orders(tokio_stream::empty()).await.unwrap().into_inner();
    assert_eq!(answer, "Updated Order IDs:");
}

#[tokio::test]
async fn update_orders_ends_before_its_answer_grows_without_bound() {
    let id = "x".repeat(100_000);
    let orders = Orders::default();
    orders.put(order(&id, "Seoul"));
    let updates = tokio_stream::iter(std::iter::repeat_with(move || order(&id, "Seoul")));
    let status = client(orders).await.update_orders(updates).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn process_orders_ships_seven_ids_as_three_three_and_one() {
    let ids = ["1", "2", "3", "4", "5", "6", "7"];
    let (shipments, end) = process(nine_to_seoul(), &ids).await;
    end.unwrap();
    assert_eq!(shipments, ["Seoul: 1 2 3", "Seoul: 4 5 6", "Seoul: 7"]);
}

#[tokio::test]
async fn process_orders_ships_six_ids_as_three_and_three_and_nothing_empty() {
    let (shipments, end) = process(nine_to_seoul(), &["6", "5", "4", "3", "2", "1"]).await;
    end.unwrap();
    assert_eq!(shipments, ["Seoul: 6 5 4", "Seoul: 3 2 1"]);
}

#[tokio::test]
async fn process_orders_makes_a_shipment_per_destination_in_order_of_destination() {
    let (shipments, end) = process(Orders::sample(), &["103", "104", "102", "105"]).await;
    end.unwrap();
    let expected = ["Mountain View, CA: 104 102", "San Jose, CA: 103", "San Jose, CA: 105"];
    assert_eq!(shipments, expected);
}

#[tokio::test]
async fn a_shipment_has_the_books_id_and_status() {
    let mut client = client(Orders::sample()).await;
    let stream = client.process_orders(ids(&["103"])).await.unwrap().into_inner();
    let (shipments, _) = collect(stream).await;
    assert_eq!(shipments[0].id, "cmb - San Jose, CA");
    assert_eq!(shipments[0].status, "Processed!");
}

#[tokio::test]
async fn process_orders_ships_what_came_before_an_unknown_id_and_then_ends() {
    let input = ["1", "2", "3", "4", "999", "5"];
    let (shipments, end) = process(nine_to_seoul(), &input).await;
    assert_eq!(shipments, ["Seoul: 1 2 3", "Seoul: 4"]);
    let status = end.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.message(), "order \"999\" does not exist");
}

#[tokio::test]
async fn process_orders_with_nothing_sent_ships_nothing() {
    let (shipments, end) = process(Orders::sample(), &[]).await;
    assert!(shipments.is_empty() && end.is_ok(), "{shipments:?} {end:?}");
}

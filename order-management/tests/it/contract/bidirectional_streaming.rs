//! processOrders.

use order_management::{orders::Orders, server::MAX_ORDER};
use prost::Message;
use proto::ecommerce::CombinedShipment;
use tonic::{Code, Status};

use super::{client, collect, order};

/// The orders 1 to 9, all for the same destination.
fn nine_to_seoul() -> Orders {
    let orders = Orders::default();
    (1..=9).for_each(|id| orders.put(order(&id.to_string(), "Seoul")));
    orders
}

fn ids(ids: &[&str]) -> impl futures::Stream<Item = String> + Send + 'static {
    tokio_stream::iter(ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>())
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
async fn process_orders_ships_seven_ids_in_batches_of_three_three_and_one() {
    let ids = ["1", "2", "3", "4", "5", "6", "7"];
    let (shipments, end) = process(nine_to_seoul(), &ids).await;
    end.unwrap();
    assert_eq!(shipments, ["Seoul: 1 2 3", "Seoul: 4 5 6", "Seoul: 7"]);
}

#[tokio::test]
async fn process_orders_ships_six_ids_in_two_batches() {
    let (shipments, end) = process(nine_to_seoul(), &["6", "5", "4", "3", "2", "1"]).await;
    end.unwrap();
    assert_eq!(shipments, ["Seoul: 6 5 4", "Seoul: 3 2 1"]);
}

#[tokio::test]
async fn process_orders_ships_to_each_destination_in_order_of_destination() {
    let (shipments, end) = process(Orders::sample(), &["103", "104", "102", "105"]).await;
    end.unwrap();
    let expected = ["Mountain View, CA: 104 102", "San Jose, CA: 103", "San Jose, CA: 105"];
    assert_eq!(shipments, expected);
}

#[tokio::test]
async fn a_shipment_has_the_id_and_the_status_of_the_book() {
    let mut client = client(Orders::sample()).await;
    let stream = client.process_orders(ids(&["103"])).await.unwrap().into_inner();
    let (shipments, _) = collect(stream).await;
    assert_eq!(shipments[0].id, "cmb - San Jose, CA");
    assert_eq!(shipments[0].status, "Processed!");
}

#[tokio::test]
async fn process_orders_ships_everything_before_an_unknown_id() {
    let input = ["1", "2", "3", "4", "999", "5"];
    let (shipments, end) = process(nine_to_seoul(), &input).await;
    assert_eq!(shipments, ["Seoul: 1 2 3", "Seoul: 4"]);
    let status = end.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.message(), "order \"999\" does not exist");
}

#[tokio::test]
async fn process_orders_without_an_id_ships_nothing() {
    let (shipments, end) = process(Orders::sample(), &[]).await;
    assert!(shipments.is_empty() && end.is_ok(), "{shipments:?} {end:?}");
}

#[tokio::test]
async fn a_client_can_read_a_shipment_of_three_orders_of_the_largest_size() {
    let mut client = client(Orders::default()).await;
    for id in ["1", "2", "3"] {
        // A shipment contains its destination once more, so a long destination is the worst case.
        let length = MAX_ORDER - order(id, "").encoded_len() - 4;
        let order = order(id, &"x".repeat(length));
        assert_eq!(order.encoded_len(), MAX_ORDER);
        client.add_order(order).await.unwrap();
    }
    let stream = client.process_orders(ids(&["1", "2", "3"])).await.unwrap().into_inner();
    let (shipments, end) = collect(stream).await;
    end.unwrap();
    assert_eq!(shipments[0].orders_list.len(), 3);
}

//! updateOrders.

use order_management::{orders::Orders, server::MAX_ORDER};
use proto::ecommerce::Order;
use tonic::Code;

use super::{client, order};

#[tokio::test]
async fn update_orders_returns_the_ids_in_order_of_arrival() {
    let mut client = client(Orders::sample()).await;
    let updates = ["104", "102", "103"].map(|id| order(id, "Seoul"));
    let answer = client.update_orders(tokio_stream::iter(updates)).await.unwrap().into_inner();
    assert_eq!(answer, "Updated Order IDs: 104 102 103");
    let stored = client.get_order("102".to_owned()).await.unwrap().into_inner();
    assert_eq!(stored, order("102", "Seoul"));
}

#[tokio::test]
async fn update_orders_stops_at_an_unknown_id_and_keeps_earlier_updates() {
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
async fn update_orders_refuses_an_invalid_order() {
    let mut client = client(Orders::sample()).await;
    let bad = Order { price: f32::NAN, ..order("102", "Seoul") };
    let status = client.update_orders(tokio_stream::iter([bad])).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let stored = client.get_order("102".to_owned()).await.unwrap().into_inner();
    assert_eq!(stored.destination, "Mountain View, CA");
}

#[tokio::test]
async fn update_orders_without_an_order_updates_nothing() {
    let mut client = client(Orders::sample()).await;
    let answer = client.update_orders(tokio_stream::empty()).await.unwrap().into_inner();
    assert_eq!(answer, "Updated Order IDs:");
}

#[tokio::test]
async fn the_response_of_update_orders_has_a_limit() {
    let id = "x".repeat(100_000);
    let orders = Orders::default();
    orders.put(order(&id, "Seoul"));
    let updates = tokio_stream::iter(std::iter::repeat_with(move || order(&id, "Seoul")));
    let status = client(orders).await.update_orders(updates).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn update_orders_refuses_an_order_that_is_too_large() {
    let mut client = client(Orders::sample()).await;
    let large = Order { description: "x".repeat(MAX_ORDER), ..order("102", "Seoul") };
    let status = client.update_orders(tokio_stream::iter([large])).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
}

//! addOrder and getOrder.

use order_management::{orders::Orders, server::MAX_ORDER};
use prost::Message;
use proto::ecommerce::Order;
use tonic::Code;

use super::{client, order};

#[tokio::test]
async fn add_order_stores_the_order_and_returns_its_id() {
    let mut client = client(Orders::default()).await;
    let answer = client.add_order(order("101", "Seoul")).await.unwrap().into_inner();
    assert_eq!(answer, "Order Added: 101");
    let stored = client.get_order("101".to_owned()).await.unwrap().into_inner();
    assert_eq!(stored, order("101", "Seoul"));
}

#[tokio::test]
async fn add_order_replaces_an_order_with_the_same_id() {
    let mut client = client(Orders::sample()).await;
    client.add_order(order("102", "Seoul")).await.unwrap();
    let stored = client.get_order("102".to_owned()).await.unwrap().into_inner();
    assert_eq!(stored, order("102", "Seoul"));
}

#[tokio::test]
async fn add_order_refuses_a_blank_id_no_items_and_an_invalid_price() {
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
    assert_eq!(status.code(), Code::NotFound, "a refused order is not stored");
}

#[tokio::test]
async fn the_status_for_an_unknown_id_contains_the_id() {
    let status = client(Orders::sample()).await.get_order("999".to_owned()).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.message(), "order \"999\" does not exist");
}

#[tokio::test]
async fn an_order_can_have_a_million_bytes_and_not_one_more() {
    let mut client = client(Orders::default()).await;
    let id = "x".repeat(1_000_000 - order("", "Seoul").encoded_len() - 4);
    let largest = order(&id, "Seoul");
    assert_eq!(largest.encoded_len(), MAX_ORDER);
    client.add_order(largest.clone()).await.unwrap();
    assert_eq!(client.get_order(id.clone()).await.unwrap().into_inner(), largest);

    let too_large = order(&(id + "x"), "Seoul");
    let status = client.add_order(too_large).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("1000000"), "{}", status.message());
}

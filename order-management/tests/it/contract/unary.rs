//! addOrder and getOrder.

use order_management::orders::Orders;
use proto::ecommerce::Order;
use tonic::Code;

use super::{client, order};

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

//! searchOrders.

use order_management::orders::Orders;
use tonic::Code;

use super::{client, collect};

#[tokio::test]
async fn search_orders_returns_each_order_with_a_matching_item_in_id_order() {
    let mut client = client(Orders::sample()).await;
    // Two items of order 104 match, but the order is sent only once.
    let stream = client.search_orders("Google".to_owned()).await.unwrap().into_inner();
    let (orders, end) = collect(stream).await;
    end.unwrap();
    let ids = orders.iter().map(|order| order.id.as_str()).collect::<Vec<_>>();
    assert_eq!(ids, ["102", "104"]);
    assert_eq!(orders[1].items, ["Google Home Mini", "Google Nest Hub"]);
}

#[tokio::test]
async fn search_orders_is_case_sensitive() {
    let mut client = client(Orders::sample()).await;
    let stream = client.search_orders("google".to_owned()).await.unwrap().into_inner();
    let (orders, end) = collect(stream).await;
    assert!(orders.is_empty() && end.is_ok(), "finding nothing is not an error: {end:?}");
}

#[tokio::test]
async fn search_orders_refuses_a_blank_text() {
    let status =
        client(Orders::sample()).await.search_orders(" ".to_owned()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

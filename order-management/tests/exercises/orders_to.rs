//! 2. Server streaming.

use proto::ecommerce::Order;

use crate::{next, order, orders, put, start};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_orders_to_a_destination_are_looked_up_one_by_one() {
    let channel = start().await;
    let mut none = orders(&channel, "ordersTo", "Busan").await.expect("the call succeeds");
    assert_eq!(next(&mut none).await, None, "without such orders the stream must be empty");

    // These orders are so large that flow control stops the server before it has sent all of them.
    for id in ["201", "202", "204"] {
        let description = "many pages ".repeat(80_000);
        put(&channel, Order { description, ..order(id, "Seoul") }).await;
    }
    put(&channel, order("203", "Busan")).await;
    put(&channel, order("205", "Seoul, IN")).await;
    let mut found = orders(&channel, "ordersTo", "Seoul").await.expect("the call succeeds");
    let first = next(&mut found).await.expect("ordersTo finds none of three orders");
    put(&channel, order("200", "Seoul")).await;
    put(&channel, order("206", "Seoul")).await;
    let mut ids = vec![first.id];
    while let Some(order) = next(&mut found).await {
        ids.push(order.id);
    }
    assert!(
        ids.starts_with(&["201".into(), "202".into(), "204".into()]),
        "ordersTo must return the orders to exactly this destination, by id: {ids:?}"
    );
    assert_eq!(
        ids.get(3..),
        Some(&["206".to_owned()][..]),
        "order 206 was added while the stream was running, so the stream must contain it"
    );
}

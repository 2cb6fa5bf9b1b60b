//! 2. Server streaming.

use std::sync::Arc;

use order_management::orders::Orders;
use proto::ecommerce::Order;

use crate::{next, order, start, stream};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_orders_to_a_destination_are_looked_up_one_by_one() {
    let orders = Arc::new(Orders::default());
    // These orders are so large that flow control stops the server before it has sent all of them.
    for id in ["1", "2", "4", "6"] {
        let description = "many pages ".repeat(300_000);
        orders.put(Order { description, ..order(id, "Seoul") });
    }
    orders.put(order("3", "Busan"));
    orders.put(order("5", "Seoul, IN"));
    let mut client = start(&orders).await;
    let found = stream(&mut client, "ordersTo", "Seoul").await;
    let mut found = found.expect("ordersTo must be implemented").into_inner();
    let mut ids = vec![next(&mut found).await.expect("four orders match").id];
    orders.put(order("0", "Seoul"));
    orders.put(order("7", "Seoul"));
    while let Some(order) = next(&mut found).await {
        ids.push(order.id);
        assert!(ids.len() <= 5, "an order is sent twice: {ids:?}");
    }
    assert_eq!(
        ids,
        ["1", "2", "4", "6", "7"],
        "order 7 was added while the stream was running"
    );
}

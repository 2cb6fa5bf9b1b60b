//! 3. A stream.

use proto::ecommerce::{
    ProductId, order_management_client::OrderManagementClient,
    product_info_client::ProductInfoClient,
};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_the_server_by_hand_answers_with_a_stream() {
    let (_server, channel) = crate::server().await;
    let mut client = OrderManagementClient::new(channel.clone());
    for text in ["Google", "없음", &"long ".repeat(2_000)] {
        let found = client.search_orders(text.to_owned()).await;
        let mut found = found.expect("searchOrders should be answered").into_inner();
        for id in ["1", "2", "3"] {
            let order = found.message().await.expect("the stream should go on");
            let order = order.expect("the stream should have three messages");
            assert_eq!(
                order.id, id,
                "field 1 should be the id; does each order have its own prefix?"
            );
            assert_eq!(order.items, [text], "field 2 should be the text of the request");
        }
        let end = found.message().await.expect("the stream should end with OK");
        assert_eq!(end, None, "the stream should have three messages");
    }
    let mut products = ProductInfoClient::new(channel);
    let id = ProductId { value: "watch".into() };
    products.get_product(id).await.expect("getProduct should be answered as before");
}

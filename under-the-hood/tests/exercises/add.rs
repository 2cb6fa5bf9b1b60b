//! 3. Add a product.

use proto::ecommerce::{Product, ProductId, product_info_client::ProductInfoClient};
use tonic::Code;

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_a_product_that_was_added_can_be_read_back() {
    let (_server, channel) = crate::server().await;
    let mut client = ProductInfoClient::new(channel);
    let mut ids = Vec::new();
    for (name, price) in [("Google Pixel 3A", 1_800.5), ("없음", 0.5), ("free", 0.0)] {
        let description = format!("{name}, as described");
        let sent = Product { id: "mine".into(), name: name.into(), description, price };
        let added = client.add_product(sent.clone()).await;
        let id = added.expect("addProduct should be answered").into_inner().value;
        let got = client.get_product(ProductId { value: id.clone() }).await;
        let got = got.expect("getProduct should find what was added").into_inner();
        let expected = Product { id: id.clone(), ..sent };
        assert_eq!(got, expected, "every field should come back, except that the id is new");
        ids.push(id);
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3, "each product should get an id of its own");

    let nameless = Product { price: 1.0, ..Product::default() };
    let refused = client.add_product(nameless).await.expect_err("a product needs a name");
    assert_eq!(refused.code(), Code::InvalidArgument, "without a name: INVALID_ARGUMENT");
    let id = ProductId { value: "watch".into() };
    client.get_product(id).await.expect("the sample should still be there");
}

//! 2. Small answers.

use proto::ecommerce::Order;
use tonic::Code;

use crate::raw::{call, channel, gzip, plain};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_the_response_of_add_order_is_not_compressed() {
    let order = Order { id: "101".into(), items: vec!["a lamp".into()], ..Order::default() };
    let headers = [("grpc-encoding", "gzip"), ("grpc-accept-encoding", "gzip")];
    let channel = channel().await;
    let added = call(&channel, "addOrder", &headers, gzip(&order)).await;
    let expected = plain(&"Order Added: 101".to_owned());
    assert!(added.body == expected, "addOrder must return its response uncompressed");
    let blank = call(&channel, "addOrder", &headers, gzip(&Order::default())).await;
    assert_eq!(
        blank.status().code(),
        Code::InvalidArgument,
        "a blank id must still be refused"
    );

    let text = "Google".to_owned();
    for (method, request) in [
        ("getOrder", gzip(&"101".to_owned())),
        ("searchOrders", gzip(&text)),
        ("updateOrders", gzip(&order)),
        ("processOrders", gzip(&"102".to_owned())),
    ] {
        let answer = call(&channel, method, &headers, request).await;
        assert_eq!(answer.status().code(), Code::Ok, "{method} must still work");
        let compressed = answer.messages().iter().all(|(flag, _)| *flag == 1);
        assert!(compressed, "{method} must still return gzip");
    }
}

//! 1. Client streaming.

use std::sync::Arc;

use order_management::orders::Orders;
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::start;

async fn total_price(ids: &[&str]) -> Result<Response<f32>, Status> {
    let ids = ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>();
    let request = Request::new(tokio_stream::iter(ids));
    let path = "/ecommerce.OrderManagement/totalPrice".parse().expect("the path is valid");
    let orders = Arc::new(Orders::sample());
    let codec = ProstCodec::<String, f32>::default();
    start(&orders).await.client_streaming(request, path, codec).await
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_total_price_is_the_sum_of_the_orders_prices() {
    let sum = total_price(&["102", "105", "105"]).await;
    let sum = sum.expect("totalPrice must be implemented").into_inner();
    assert!((sum - 1860.0).abs() < 0.01, "1800 + 30 + 30 is not {sum}");
    let none = total_price(&[]).await.unwrap().into_inner();
    assert!(none.abs() < 0.01, "the sum of no orders is 0, and not {none}");
    let unknown = total_price(&["102", "999"]).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    // A message over the limit of 4 MiB is an error of the stream, and not its end.
    let broken = total_price(&["102", &"9".repeat(5 << 20)])
        .await
        .expect_err("the request stream has failed");
    assert_eq!(broken.code(), Code::OutOfRange);
}

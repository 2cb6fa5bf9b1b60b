//! 1. Client streaming.

use proto::ecommerce::Order;
use tonic::{Code, Request, Status, transport::Channel};
use tonic_prost::ProstCodec;

use crate::{assert_implemented, grpc, order, path, put, start};

async fn total_price(channel: &Channel, ids: &[&str]) -> Result<f32, Status> {
    let ids = ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>();
    let request = Request::new(tokio_stream::iter(ids));
    // `Total` has the same bytes as the well-known type `FloatValue`, which prost decodes as an `f32`.
    let codec = ProstCodec::<String, f32>::default();
    let called = grpc(channel).await.client_streaming(request, path("totalPrice"), codec).await;
    assert_implemented("totalPrice", &called);
    Ok(called?.into_inner())
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_total_price_is_the_sum_of_the_orders_prices() {
    let channel = start().await;
    let sum =
        total_price(&channel, &["102", "105", "105"]).await.expect("all three orders exist");
    assert!((sum - 1860.0).abs() < 0.01, "the sum of 1800, 30 and 30 must be 1860, not {sum}");
    // The new service must use the store of the old one.
    put(&channel, Order { price: 5.0, ..order("101", "Seoul") }).await;
    let added = total_price(&channel, &["101"]).await.map_err(|status| status.code());
    assert_eq!(added, Ok(5.0), "totalPrice must know an order that addOrder has stored");
    let none = total_price(&channel, &[]).await.expect("an empty stream is valid");
    assert!(none.abs() < 0.01, "the sum of no orders must be 0, not {none}");
    let unknown = total_price(&channel, &["102", "999"]).await.map_err(|status| status.code());
    assert_eq!(unknown, Err(Code::NotFound), "an unknown id must be NOT_FOUND");
    // A message over the limit of 4 MiB is an error of the stream, and not its end.
    let broken = total_price(&channel, &["102", &"9".repeat(5 << 20)]).await;
    assert!(broken.is_err(), "the request stream has failed, but totalPrice returns a sum");
}

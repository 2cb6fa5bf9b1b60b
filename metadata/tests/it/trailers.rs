//! The trailers of a stream, and of a unary call.

use std::sync::Arc;

use futures::{StreamExt, stream};
use metadata::server::{MetadataOrders, serve, with_count};
use order_management::orders::Orders;
use proto::ecommerce::{Order, order_management_server::OrderManagement};
use testing::start;
use tonic::{Code, Request, Status, client::Grpc, transport::Endpoint};
use tonic_prost::ProstCodec;

use crate::raw::{call, client, string, values};

/// The value of `orders-found` after a search for this text.
async fn found(text: &str) -> String {
    let response = client().await.search_orders(text.to_owned()).await.unwrap();
    assert!(response.metadata().get("orders-found").is_none(), "it is not a header");
    let mut orders = response.into_inner();
    while orders.message().await.unwrap().is_some() {}
    let trailers = orders.trailers().await.unwrap().unwrap();
    trailers.get("orders-found").unwrap().to_str().unwrap().to_owned()
}

#[tokio::test]
async fn orders_found_is_the_number_of_orders() {
    for (text, count) in [("Google", "2"), ("Apple", "2"), ("iPhone", "1"), ("lamp", "0")] {
        assert_eq!(found(text).await, count, "{text}");
    }
}

#[tokio::test]
async fn the_trailers_have_the_status_ok_too() {
    let answer = call("searchOrders", &[], &string("Google")).await;
    let trailers = answer.trailers.unwrap();
    assert_eq!(values(&trailers, "grpc-status"), ["0"]);
    assert_eq!(values(&trailers, "orders-found"), ["2"]);
    assert!(values(&trailers, "grpc-message").is_empty());
}

#[tokio::test]
async fn a_search_that_fails_has_no_count() {
    let status = client().await.search_orders(" ".to_owned()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.metadata().get("orders-found").is_none());
}

#[tokio::test]
async fn the_number_is_only_known_at_the_end() {
    let orders = Arc::new(Orders::sample());
    let service = MetadataOrders::new(Arc::clone(&orders));
    let response = service.search_orders(Request::new("Google".to_owned())).await.unwrap();
    let mut found = response.into_inner();
    assert_eq!(found.next().await.unwrap().unwrap().id, "102");
    orders.put(testing::order("199", &["Google Pixel"], "San Jose, CA"));
    assert_eq!(found.next().await.unwrap().unwrap().id, "104");
    assert_eq!(found.next().await.unwrap().unwrap().id, "199");
    let end = found.next().await.unwrap().unwrap_err();
    assert_eq!(end.code(), Code::Ok);
    assert_eq!(end.metadata().get("orders-found").unwrap(), "3");
    assert!(found.next().await.is_none());
}

#[tokio::test]
async fn a_stream_that_fails_has_no_count() {
    let order = testing::order("1", &["a lamp"], "San Jose, CA");
    let orders = stream::iter([Ok(order), Err(Status::internal("the database is gone"))]);
    let items = with_count(orders.boxed()).collect::<Vec<_>>().await;
    let [Ok(_), Err(end)] = &items[..] else { panic!("{items:?}") };
    assert_eq!((end.code(), end.message()), (Code::Internal, "the database is gone"));
    assert!(end.metadata().is_empty(), "{end:?}");
}

#[tokio::test]
async fn reading_the_trailers_early_drops_the_messages() {
    let mut orders =
        client().await.search_orders("Google".to_owned()).await.unwrap().into_inner();
    let trailers = orders.trailers().await.unwrap().unwrap();
    assert_eq!(trailers.get("orders-found").unwrap(), "2");
    // tonic has given the trailers away, and with them the status.
    let status = orders.message().await.unwrap_err();
    assert_eq!(status.code(), Code::Unknown);
}

#[tokio::test]
async fn a_unary_response_has_headers_and_trailers_in_one_map() {
    // The call is unary, and the server streams: its one message is followed by trailers.
    let response: tonic::Response<Order> = unary("searchOrders", "iPhone").await.unwrap();
    assert_eq!(response.get_ref().id, "106");
    assert_eq!(response.metadata().get("location").unwrap(), "San Jose");
    assert_eq!(response.metadata().get("orders-found").unwrap(), "1");
}

/// Makes a unary call of any method.
async fn unary(method: &str, text: &str) -> Result<tonic::Response<Order>, tonic::Status> {
    let addr = start(serve).await;
    let channel =
        Endpoint::from_shared(format!("http://{addr}")).unwrap().connect().await.unwrap();
    let mut client = Grpc::new(channel);
    client.ready().await.unwrap();
    let path = format!("/ecommerce.OrderManagement/{method}").parse().unwrap();
    let codec = ProstCodec::<String, Order>::default();
    client.unary(Request::new(text.to_owned()), path, codec).await
}

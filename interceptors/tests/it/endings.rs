//! The end of a call, which the log writes exactly once.

use std::sync::Arc;

use futures::StreamExt;
use interceptors::auth::Bearer;
use order_management::{orders::Orders, server::OrderService};
use proto::ecommerce::{
    Order, order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use testing::closed_addr;
use tonic::{Request, client::Grpc, transport::Channel};
use tower::Layer;

use crate::logs::{call, client, ended, log, order, request, start, start_with};

#[tokio::test]
async fn the_status_of_a_failed_handler_is_found_in_the_headers() {
    let (mut client, mut logs) = client().await;
    client.get_order("999".to_owned()).await.unwrap_err();
    let expected = [request(1, 5), ended("NOT_FOUND")];
    assert_eq!(logs.both().await, [expected.clone(), expected]);
}

#[tokio::test]
async fn the_status_of_a_failed_stream_is_found_in_the_trailers() {
    let (mut client, mut logs) = client().await;
    let ids = ["102", "999"].map(String::from);
    let shipments = client.process_orders(tokio_stream::iter(ids)).await.unwrap().into_inner();
    assert_eq!(shipments.count().await, 2);
    for events in logs.both().await {
        assert!(events[events.len() - 2].starts_with("sent message 1 "), "{events:?}");
        assert_eq!(events.last(), Some(&ended("NOT_FOUND")));
    }
}

#[tokio::test]
async fn the_status_of_the_interceptor_is_logged_and_no_message_is_read() {
    let (channel, mut logs) = start().await;
    let mut client = OrderManagementClient::new(channel);
    client.get_order("102".to_owned()).await.unwrap_err();
    let [server, client] = logs.both().await;
    assert_eq!(server, [ended("UNAUTHENTICATED")]);
    assert_eq!(client.last(), Some(&ended("UNAUTHENTICATED")));
}

#[tokio::test]
async fn the_status_of_an_unknown_method_is_logged() {
    let (channel, mut logs) = start().await;
    let mut client = Grpc::new(channel);
    for path in ["/ecommerce.OrderManagement/noMethod", "/no.Service/addOrder"] {
        client.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<String, String>::default();
        let mut request = Request::new(String::new());
        request.metadata_mut().insert("authorization", "Bearer open-sesame".parse().unwrap());
        client.unary(request, path.parse().unwrap(), codec).await.unwrap_err();
        for events in logs.both().await {
            assert_eq!(events.last(), Some(&ended("UNIMPLEMENTED")), "{path}");
        }
    }
}

#[tokio::test]
async fn a_call_that_the_client_drops_is_cancelled_on_both_sides() {
    let orders = Orders::default();
    for id in ["1", "2", "3", "4"] {
        orders.put(Order { description: "x".repeat(3_000_000), ..order(id) });
    }
    let service = OrderManagementServer::new(OrderService::new(Arc::new(orders)));
    let (channel, mut logs) = start_with(service).await;
    let mut client = OrderManagementClient::with_interceptor(channel, Bearer::default());
    let mut found = client.search_orders("lamp".to_owned()).await.unwrap().into_inner();
    found.message().await.unwrap();
    drop(found);
    for events in logs.both().await {
        assert_eq!(events.last().unwrap(), "is cancelled");
    }
}

#[tokio::test]
async fn a_refused_connection_is_logged_with_its_reason() {
    let (_held, addr) = closed_addr();
    let channel = Channel::from_shared(format!("http://{addr}")).unwrap().connect_lazy();
    let (log, mut events) = log();
    let mut client = OrderManagementClient::new(log.layer(channel));
    client.get_order("102".to_owned()).await.unwrap_err();
    let events = call(&mut events).await;
    let [end] = &events[..] else { panic!("{events:?}") };
    assert!(end.starts_with("fails: ") && end.contains("refused"), "{end}");
}

//! How a call ends, told once, whichever way.

use std::sync::Arc;

use futures::StreamExt;
use interceptors::{
    auth::Bearer,
    call_log::{End, Event},
};
use order_management::{orders::Orders, server::OrderService};
use proto::ecommerce::{
    Order, order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use testing::closed_addr;
use tonic::{Code, Request, client::Grpc, transport::Channel};
use tower::Layer;

use super::{call, client, ended, log, order, request, start, start_with};

#[tokio::test]
async fn an_error_of_the_handler_is_told_from_the_headers() {
    let (mut client, mut logs) = client().await;
    client.get_order("999".to_owned()).await.unwrap_err();
    let expected = [Event::Started, request(1, 5), ended(Code::NotFound)];
    assert_eq!(logs.both().await, [expected.clone(), expected]);
}

#[tokio::test]
async fn an_error_after_a_message_is_told_from_the_trailers() {
    let (mut client, mut logs) = client().await;
    let ids = ["102", "999"].map(String::from);
    let shipments = client.process_orders(tokio_stream::iter(ids)).await.unwrap().into_inner();
    assert_eq!(shipments.count().await, 2);
    for events in logs.both().await {
        assert!(matches!(events[events.len() - 2], Event::Response(_)), "{events:?}");
        assert_eq!(events.last(), Some(&ended(Code::NotFound)));
    }
}

#[tokio::test]
async fn an_error_before_the_handler_is_told_and_no_message_is_read() {
    let (channel, mut logs) = start().await;
    let mut client = OrderManagementClient::new(channel);
    client.get_order("102".to_owned()).await.unwrap_err();
    let [server, client] = logs.both().await;
    assert_eq!(server, [Event::Started, ended(Code::Unauthenticated)]);
    assert_eq!(client.last(), Some(&ended(Code::Unauthenticated)));
}

#[tokio::test]
async fn an_unknown_method_is_told() {
    let (channel, mut logs) = start().await;
    let mut client = Grpc::new(channel);
    for path in ["/ecommerce.OrderManagement/noMethod", "/no.Service/addOrder"] {
        client.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<String, String>::default();
        let mut request = Request::new(String::new());
        request.metadata_mut().insert("authorization", "Bearer open-sesame".parse().unwrap());
        client.unary(request, path.parse().unwrap(), codec).await.unwrap_err();
        for events in logs.both().await {
            assert_eq!(events.last(), Some(&ended(Code::Unimplemented)), "{path}");
        }
    }
}

#[tokio::test]
async fn a_call_that_its_client_gives_up_is_cancelled_on_both_sides() {
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
        assert_eq!(events.last(), Some(&Event::Ended(End::Cancelled)));
    }
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_is_told_with_the_reason() {
    let (_held, addr) = closed_addr();
    let channel = Channel::from_shared(format!("http://{addr}")).unwrap().connect_lazy();
    let (log, mut events) = log();
    let mut client = OrderManagementClient::new(log.layer(channel));
    client.get_order("102".to_owned()).await.unwrap_err();
    let events = call(&mut events).await;
    let [Event::Started, Event::Ended(End::Failed(reason))] = &events[..] else {
        panic!("{events:?}");
    };
    assert!(reason.contains("refused"), "{reason}");
}

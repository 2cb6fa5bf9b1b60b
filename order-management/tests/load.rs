//! Many calls at once, over a real connection.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, future::try_join_all};
use order_management::{orders::Orders, server, server::OrderService};
use proto::ecommerce::{
    Order, order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use testing::in_memory;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, transport::Channel};

type Client = OrderManagementClient<Channel>;

fn order(id: String, destination: &str) -> Order {
    Order {
        id,
        items: vec!["a lamp".into()],
        destination: destination.into(),
        ..Order::default()
    }
}

/// The address of a server with the sample orders, which serves until the test ends.
async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(server::serve(listener, std::future::pending()));
    format!("http://{addr}")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_streams_at_once_each_ships_each_of_its_300_orders_once() {
    let orders = Arc::new(Orders::default());
    let ids = |stream| (0..300).map(move |number| format!("{stream}-{number}"));
    for id in (0..200).flat_map(ids) {
        let town = ["Busan", "Jeju", "Seoul"][id.len() % 3];
        orders.put(order(id, town));
    }
    let channel = in_memory(OrderManagementServer::new(OrderService::new(orders))).await;

    try_join_all((0..200).map(|stream| {
        let mut client = OrderManagementClient::new(channel.clone());
        async move {
            let mut sent = ids(stream).collect::<Vec<_>>();
            let answer = client.process_orders(tokio_stream::iter(sent.clone())).await?;
            let mut shipped = Vec::new();
            let mut shipments = answer.into_inner();
            while let Some(shipment) = shipments.message().await? {
                shipped.extend(shipment.orders_list.into_iter().map(|order| order.id));
            }
            sent.sort();
            shipped.sort();
            assert_eq!(sent, shipped);
            Ok::<_, Status>(())
        }
    }))
    .await
    .unwrap();
}

/// One client's 200 calls of all kinds, on orders of its own.
async fn mixed_calls(mut client: Client, name: usize) -> Result<(), Status> {
    for round in 0..40 {
        let id = format!("{name}-{round}");
        client.add_order(order(id.clone(), "Seoul")).await?;
        assert_eq!(client.get_order(id.clone()).await?.into_inner().destination, "Seoul");

        let moved = order(id.clone(), "Jeju");
        let answer = client.update_orders(tokio_stream::iter([moved])).await?.into_inner();
        assert_eq!(answer, format!("Updated Order IDs: {id}"));

        let found = client.search_orders("Google".to_owned()).await?.into_inner();
        assert_eq!(found.map(|order| order.map(|order| order.id)).count().await, 2);

        let ids = tokio_stream::iter([id, "103".to_owned()]);
        let mut shipments = client.process_orders(ids).await?.into_inner();
        let towns = ["cmb - Jeju", "cmb - San Jose, CA"];
        for town in towns {
            assert_eq!(shipments.message().await?.unwrap().id, town);
        }
        assert_eq!(shipments.message().await?, None);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_calls_from_fifty_clients_leave_the_store_consistent() {
    let uri = serve().await;
    try_join_all(
        (0..50).map(|name| {
            let uri = uri.clone();
            async move {
                mixed_calls(OrderManagementClient::connect(uri).await.unwrap(), name).await
            }
        }),
    )
    .await
    .unwrap();

    let mut client = OrderManagementClient::connect(uri).await.unwrap();
    for name in 0..50 {
        for round in 0..40 {
            let id = format!("{name}-{round}");
            let stored = client.get_order(id.clone()).await.unwrap().into_inner();
            assert_eq!(stored, order(id, "Jeju"));
        }
    }
}

#[tokio::test]
async fn what_a_client_sent_before_it_disappeared_is_stored_and_the_server_serves_on() {
    let uri = serve().await;
    let (updates, request) = mpsc::channel(1);
    let client = OrderManagementClient::connect(uri.clone()).await.unwrap();
    // Never half-closed: the call is in the middle when its task is ended, connection and all.
    let call = tokio::spawn({
        let mut client = client;
        async move { client.update_orders(ReceiverStream::new(request)).await }
    });
    updates.send(order("102".into(), "Seoul")).await.unwrap();

    let mut other = OrderManagementClient::connect(uri).await.unwrap();
    let stored = async {
        while other.get_order("102".to_owned()).await.unwrap().into_inner().destination
            != "Seoul"
        {}
    };
    timeout(Duration::from_secs(30), stored).await.expect("it is stored as it arrives");
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    updates.closed().await;

    let left = other.get_order("102".to_owned()).await.unwrap().into_inner();
    assert_eq!(left.destination, "Seoul");
}

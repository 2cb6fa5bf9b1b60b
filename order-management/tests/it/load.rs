//! Many calls at once, over a real connection.

use std::sync::Arc;

use futures::{
    TryStreamExt,
    future::{join_all, try_join_all},
};
use order_management::{orders::Orders, server, server::OrderService};
use proto::ecommerce::{
    Order, order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use testing::{in_memory, start};
use tokio::sync::{Barrier, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, transport::Channel};

type Client = OrderManagementClient<Channel>;

fn order(id: &str, destination: &str) -> Order {
    testing::order(id, &["a lamp"], destination)
}

/// Sends the ids in batches of three, each batch after the shipments of the previous one. All calls
/// wait at `barrier` after their first batch, so that they really run at the same time.
async fn ship(mut client: Client, ids: Vec<String>, barrier: &Barrier) -> Vec<String> {
    let (sender, request) = mpsc::channel(3);
    let answer = client.process_orders(ReceiverStream::new(request)).await.unwrap();
    let mut shipments = answer.into_inner();
    let mut shipped = Vec::new();
    for (number, batch) in ids.chunks(3).enumerate() {
        for id in batch {
            sender.send(id.clone()).await.unwrap();
        }
        while shipped.len() < (number + 1) * 3 {
            let shipment = shipments.message().await.unwrap().unwrap();
            shipped.extend(shipment.orders_list.into_iter().map(|order| order.id));
        }
        if number == 0 {
            barrier.wait().await;
        }
    }
    drop(sender);
    assert_eq!(shipments.message().await.unwrap(), None);
    shipped
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_200_simultaneous_streams_ships_its_300_orders_once() {
    let orders = Arc::new(Orders::default());
    let ids = |stream| (0..300).map(move |number| format!("{stream}-{number}"));
    for (number, id) in (0..200).flat_map(ids).enumerate() {
        orders.put(order(&id, ["Busan", "Jeju", "Seoul"][number % 7 % 3]));
    }
    let channel = in_memory(OrderManagementServer::new(OrderService::new(orders))).await;

    let barrier = Barrier::new(200);
    let calls = (0..200).map(|stream| {
        let (client, sent) =
            (OrderManagementClient::new(channel.clone()), ids(stream).collect());
        ship(client, sent, &barrier)
    });
    for (stream, mut shipped) in join_all(calls).await.into_iter().enumerate() {
        let mut sent = ids(stream).collect::<Vec<_>>();
        sent.sort();
        shipped.sort();
        assert_eq!(sent, shipped);
    }
}

/// Makes 200 calls in all patterns for one client, with its own orders.
async fn mixed_calls(mut client: Client, name: usize) -> Result<(), Status> {
    for round in 0..40 {
        let id = format!("{name}-{round}");
        client.add_order(order(&id, "Seoul")).await?;
        assert_eq!(client.get_order(id.clone()).await?.into_inner().destination, "Seoul");

        let moved = order(&id, "Jeju");
        let answer = client.update_orders(tokio_stream::iter([moved])).await?.into_inner();
        assert_eq!(answer, format!("Updated Order IDs: {id}"));

        let found = client.search_orders("Google".to_owned()).await?.into_inner();
        let ids = found.map_ok(|order| order.id).try_collect::<Vec<_>>().await?;
        assert_eq!(ids, ["102", "104"]);

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
    let uri = format!("http://{}", start(server::serve).await);
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
            assert_eq!(stored, order(&id, "Jeju"));
        }
    }
}

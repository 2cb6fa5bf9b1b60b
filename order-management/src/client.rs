//! The client: one function for each pattern, and two for calls that end early.

use std::{error::Error as _, time::Duration};

use launcher::{Error, describe, endpoint, transcript};
use proto::ecommerce::{
    CombinedShipment, Order, order_management_client::OrderManagementClient,
};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

const MOUNTAIN_VIEW: &str = "Mountain View, CA";
const SAN_JOSE: &str = "San Jose, CA";

type Client = OrderManagementClient<Channel>;

/// Connects to the server at `target`, a `HOST:PORT`, and makes the calls of [`call`].
pub async fn run(target: String) -> Result<(), Error> {
    let channel = endpoint(&target)?.connect().await?;
    // `Endpoint::timeout` is not enough for streams. In Go and Java a deadline covers the whole call.
    // tonic's timeout ends as soon as the response headers arrive, and messages may take for ever.
    timeout(Duration::from_secs(10), call(OrderManagementClient::new(channel)))
        .await
        .map_err(|_| "the calls took more than 10 s; is the server overloaded?")?
}

/// Makes calls in all four patterns, one that fails after a message, and one that it cancels.
///
/// Returns the first error that makes it pointless to continue.
pub async fn call(mut client: Client) -> Result<(), Error> {
    unary(&mut client).await?;
    server_streaming(&mut client).await?;
    client_streaming(&mut client).await?;
    bidirectional_streaming(&mut client).await?;
    error_after_a_message(&mut client).await?;
    cancellation(&mut client).await
}

async fn unary(client: &mut Client) -> Result<(), Error> {
    let order = order("101", &["iPhone XS", "Mac Book Pro"], 2300.0, SAN_JOSE);
    let added = client.add_order(order).await?;
    transcript!(client, "addOrder(101) -> {:?}", added.into_inner());
    let order = client.get_order("106".to_owned()).await?.into_inner();
    transcript!(client, "getOrder(106) -> {:?} to {:?}", order.items, order.destination);
    Ok(())
}

async fn server_streaming(client: &mut Client) -> Result<(), Error> {
    // The call returns when the headers of the response arrive. The messages follow one by one.
    let mut orders = client.search_orders("Google".to_owned()).await?.into_inner();
    // `None` is the end with status OK. Any other status is an `Err`, and also the end.
    while let Some(order) = orders.message().await? {
        transcript!(client, "searchOrders(\"Google\") -> {} {:?}", order.id, order.items);
    }
    transcript!(client, "searchOrders(\"Google\") -> the end");
    Ok(())
}

async fn client_streaming(client: &mut Client) -> Result<(), Error> {
    let mini = ["Google Home Mini", "Google Nest Hub", "iPad Mini"];
    let updates = [
        order("102", &["Google Pixel 3A", "Google Pixel Book"], 1100.0, MOUNTAIN_VIEW),
        order("103", &["Apple Watch S4", "Mac Book Pro", "iPad Pro"], 2800.0, SAN_JOSE),
        order("104", &mini, 2200.0, MOUNTAIN_VIEW),
    ];
    // The half-close is sent when this stream ends. Go's client calls `CloseAndRecv` instead.
    let answer = client.update_orders(tokio_stream::iter(updates)).await?;
    transcript!(client, "updateOrders(102, 103, 104) -> {:?}", answer.into_inner());
    Ok(())
}

async fn bidirectional_streaming(client: &mut Client) -> Result<(), Error> {
    // The receiving end of this channel becomes the request's stream. Whatever we put into the
    // sending end is sent to the server, and dropping the sending end is the half-close.
    let (ids, request) = mpsc::channel(3);
    transcript!(client, "processOrders: sending 102, 103, 104");
    for id in ["102", "103", "104"] {
        ids.send(id.to_owned()).await?;
    }
    // The ids must be in the channel before this waits for the headers of the response. Some servers,
    // such as gRPC's in Go, send the headers only with their first message.
    let mut shipments = client.process_orders(ReceiverStream::new(request)).await?.into_inner();

    let mut shipped = 0;
    while shipped < 3 {
        let shipment = shipments.message().await?;
        let shipment = shipment.ok_or("the server ended the stream before the first batch")?;
        shipped += shipment.orders_list.len();
        print(&shipment);
    }

    transcript!(client, "processOrders: sending 101, then the half-close");
    // This fails only if the call has ended, and `message` below returns the status of the call.
    let _ = ids.send("101".to_owned()).await;
    drop(ids);
    while let Some(shipment) = shipments.message().await? {
        print(&shipment);
    }
    transcript!(client, "processOrders -> the end");
    Ok(())
}

/// A stream may fail after some messages. They have arrived, and they remain valid.
async fn error_after_a_message(client: &mut Client) -> Result<(), Error> {
    let ids = ["105", "no-such-id", "106"].map(String::from);
    transcript!(client, "processOrders: sending 105, no-such-id, 106, then the half-close");
    let mut shipments = client.process_orders(tokio_stream::iter(ids)).await?.into_inner();
    loop {
        match shipments.message().await {
            Ok(Some(shipment)) => print(&shipment),
            // Other servers, such as the book's, skip an unknown id. We can continue then.
            Ok(None) => {
                transcript!(client, "processOrders -> accepted; our server refuses this");
                return Ok(());
            }
            // Only a status that tonic made itself has a source: no server has answered.
            Err(status) if status.source().is_some() => return Err(status.into()),
            Err(status) => {
                transcript!(client, "processOrders -> {}", describe(&status));
                return Ok(());
            }
        }
    }
}

/// Dropping the response stream cancels the call. The client sends RST_STREAM with the code CANCEL,
/// and the server drops its stream.
///
/// A bidirectional call has two streams and needs both dropped: while the request stream is open, the
/// call continues.
async fn cancellation(client: &mut Client) -> Result<(), Error> {
    // The server may send as many bytes before we read as the stream's window has, so these orders must be
    // larger than that. Otherwise the server would finish before we cancel.
    for id in ["201", "202", "203", "204"] {
        let mut order = order(id, &["Printed catalogue"], 0.0, SAN_JOSE);
        order.description = "many pages ".repeat(30_000);
        client.add_order(order).await?;
    }
    let mut orders = client.search_orders("catalogue".to_owned()).await?.into_inner();
    let first = orders.message().await?;
    let first = first.ok_or("the server ended the stream before the first order")?;
    transcript!(client, "searchOrders(\"catalogue\") -> {}, cancelling the rest", first.id);
    drop(orders);
    Ok(())
}

fn order(id: &str, items: &[&str], price: f32, destination: &str) -> Order {
    Order {
        id: id.into(),
        items: items.iter().map(|&item| item.into()).collect(),
        price,
        destination: destination.into(),
        ..Order::default()
    }
}

fn print(shipment: &CombinedShipment) {
    let ids = shipment.orders_list.iter().map(|order| order.id.as_str()).collect::<Vec<_>>();
    transcript!(client, "processOrders -> {:?} with {}", shipment.id, ids.join(", "));
}

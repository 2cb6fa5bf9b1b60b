//! The client's side: each pattern in a function of its own.

use std::time::Duration;

use launcher::{endpoint, transcript};
use proto::ecommerce::{
    CombinedShipment, Order, order_management_client::OrderManagementClient,
};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, transport::Channel};

use crate::endings;

const MOUNTAIN_VIEW: &str = "Mountain View, CA";
pub(crate) const SAN_JOSE: &str = "San Jose, CA";

pub(crate) type Client = OrderManagementClient<Channel>;

/// Connects to the server at `target`, a `HOST:PORT`, and makes the calls of [`call`].
pub async fn run(target: String) -> Result<(), launcher::Error> {
    let channel = endpoint(&target)?
        // How much a server may send ahead of us. It is small here, so that one that we stop
        // listening to has not sent everything by then.
        .initial_stream_window_size(64 * 1024)
        .connect()
        .await?;
    // `Endpoint::timeout` would not do for streams: unlike a deadline in Go or Java, it is met
    // once the headers of the answer are there, and the messages may still take for ever.
    timeout(Duration::from_secs(10), call(OrderManagementClient::new(channel)))
        .await
        .map_err(|_| Status::deadline_exceeded("the calls took more than 10 s"))??;
    Ok(())
}

/// Goes through the four patterns, and through two ends that a stream can come to.
///
/// Fails with the status of the first call that does not end as it should.
pub async fn call(mut client: Client) -> Result<(), Status> {
    unary(&mut client).await?;
    server_streaming(&mut client).await?;
    client_streaming(&mut client).await?;
    bidirectional_streaming(&mut client).await?;
    endings::error_after_messages(&mut client).await?;
    endings::cancelled(&mut client).await
}

async fn unary(client: &mut Client) -> Result<(), Status> {
    let order = order("101", &["iPhone XS", "Mac Book Pro"], 2300.0, SAN_JOSE);
    let added = client.add_order(order).await?;
    transcript!(client, "addOrder(101) -> {:?}", added.into_inner());
    let order = client.get_order("106".to_owned()).await?.into_inner();
    transcript!(client, "getOrder(106) -> {:?} to {:?}", order.items, order.destination);
    Ok(())
}

async fn server_streaming(client: &mut Client) -> Result<(), Status> {
    let mut orders = client.search_orders("Google".to_owned()).await?.into_inner();
    // `None` is the end, with status OK. Any other status comes as an `Err`, and is the end too:
    // what the stream says when it is asked once more means nothing.
    while let Some(order) = orders.message().await? {
        transcript!(client, "searchOrders(\"Google\") -> {} {:?}", order.id, order.items);
    }
    transcript!(client, "searchOrders(\"Google\") -> the end");
    Ok(())
}

async fn client_streaming(client: &mut Client) -> Result<(), Status> {
    let updates = [
        order("102", &["Google Pixel 3A", "Google Pixel Book"], 1100.0, MOUNTAIN_VIEW),
        order("103", &["Apple Watch S4", "Mac Book Pro", "iPad Pro"], 2800.0, SAN_JOSE),
        order(
            "104",
            &["Google Home Mini", "Google Nest Hub", "iPad Mini"],
            2200.0,
            MOUNTAIN_VIEW,
        ),
    ];
    // A stream that ends is the half-close. Go has `CloseAndRecv` for it.
    let answer = client.update_orders(tokio_stream::iter(updates)).await?;
    transcript!(client, "updateOrders(102, 103, 104) -> {:?}", answer.into_inner());
    Ok(())
}

async fn bidirectional_streaming(client: &mut Client) -> Result<(), Status> {
    // What is put in at one end of this channel is the request's stream at the other; to drop
    // the end where it is put in is the half-close.
    let (ids, request) = mpsc::channel(3);
    transcript!(client, "processOrders: sending 102, 103, 104");
    for id in ["102", "103", "104"] {
        send(&ids, id).await?;
    }
    // The first ids have to be on their way before this waits for the answer's headers: a
    // server may hold those back until it has a message to send, and gRPC's in Go does.
    let mut shipments = client.process_orders(ReceiverStream::new(request)).await?.into_inner();

    let mut shipped = 0;
    while shipped < 3 {
        let shipment =
            shipments.message().await?.ok_or_else(|| too_early("the first batch"))?;
        shipped += shipment.orders_list.len();
        show(&shipment);
    }

    transcript!(client, "processOrders: sending 101, then the half-close");
    send(&ids, "101").await?;
    drop(ids);
    while let Some(shipment) = shipments.message().await? {
        show(&shipment);
    }
    transcript!(client, "processOrders -> the end");
    Ok(())
}

pub(crate) fn order(id: &str, items: &[&str], price: f32, destination: &str) -> Order {
    Order {
        id: id.into(),
        items: items.iter().map(|&item| item.into()).collect(),
        price,
        destination: destination.into(),
        ..Order::default()
    }
}

async fn send(ids: &mpsc::Sender<String>, id: &str) -> Result<(), Status> {
    let gone = |_| Status::cancelled("the call has ended");
    ids.send(id.to_owned()).await.map_err(gone)
}

pub(crate) fn too_early(before: &str) -> Status {
    Status::unknown(format!("the server ended the stream before {before}"))
}

pub(crate) fn show(shipment: &CombinedShipment) {
    let ids = shipment.orders_list.iter().map(|order| order.id.as_str()).collect::<Vec<_>>();
    transcript!(client, "processOrders -> {:?} with {}", shipment.id, ids.join(", "));
}

//! Two ends that a stream can come to before its time.

use launcher::{describe, transcript};
use tonic::{Code, Status};

use crate::client::{Client, SAN_JOSE, order, show, too_early};

/// A stream may fail after it has delivered: what came before the status is still good.
pub(crate) async fn error_after_messages(client: &mut Client) -> Result<(), Status> {
    let ids = ["105", "no-such-id", "106"].map(String::from);
    transcript!(client, "processOrders: sending 105, no-such-id, 106, then the half-close");
    let mut shipments = client.process_orders(tokio_stream::iter(ids)).await?.into_inner();
    loop {
        match shipments.message().await {
            Ok(Some(shipment)) => show(&shipment),
            Ok(None) => return Err(Status::unknown("the server shipped what does not exist")),
            Err(status) if status.code() == Code::NotFound => {
                transcript!(client, "processOrders -> {}", describe(&status));
                return Ok(());
            }
            Err(status) => return Err(status),
        }
    }
}

/// To cancel a call is to drop its stream of answers. HTTP/2 carries it as a RST_STREAM with CANCEL,
/// and the server drops its end of the stream.
///
/// With two streams it takes two: as long as the request's goes on, the server goes on.
pub(crate) async fn cancelled(client: &mut Client) -> Result<(), Status> {
    // More than the window that `run` sets, or the server would be done before we stop.
    for id in ["201", "202", "203", "204"] {
        let mut order = order(id, &["Printed catalogue"], 0.0, SAN_JOSE);
        order.description = "many pages ".repeat(30_000);
        client.add_order(order).await?;
    }
    let mut orders = client.search_orders("catalogue".to_owned()).await?.into_inner();
    let first = orders.message().await?.ok_or_else(|| too_early("the first order"))?;
    transcript!(client, "searchOrders(\"catalogue\") -> {}, and that is enough", first.id);
    drop(orders);
    Ok(())
}

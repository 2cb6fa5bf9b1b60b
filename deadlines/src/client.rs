//! The client: calls with a deadline, and calls that it cancels.

use std::{error::Error as _, time::Duration};

use launcher::{Error, describe, endpoint, transcript};
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::{StreamExt, iter, pending};
use tonic::{Request, Status};

use crate::layers::with_deadlines;

/// Connects to the server at `target`, a `HOST:PORT`. Adds orders with enough time and without, cancels some,
/// and lets a stream reach its deadline.
pub async fn run(target: String) -> Result<(), Error> {
    let channel = endpoint(&target)?.connect().await?;
    // Production: without a deadline a call may take for ever, as in Go and Java. So each call that sets none
    // has 10 s.
    let channel = with_deadlines(channel, Duration::from_secs(10));
    let mut client = OrderManagementClient::new(channel);
    let plenty = Duration::from_secs(2);
    let started = Instant::now();
    let answer = client.add_order(order("101", "iPhone XS", plenty)).await?.into_inner();
    transcript!(client, "addOrder(\"101\") -> {answer:?}");
    // A server may be started with another `--work`, so the rest depends on the time that this call took.
    let time = started.elapsed();

    refused("addOrder(\"102\")", client.add_order(order("102", "iPhone XS", time / 2)).await)?;
    refused("addOrder(\"103\")", client.add_order(order("103", "sold out", plenty)).await)?;

    // Cancelled while the inventory looks for the items, and while it writes.
    for (id, percent) in [("104", 35), ("105", 75)] {
        let call = client.add_order(order(id, "iPhone XS", plenty));
        // `timeout` drops the call after this time. To drop a call is to cancel it.
        let result = timeout(time * percent / 100, call).await;
        let result = result.unwrap_or_else(|_| Err(Status::cancelled("by the client itself")));
        refused(&format!("addOrder({id:?})"), result)?;
        // Only for the transcript: the server's lines for this call come before those for the next one.
        sleep(time).await;
    }

    // The client does not half-close, so the server waits for more ids. The deadline covers the whole stream.
    let mut ids = Request::new(iter(["102".to_owned()]).chain(pending()));
    ids.set_timeout(Duration::from_millis(500));
    transcript!(client, "processOrders(\"102\", and no half-close), 500ms left");
    let shipments = match client.process_orders(ids).await {
        Ok(response) => response.into_inner().collect::<Result<Vec<_>, _>>().await,
        // Servers in Go send no headers before the first message.
        Err(status) => Err(status),
    };
    Ok(refused("processOrders", shipments)?)
}

fn order(id: &str, item: &str, timeout: Duration) -> Request<Order> {
    transcript!(client, "addOrder({id:?}) of {item:?}, {timeout:.1?} left");
    let (id, items, destination) = (id.into(), vec![item.into()], "San Jose, CA".into());
    let mut request =
        Request::new(Order { id, items, destination, price: 700.0, ..Order::default() });
    request.set_timeout(timeout);
    request
}

/// Prints the outcome of a call that our server refuses. Other servers may accept it, such as the book's.
fn refused<T>(call: &str, result: Result<T, Status>) -> Result<(), Status> {
    match result {
        Ok(_) => transcript!(client, "{call} -> accepted; our server refuses this"),
        // Only a status that tonic made itself has a source: no server has answered.
        Err(status) if status.source().is_some() => return Err(status),
        Err(status) => transcript!(client, "{call} -> {}", describe(&status)),
    }
    Ok(())
}

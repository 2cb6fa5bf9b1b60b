//! The client: a channel with a log and a token around it, and then the calls.

use std::{error::Error as _, time::Duration};

use futures::TryStreamExt;
use launcher::{Error, describe, endpoint, transcript};
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use tokio::time::timeout;
use tonic::transport::Channel;
use tower::Layer;

use crate::{auth::Bearer, call_log::CallLog};

/// Connects to the server at `target`, a `HOST:PORT`, and makes the calls of [`call`].
pub async fn run(target: String) -> Result<(), Error> {
    let channel = endpoint(&target)?.connect().await?;
    timeout(Duration::from_secs(10), call(channel))
        .await
        .map_err(|_| "the calls took more than 10 s; is the server overloaded?")?
}

/// Makes a call in each pattern with the token, and one without.
///
/// Returns the first error that makes it pointless to continue.
pub async fn call(channel: Channel) -> Result<(), Error> {
    // A stub can use a channel with a layer around it like any channel. Here the interceptor is the
    // outermost, so the log sees the request with the token.
    let channel = CallLog::client(|line| transcript!(client, "{line}")).layer(channel);
    let mut client =
        OrderManagementClient::with_interceptor(channel.clone(), Bearer::default());

    let answer = client.add_order(order("101", "iPhone XS")).await?;
    // The layer of our server added this to the metadata. The service does not know about it.
    let server = answer.metadata().get("served-by").and_then(|name| name.to_str().ok());
    let server = server.map(|name| format!(", served by {name}")).unwrap_or_default();
    transcript!(client, "addOrder(101) -> {:?}{server}", answer.get_ref());

    let orders = client.search_orders("Google".to_owned()).await?.into_inner();
    let ids: Vec<_> = orders.map_ok(|order| order.id).try_collect().await?;
    transcript!(client, "searchOrders(\"Google\") -> {}", ids.join(", "));

    let updates = [order("102", "Google Pixel Book"), order("103", "iPad Pro")];
    let answer = client.update_orders(tokio_stream::iter(updates)).await?;
    transcript!(client, "updateOrders(102, 103) -> {:?}", answer.into_inner());

    let ids = ["102", "103", "104", "101"].map(String::from);
    let shipments = client.process_orders(tokio_stream::iter(ids)).await?.into_inner();
    let count = shipments.try_collect::<Vec<_>>().await?.len();
    transcript!(client, "processOrders(102, 103, 104, 101) -> {count} shipments");

    let mut without_token = OrderManagementClient::new(channel);
    match without_token.add_order(order("102", "Google Pixel Book")).await {
        // Other servers, such as the book's, need no token. We can go on then.
        Ok(_) => transcript!(client, "addOrder(102) -> accepted; our server refuses this"),
        // Only a status that tonic made itself has a source: no server has answered.
        Err(status) if status.source().is_some() => return Err(status.into()),
        Err(status) => transcript!(client, "addOrder(102) -> {}", describe(&status)),
    }
    Ok(())
}

fn order(id: &str, item: &str) -> Order {
    Order {
        id: id.into(),
        items: vec![item.into()],
        destination: "San Jose, CA".into(),
        ..Order::default()
    }
}

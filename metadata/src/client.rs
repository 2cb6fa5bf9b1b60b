//! The client: it sends metadata with its calls, and reads the headers and trailers of the responses.

use std::{error::Error as _, time::Duration};

use launcher::{Error, describe, endpoint, transcript};
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use tokio::time::timeout;
use tonic::{
    Request,
    metadata::{MetadataMap, MetadataValue},
    transport::Channel,
};

use crate::{binary, headers::REQUEST_ID};

/// How many bytes of metadata the client accepts in a response. It is as large as the server's limit, and
/// for the same reason: a response with more should fail alone, and not together with all other calls.
const MAX_METADATA: u32 = 192 * 1024;

type Client = OrderManagementClient<Channel>;

/// Connects to the server at `target`, a `HOST:PORT`, and makes the calls of [`call`].
pub async fn run(target: String) -> Result<(), Error> {
    let endpoint = endpoint(&target)?.http2_max_header_list_size(MAX_METADATA);
    let channel = endpoint.connect().await?;
    timeout(Duration::from_secs(10), call(OrderManagementClient::new(channel)))
        .await
        .map_err(|_| "the calls took more than 10 s; is the server overloaded?")?
}

/// Makes calls with metadata of all kinds, and prints those of the responses.
///
/// Returns the first error that makes it pointless to continue.
pub async fn call(mut client: Client) -> Result<(), Error> {
    text_values(&mut client).await?;
    binary_values(&mut client).await?;
    headers_and_trailers_of_a_stream(&mut client).await?;
    metadata_of_a_failed_call(&mut client).await?;
    large_metadata(&mut client).await
}

async fn text_values(client: &mut Client) -> Result<(), Error> {
    let mut request = Request::new(Order {
        id: "101".into(),
        items: vec!["iPhone XS".into(), "Mac Book Pro".into()],
        price: 2300.0,
        destination: "San Jose, CA".into(),
        ..Order::default()
    });
    let metadata = request.metadata_mut();
    // A name has only lower-case letters, as HTTP/2 demands, and `from_static` panics otherwise. It is
    // for constants. `"...".parse()?` checks a value that is known only at run time.
    metadata.insert(REQUEST_ID, MetadataValue::from_static("order-101"));
    // A key can have several values, and their order is kept. `append` adds one, and `insert` replaces
    // all of them.
    metadata.append("k1", MetadataValue::from_static("v1"));
    metadata.append("k1", MetadataValue::from_static("v2"));

    let response = client.add_order(request).await?;
    transcript!(client, "addOrder(101) -> {:?}", response.get_ref());
    // tonic puts the headers and the trailers of a unary call into one map. In Go and Java they are
    // separate.
    print("addOrder(101)", response.metadata());
    Ok(())
}

async fn binary_values(client: &mut Client) -> Result<(), Error> {
    let sent = [(0..=255).collect(), b"two".to_vec()];
    let mut request = Request::new("106".to_owned());
    for value in &sent {
        // The name of a binary key ends in `-bin`. tonic has separate methods for them, which encode the
        // bytes. `append` would panic at this name, and the compiler cannot see that.
        request.metadata_mut().append_bin("context-bin", MetadataValue::from_bytes(value));
    }
    let response = client.get_order(request).await?;
    let returned = binary::values(response.metadata(), "context-bin")?;
    let unchanged =
        if returned == sent { "unchanged" } else { "changed; our server returns it" };
    transcript!(
        client,
        "getOrder(106) -> {} values of context-bin, {unchanged}",
        returned.len()
    );
    Ok(())
}

async fn headers_and_trailers_of_a_stream(client: &mut Client) -> Result<(), Error> {
    // This returns when the headers have come, which may be long before the first message.
    let response = client.search_orders("Google".to_owned()).await?;
    print("searchOrders(\"Google\")", response.metadata());
    let mut orders = response.into_inner();
    while let Some(order) = orders.message().await? {
        transcript!(client, "searchOrders(\"Google\") -> {}", order.id);
    }
    // The trailers come after the last message. Before that, `trailers` would read and drop all
    // messages to get there. It takes the trailers out of the stream, so call it once, and last.
    let trailers = orders.trailers().await?.unwrap_or_default();
    let found = text(&trailers, "orders-found");
    transcript!(client, "searchOrders(\"Google\"): trailer orders-found: {found}");
    Ok(())
}

async fn metadata_of_a_failed_call(client: &mut Client) -> Result<(), Error> {
    match client.get_order("999".to_owned()).await {
        Ok(_) => transcript!(client, "getOrder(999) -> accepted; our server refuses this"),
        // Only a status that tonic made itself has a source: no server has answered.
        Err(status) if status.source().is_some() => return Err(status.into()),
        Err(status) => {
            transcript!(client, "getOrder(999) -> {}", describe(&status));
            print("getOrder(999)", status.metadata());
        }
    }
    Ok(())
}

async fn large_metadata(client: &mut Client) -> Result<(), Error> {
    for kib in [8, 16, 200] {
        let mut request = Request::new("106".to_owned());
        request.metadata_mut().insert("padding", "x".repeat(kib * 1024).parse()?);
        // Servers have very different limits, and some close the connection. So no status is an error here.
        let result = match client.get_order(request).await {
            Ok(_) => "OK".to_owned(),
            Err(status) => describe(&status),
        };
        transcript!(client, "getOrder(106) with {kib} KiB of metadata -> {result}");
    }
    // tonic connects again by itself. But it may notice a closed connection only at the next call, which
    // fails then, and so there is a second attempt.
    if client.get_order("106".to_owned()).await.is_err() {
        client.get_order("106".to_owned()).await?;
    }
    transcript!(client, "getOrder(106) -> OK");
    Ok(())
}

/// Prints the metadata that our server adds to every response.
fn print(call: &str, metadata: &MetadataMap) {
    let (location, id) = (text(metadata, "location"), text(metadata, REQUEST_ID));
    let timestamp = text(metadata, "timestamp");
    transcript!(client, "{call}: location: {location}, id: {id}, date: {timestamp}");
}

/// The value of a text key. HTTP/2 allows more than ASCII in it, and `to_str` fails then.
fn text<'a>(metadata: &'a MetadataMap, key: &str) -> &'a str {
    metadata.get(key).map_or("none", |value| value.to_str().unwrap_or("not ASCII"))
}

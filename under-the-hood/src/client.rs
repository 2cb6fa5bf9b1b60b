//! The client's side: the same call three times, each time with one layer less.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::{BodyExt, Full, Limited};
use launcher::{Error, endpoint, transcript};
use prost::Message;
use proto::ecommerce::{Product, product_info_client::ProductInfoClient};
use tokio::{sync::oneshot, time::timeout};
use tonic::{body::Body, transport::Channel};
use tower::{Service, ServiceExt};

use crate::{
    call::Call,
    connection::Connection,
    dump::{annotated, hex},
    encode::{Encoder, product},
    framing::{Messages, PREFIX, frame},
    headers, raw,
    status::Status,
    watch::View,
};

const ADD_PRODUCT: &str = "/ecommerce.ProductInfo/addProduct";
const GET_PRODUCT: &str = "/ecommerce.ProductInfo/getProduct";
const SEARCH_ORDERS: &str = "/ecommerce.OrderManagement/searchOrders";

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Makes the calls to the server at `target`, a `HOST:PORT`, and shows their bytes; with
/// [`View::Frames`] those of all frames.
pub async fn run(target: String, view: View) -> Result<(), Error> {
    let channel = endpoint(&target)?.timeout(TIMEOUT).connect().await?;
    transcript!(client, "1. with the generated stub");
    by_stub(ProductInfoClient::new(channel.clone())).await?;
    transcript!(client, "2. the message by hand, over an HTTP library");
    by_post(channel).await?;
    transcript!(client, "3. HTTP/2 by hand");
    by_frames(&target, view).await.map_err(|error| match error.downcast::<Status>() {
        Ok(status) => tonic::Status::from(*status).into(),
        Err(error) => error,
    })
}

fn watch() -> Product {
    Product { name: "Apple Watch S4".into(), price: 400.0, ..Product::default() }
}

/// What one usually sees of a call.
async fn by_stub(mut stub: ProductInfoClient<Channel>) -> Result<(), Error> {
    let id = stub.add_product(watch()).await?.into_inner();
    transcript!(client, "addProduct({:?}) -> {}", watch().name, id.value);
    Ok(())
}

/// Makes the bytes of the message, posts them, and takes the response apart.
async fn by_post(mut channel: Channel) -> Result<(), Error> {
    let message = product(&watch());
    transcript!(client, "Product {{ name: {:?}, price: {} }} is", watch().name, watch().price);
    for line in annotated(&message.pieces) {
        transcript!(client, "  {line}");
    }
    let message = message.bytes();
    if message != watch().encode_to_vec() {
        return Err("prost would have encoded it otherwise".into());
    }
    let framed = frame(&message)?;
    let prefix = framed.get(..PREFIX).unwrap_or_default();
    transcript!(
        client,
        "and its prefix: {}, not compressed, {} bytes",
        hex(prefix),
        message.len()
    );

    // The library puts the server's real name in the place of this one.
    let request = headers::request("a.server", ADD_PRODUCT, TIMEOUT)?;
    let request = request.map(|()| Body::new(Full::new(framed)));
    let response = channel.ready().await?.call(request).await?;
    transcript!(client, "POST {ADD_PRODUCT} -> HTTP status {}", response.status().as_u16());
    headers::check_response(&response)?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, 64 * 1024).collect();
    let body = timeout(TIMEOUT, body).await.map_err(|_| "the response does not end")?;
    let body = body.map_err(|error| format!("the response cannot be read: {error}"))?;
    // Where there is no message, the status may have come with the headers.
    let only = head.headers.contains_key("grpc-status").then_some(&head.headers);
    let status = Status::read(only.or(body.trailers()).unwrap_or(&HeaderMap::new()));
    let mut messages = Messages::new(1024);
    messages.push(&body.to_bytes());
    let answer = messages.take()?.ok_or(status.clone())?;
    transcript!(client, "a message of {} bytes:", answer.bytes.len());
    for line in raw::lines(&answer.bytes)? {
        transcript!(client, "  {line}");
    }
    transcript!(client, "and in the trailers the status: {status}");
    Ok(())
}

/// A call that is answered, one that is refused, one with a stream of answers; and with all frames to
/// be seen, two at the same time.
async fn by_frames(target: &str, view: View) -> Result<(), Error> {
    let connection = Connection::open(target, Some(view)).await?;

    let message = product(&watch()).bytes();
    let id = connection.call(ADD_PRODUCT, &message, TIMEOUT).await?.only_message().await?;
    connection.flush().await;
    transcript!(client, "addProduct -> {}", raw::lines(&id)?.join(", "));

    let unknown = text("\u{c5c6}\u{c74c}");
    let status = match connection.call(GET_PRODUCT, &unknown, TIMEOUT).await {
        Ok(call) => call.only_message().await.err(),
        Err(status) => Some(status),
    };
    connection.flush().await;
    transcript!(
        client,
        "getProduct -> {}",
        status.ok_or("there is no such product, and it was found")?
    );

    let found = count(connection.call(SEARCH_ORDERS, &text("Google"), TIMEOUT).await?).await?;
    connection.flush().await;
    transcript!(client, "searchOrders -> {found} messages");

    if view == View::Frames {
        transcript!(client, "4. two calls at the same time");
        two(&connection).await?;
    }
    Ok(())
}

/// A message with one field, a string: a `ProductID`, or a `google.protobuf.StringValue`.
fn text(text: &str) -> Bytes {
    let mut message = Encoder::default();
    message.string(1, "value", text);
    message.bytes().into()
}

/// Begins a call, makes another from its start to its end, and then goes on with the first.
async fn two(connection: &Connection) -> Result<(), Error> {
    let (answered, go_on) = oneshot::channel::<()>();
    let google = text("Google");
    // It goes on as well if the other has failed.
    let go_on = async { drop(go_on.await) };
    let first = connection.call_when(SEARCH_ORDERS, &google, TIMEOUT, go_on);
    let second = async {
        let amazon = connection.call(SEARCH_ORDERS, &text("Amazon"), TIMEOUT).await?;
        let found = count(amazon).await;
        drop(answered);
        found
    };
    let (google, amazon) = tokio::try_join!(async { count(first.await?).await }, second)?;
    connection.flush().await;
    transcript!(client, "searchOrders -> {google} messages and {amazon} messages");
    Ok(())
}

/// How many messages come.
async fn count(mut call: Call) -> Result<usize, Status> {
    let mut found = 0;
    while call.message().await?.is_some() {
        found += 1;
    }
    Ok(found)
}

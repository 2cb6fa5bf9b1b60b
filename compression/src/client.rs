//! The client: sends five orders and gets them back, without and with gzip, and prints how many bytes
//! that took. Then it makes two calls that the server refuses.

use std::{error::Error as _, time::Duration};

use clap::ValueEnum;
use http_body_util::Full;
use launcher::{Error, describe, endpoint, transcript};
use prost::Message;
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use tokio::time::timeout;
use tonic::{
    Code, Request, Response, Status, body::Body, codec::CompressionEncoding,
    metadata::MetadataValue, transport::Channel,
};
use tower::ServiceExt;

use crate::{bomb, counter};

/// An encoding of messages, under its name in gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Encoding {
    /// Not compressed
    Identity,
    /// Compressed with gzip
    Gzip,
}

/// Connects to the server at `target`, a `HOST:PORT`, and makes all calls.
pub async fn run(target: String) -> Result<(), Error> {
    run_with(target, None).await
}

/// The same, or only the orders with one encoding.
pub async fn run_with(target: String, only: Option<Encoding>) -> Result<(), Error> {
    call(endpoint(&target)?.connect().await?, only).await
}

/// Makes all calls on one channel, or only the orders with one encoding.
pub async fn call(channel: Channel, only: Option<Encoding>) -> Result<(), Error> {
    let calls = async {
        if let Some(encoding) = only {
            return send_orders(channel, encoding).await;
        }
        send_orders(channel.clone(), Encoding::Identity).await?;
        send_orders(channel.clone(), Encoding::Gzip).await?;
        unknown_encoding(channel.clone()).await?;
        decompression_bomb(channel).await
    };
    // Production: no call may wait for ever. `Endpoint::timeout` is not enough. It ends with the headers of
    // the response, and the message may never follow.
    timeout(Duration::from_secs(30), calls)
        .await
        .map_err(|_| "the calls took more than 30 s; is the server overloaded?")?
}

/// Adds each order of [`orders`], gets it back, and prints the bytes that were sent and received.
pub async fn send_orders(channel: Channel, encoding: Encoding) -> Result<(), Error> {
    let bytes = counter::Counter::default();
    let channel = counter::count(channel, bytes.clone());
    let (name, list) = match encoding {
        Encoding::Identity => ("identity", "identity"),
        Encoding::Gzip => ("gzip", "gzip,identity"),
    };
    // The interceptor runs after the stub, and replaces the list of `accept_compressed`.
    let accept = move |mut request: Request<()>| {
        request.metadata_mut().insert("grpc-accept-encoding", MetadataValue::from_static(list));
        Ok(request)
    };
    let mut stub = OrderManagementClient::with_interceptor(channel, accept)
        // Production: be able to read gzip even if you do not ask for it. Servers in Python and C++ may
        // compress their responses whatever the list says. As on the server, 4 MiB is the limit.
        .accept_compressed(CompressionEncoding::Gzip);
    if encoding == Encoding::Gzip {
        // Compression of requests is a property of the stub. To decide call by call, use two stubs: they
        // are cheap, and share the connection. In Go it is an option of each call.
        stub = stub.send_compressed(CompressionEncoding::Gzip);
    }
    for order in orders() {
        let (id, size) = (&order.id, order.encoded_len());
        let added = stub.add_order(order.clone()).await;
        added.map_err(|status| match status.code() {
            Code::Unimplemented => {
                let advice = "use --encoding identity, or a server that has gzip";
                Error::from(format!("{}; {advice}", describe(&status)))
            }
            _ => status.into(),
        })?;
        let (sent, _) = bytes.take();
        let stored = stub.get_order(id.clone()).await?.into_inner();
        let (_, received) = bytes.take();
        if stored != order {
            return Err(format!("getOrder({id:?}) returned another order").into());
        }
        let line = format!("{name:8} {id:11} of {size:5} bytes: sent {sent:5}");
        transcript!(client, "{line}, received {received:5}");
    }
    Ok(())
}

/// The orders that the client sends: five kinds of text. They are the same in every run.
#[must_use]
pub fn orders() -> [Order; 5] {
    let mut rng = fastrand::Rng::with_seed(1);
    let words = WORDS.split_inclusive(' ').collect::<Vec<_>>();
    let (mut text, mut random) = (String::new(), String::new());
    while text.len() < 80_000 {
        text.extend(rng.choice(&words).copied());
    }
    // Compressed data looks random, and so do the bytes of this text. It has to be valid UTF-8. With one
    // character of two bytes for three of one byte, most bytes are equally frequent.
    while random.len() < 80_000 {
        random.push(match rng.u8(0..4) {
            0 => rng.char('\u{80}'..'\u{800}'),
            _ => rng.char('\0'..'\u{80}'),
        });
    }
    [
        ("text", text),
        ("small", String::new()),
        ("random", random),
        // A secret, followed by a text that an attacker has chosen to find out the secret.
        ("wrong guess", "token=4f9d2c61a8e3; you searched for token=b07a5e93d41c".into()),
        ("right guess", "token=4f9d2c61a8e3; you searched for token=4f9d2c61a8e3".into()),
    ]
    .map(|(id, description)| Order {
        id: id.into(),
        items: vec!["a lamp".into()],
        description,
        ..Order::default()
    })
}

const WORDS: &str = "a and are as battery black box but by camera can charge colour delivery each fast for \
    from gift glass has height if in is it keep lamp light long make metal new not of on only or our out \
    price quiet room screen small so sound table that the this to two use warm watch weight with you ";

async fn unknown_encoding(channel: Channel) -> Result<(), Error> {
    let mut request = Request::new("106".to_owned());
    request.metadata_mut().insert("grpc-encoding", MetadataValue::from_static("snappy"));
    let result = OrderManagementClient::new(channel).get_order(request).await;
    refused("getOrder with grpc-encoding: snappy", result)
}

async fn decompression_bomb(channel: Channel) -> Result<(), Error> {
    let message = bomb::bomb()?;
    let call = format!("addOrder with {} bytes that expand to 200 MB", message.len());
    // tonic's encoder would need the 200 MB in memory to compress them. So this channel replaces the
    // body of the request, after the stub has set the headers.
    let channel = channel.map_request(move |request: http::Request<Body>| {
        request.map(|_| Body::new(Full::new(message.clone())))
    });
    let mut stub =
        OrderManagementClient::new(channel).send_compressed(CompressionEncoding::Gzip);
    refused(&call, stub.add_order(Order::default()).await)
}

/// Prints the outcome of a call that our server refuses. Other servers may accept it.
fn refused<T>(call: &str, result: Result<Response<T>, Status>) -> Result<(), Error> {
    match result {
        Ok(_) => transcript!(client, "{call} -> accepted; our server refuses this"),
        // Only a status that tonic made itself has a source: no server has answered.
        Err(status) if status.source().is_some() => return Err(status.into()),
        Err(status) => {
            transcript!(client, "{call} -> {}", describe(&status));
            if let Some(accepted) = status.metadata().get("grpc-accept-encoding") {
                transcript!(client, "  grpc-accept-encoding: {accepted:?}");
            }
        }
    }
    Ok(())
}

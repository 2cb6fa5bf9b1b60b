//! Calls below the stub: a request of headers and bytes, and the response as it arrives.

use std::io::{Read, Write};

use bytes::Bytes;
use compression::server::service;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use order_management::orders::Orders;
use prost::Message;
use testing::in_memory;
use tonic::{Status, body::Body, transport::Channel};
use tower::{Service, ServiceExt};

/// The response of a server.
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    trailers: HeaderMap,
}

impl Answer {
    pub(crate) fn status(&self) -> Status {
        // Without a message, the trailers come in the headers.
        Status::from_header_map(&self.trailers)
            .or_else(|| Status::from_header_map(&self.headers))
            .expect("the call has a status")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The messages, each with its compressed flag.
    pub(crate) fn messages(&self) -> Vec<(u8, Vec<u8>)> {
        let (mut messages, mut rest) = (Vec::new(), &self.body[..]);
        while let [flag, a, b, c, d, more @ ..] = rest {
            let (message, more) = more.split_at(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
            messages.push((*flag, message.to_vec()));
            rest = more;
        }
        assert!(rest.is_empty(), "the last message is complete");
        messages
    }
}

/// The service of this example, in memory.
pub(crate) async fn channel() -> Channel {
    in_memory(service(Orders::sample())).await
}

/// Calls a method of `OrderManagement`.
pub(crate) async fn call(
    channel: &Channel,
    method: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let mut request = Request::post(format!("/ecommerce.OrderManagement/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::new(Full::new(body.into()))).unwrap();
    let mut channel = channel.clone();
    let response = channel.ready().await.unwrap().call(request).await.unwrap();
    let headers = response.headers().clone();
    let body = response.into_body().collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    Answer { headers, body: body.to_bytes(), trailers }
}

/// An uncompressed message, behind its prefix.
pub(crate) fn plain(message: &impl Message) -> Vec<u8> {
    framed(0, &message.encode_to_vec())
}

/// A message compressed with gzip, behind its prefix.
pub(crate) fn gzip(message: &impl Message) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&message.encode_to_vec()).unwrap();
    framed(1, &encoder.finish().unwrap())
}

/// A message behind the prefix with this compressed flag.
pub(crate) fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[flag], &length.to_be_bytes()[..], message].concat()
}

#[allow(dead_code, reason = "the exercises do not need it")]
pub(crate) fn expand(message: &[u8]) -> Vec<u8> {
    let mut expanded = Vec::new();
    GzDecoder::new(message).read_to_end(&mut expanded).expect("it is gzip");
    expanded
}

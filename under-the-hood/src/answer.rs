//! How the server by hand answers a call: `ProductInfo.getProduct`.

use std::{future::poll_fn, sync::Arc, time::Duration};

use bytes::Bytes;
use h2::{Reason, RecvStream, server::SendResponse};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use launcher::transcript;
use tokio::time::{Instant, timeout_at};
use tracing::debug;

use crate::{
    by_hand::Products,
    decode::{Field, Value, fields},
    encode,
    framing::{Messages, frame},
    headers,
    status::{CANCELLED, DEADLINE_EXCEEDED, INTERNAL, NOT_FOUND, OK, Status, UNIMPLEMENTED},
};

/// The path of the method.
pub const GET_PRODUCT: &str = "/ecommerce.ProductInfo/getProduct";

/// The longest request that is taken: an id is not that long.
const MAX_REQUEST: usize = 64 * 1024;

/// How long a call may take, also if it says longer.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// Answers one call, with a message and OK, or with another status.
pub(crate) async fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    products: Arc<Products>,
) {
    transcript!(server, "{} {}", request.method(), request.uri().path());
    let answered = async {
        if request.method() != Method::POST || !headers::is_grpc(request.headers()) {
            // It is not for us, and would not understand a status.
            let mut response = Response::new(());
            *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            respond.send_response(response, true)?;
            return Ok::<_, h2::Error>(());
        }
        let limit = headers::timeout(request.headers()).unwrap_or(TIMEOUT).min(TIMEOUT);
        let deadline = Instant::now() + limit;
        let late = |_| Err(Status::new(DEADLINE_EXCEEDED, "the deadline has passed"));
        let got = timeout_at(deadline, get_product(request, &products)).await;
        match got.unwrap_or_else(late) {
            // A client that does not read is not waited for either. Its stream is reset.
            Ok(message) => timeout_at(deadline, send(&mut respond, message))
                .await
                .unwrap_or_else(|_| Err(Reason::CANCEL.into())),
            Err(status) => refuse(&mut respond, &status),
        }
    };
    if let Err(error) = answered.await {
        // The client has gone, or has cancelled the call.
        debug!(%error, "a call has ended");
    }
}

/// The method: reads the request, looks the product up, and encodes it.
async fn get_product(
    request: Request<RecvStream>,
    products: &Products,
) -> Result<Bytes, Status> {
    if request.uri().path() != GET_PRODUCT {
        let message = format!("there is no method {:.100}", request.uri().path());
        return Err(Status::new(UNIMPLEMENTED, message));
    }
    let compression = request.headers().get("grpc-encoding").is_some_and(|it| it != "identity");
    if compression {
        return Err(Status::new(UNIMPLEMENTED, "no compression is known here"));
    }
    let message = read(request.into_body()).await?;
    let id = product_id(&message)?;
    let product = products.get(&id).ok_or_else(|| {
        Status::new(NOT_FOUND, format!("product \"{id:.100}\" does not exist"))
    })?;
    let message = encode::product(product).bytes();
    Ok(frame(&message)?)
}

/// Reads the one message of a request.
async fn read(mut body: RecvStream) -> Result<Bytes, Status> {
    let broken = |error: h2::Error| Status::new(CANCELLED, error.to_string());
    let mut messages = Messages::new(MAX_REQUEST);
    let mut only = None;
    while let Some(data) = body.data().await {
        let data = data.map_err(broken)?;
        messages.push(&data);
        // What is read makes room for more: without this the client would stand still after 64 KiB.
        body.flow_control().release_capacity(data.len()).map_err(broken)?;
        while let Some(message) = messages.take()? {
            if message.compressed {
                return Err(Status::new(INTERNAL, "compressed, and it does not say how"));
            }
            if only.replace(message.bytes).is_some() {
                return Err(Status::new(INTERNAL, "more than one message for a unary call"));
            }
        }
    }
    messages.end()?;
    only.ok_or_else(|| Status::new(INTERNAL, "no message for a unary call"))
}

/// The field `value` of a `ProductID`. Fields that are not known are passed over, so that a client may
/// be newer than this; of several, the last counts.
fn product_id(message: &[u8]) -> Result<String, Status> {
    let mut id = "";
    for field in fields(message) {
        let field = field.map_err(|error| Status::new(INTERNAL, error.to_string()))?;
        if let Field { number: 1, value: Value::LengthDelimited(bytes) } = field {
            id = std::str::from_utf8(bytes)
                .map_err(|_| Status::new(INTERNAL, "the id is not UTF-8"))?;
        }
    }
    Ok(id.to_owned())
}

/// Headers, the message, and the trailers with OK.
async fn send(respond: &mut SendResponse<Bytes>, mut message: Bytes) -> Result<(), h2::Error> {
    let mut body = respond.send_response(head(), false)?;
    while !message.is_empty() {
        body.reserve_capacity(message.len());
        let Some(capacity) = poll_fn(|context| body.poll_capacity(context)).await else {
            return Err(Reason::CANCEL.into());
        };
        let part = message.split_to(capacity?.min(message.len()));
        body.send_data(part, false)?;
    }
    // Only now is it known that all went well. That is what trailers are for.
    body.send_trailers(Status::new(OK, "").trailers())
}

/// A status without a message before it: headers and trailers in one, and the end of the stream.
fn refuse(respond: &mut SendResponse<Bytes>, status: &Status) -> Result<(), h2::Error> {
    let mut response = head();
    response.headers_mut().extend(status.trailers());
    respond.send_response(response, true)?;
    Ok(())
}

fn head() -> Response<()> {
    let mut response = Response::new(());
    let content_type = HeaderValue::from_static(headers::CONTENT_TYPE);
    response.headers_mut().insert("content-type", content_type);
    response
}

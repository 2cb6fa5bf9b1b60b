//! A server over the `h2` crate alone, for one method: `ProductInfo.getProduct`.

use std::{collections::HashMap, future::poll_fn, sync::Arc, time::Duration};

use bytes::Bytes;
use h2::{
    Reason, RecvStream,
    server::{Builder, SendResponse},
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use proto::ecommerce::Product;
use tokio::{
    net::{TcpListener, TcpStream},
    pin, select,
    task::JoinSet,
    time::timeout,
};
use tracing::{debug, info};

use crate::{
    decode::{Field, Value, fields},
    encode,
    framing::{Malformed, Messages, frame},
    headers,
    status::{
        CANCELLED, DEADLINE_EXCEEDED, INTERNAL, NOT_FOUND, OK, RESOURCE_EXHAUSTED, Status,
        UNIMPLEMENTED,
    },
};

/// The only method that there is.
pub const GET_PRODUCT: &str = "/ecommerce.ProductInfo/getProduct";

/// The longest request that is taken: an id is not that long.
const MAX_REQUEST: usize = 64 * 1024;

/// How long a call may take if it does not say so itself.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What is served: products by their ids.
pub type Products = HashMap<String, Product>;

/// The product that there is if nobody brings others.
#[must_use]
pub fn sample() -> Products {
    let watch = Product {
        id: "watch".into(),
        name: "Apple Watch S4".into(),
        description: "Fall detection and an electrical heart sensor".into(),
        price: 400.0,
    };
    Products::from([(watch.id.clone(), watch)])
}

/// Serves the [`sample`] on `listener` until `shutdown` ends and the last call is answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), launcher::Error> {
    serve_products(listener, shutdown, sample()).await
}

/// As [`serve`], with products of your own.
pub async fn serve_products(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    products: Products,
) -> Result<(), launcher::Error> {
    let products = Arc::new(products);
    let (stop, stopping) = tokio::sync::watch::channel(());
    let mut connections = JoinSet::new();
    pin!(shutdown);
    loop {
        select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (products, mut stopping) = (Arc::clone(&products), stopping.clone());
                    connections.spawn(async move {
                        let stop = async { drop(stopping.changed().await) };
                        if let Err(error) = connection(stream, stop, products).await {
                            debug!(%error, "a connection has ended");
                        }
                    });
                }
                // Too many open files, perhaps; it passes.
                Err(error) => {
                    debug!(%error, "cannot accept");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop((listener, stop));
    while connections.join_next().await.is_some() {}
    Ok(())
}

/// Serves one connection until it ends, or until `stop` and the last call.
async fn connection(
    stream: TcpStream,
    stop: impl Future<Output = ()>,
    products: Arc<Products>,
) -> Result<(), launcher::Error> {
    stream.set_nodelay(true)?;
    let mut settings = Builder::new();
    settings.max_concurrent_streams(100).max_header_list_size(16 * 1024);
    let handshake = settings.handshake::<_, Bytes>(stream);
    let mut connection = timeout(Duration::from_secs(10), handshake).await??;
    let mut calls = JoinSet::new();
    let mut stopping = false;
    pin!(stop);
    loop {
        select! {
            () = &mut stop, if !stopping => {
                stopping = true;
                // GOAWAY: no more calls on this connection. `accept` ends after the last.
                connection.graceful_shutdown();
            }
            accepted = connection.accept() => match accepted {
                Some(call) => {
                    let (request, respond) = call?;
                    calls.spawn(answer(request, respond, Arc::clone(&products)));
                }
                None => return Ok(()),
            },
            Some(_) = calls.join_next() => {}
        }
    }
}

/// Answers one call, with a message and OK, or with another status.
async fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    products: Arc<Products>,
) {
    info!(target: "server", "{} {}", request.method(), request.uri().path());
    let answered = async {
        if request.method() != Method::POST || !headers::is_grpc(request.headers()) {
            // It is not for us, and would not understand a status.
            let mut response = Response::new(());
            *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            respond.send_response(response, true)?;
            return Ok::<_, h2::Error>(());
        }
        let limit = headers::timeout(request.headers()).unwrap_or(TIMEOUT).min(TIMEOUT);
        let late = |_| Status::new(DEADLINE_EXCEEDED, "the deadline has passed");
        match timeout(limit, get_product(request, &products))
            .await
            .unwrap_or_else(|e| Err(late(e)))
        {
            Ok(message) => send(&mut respond, message).await,
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
    let message = read(request.into_body()).await?;
    let id = product_id(&message)?;
    let product = products.get(&id).ok_or_else(|| {
        Status::new(NOT_FOUND, format!("product \"{id:.100}\" does not exist"))
    })?;
    let message = encode::product(product).bytes();
    frame(&message).map_err(|error| Status::new(INTERNAL, error.to_string()))
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
        while let Some(message) = messages.take().map_err(refused)? {
            if message.compressed {
                return Err(Status::new(UNIMPLEMENTED, "no compression is known here"));
            }
            if only.replace(message.bytes).is_some() {
                return Err(Status::new(INTERNAL, "more than one message for a unary call"));
            }
        }
    }
    messages.end().map_err(refused)?;
    only.ok_or_else(|| Status::new(INTERNAL, "no message for a unary call"))
}

fn refused(error: Malformed) -> Status {
    let code =
        if matches!(error, Malformed::TooLong(_)) { RESOURCE_EXHAUSTED } else { INTERNAL };
    Status::new(code, error.to_string())
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

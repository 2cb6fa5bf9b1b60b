//! Step 4: a server over the `h2` crate alone. It has one method, `ProductInfo.getProduct`.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use h2::{RecvStream, server};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use launcher::transcript;
use proto::ecommerce::Product;
use tokio::{net::TcpListener, select, task::JoinSet, time::timeout};
use tokio_stream::StreamExt as _;
use tokio_util::sync::CancellationToken;
use wire::{code, decode, status::Status};

use crate::{message, prefix};

/// How long a call may take, even if the client allows more.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The product with this `id`. This server has only one.
fn find(id: &str) -> Option<Product> {
    (id == "watch").then(|| Product {
        id: id.into(),
        name: "Apple Watch S4".into(),
        price: 400.0,
        ..Product::default()
    })
}

/// Serves on `listener` until `shutdown` ends and the last call has been answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), launcher::Error> {
    let stop = CancellationToken::new();
    let mut incoming = launcher::incoming(listener);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        select! {
            () = &mut shutdown => break,
            Some(Ok(stream)) = incoming.next() => {
                connections.spawn(connection(stream, stop.clone()));
            }
            Some(_ended) = connections.join_next() => {}
        }
    }
    drop(incoming);
    stop.cancel();
    connections.join_all().await;
    Ok(())
}

/// Serves one connection until the client closes it, or until `stop` and the last call.
async fn connection(stream: launcher::Connection, stop: CancellationToken) {
    let mut settings = server::Builder::new();
    // Production: the same limits as in the other servers, but no keepalive. Clients wait at a limit.
    settings
        .initial_window_size(launcher::STREAM_WINDOW)
        .initial_connection_window_size(launcher::CONNECTION_WINDOW)
        .max_concurrent_streams(launcher::STREAMS)
        .max_pending_accept_reset_streams(1_000)
        .max_header_list_size(16 * 1024);
    // The handshake fails if the client leaves or does not speak HTTP/2. That is no fault here.
    let Ok(mut connection) = settings.handshake(stream).await else { return };
    let mut stopping = false;
    loop {
        select! {
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                // Sends GOAWAY: no new calls on this connection. `accept` ends after the last one.
                connection.graceful_shutdown();
            }
            // Waiting for the next call is also what reads and writes for all calls.
            accepted = connection.accept() => {
                let Some(Ok((request, respond))) = accepted else { return };
                // If this fails, the client is gone or has cancelled the call.
                tokio::spawn(answer(request, respond));
            }
        }
    }
}

/// Answers one call.
async fn answer(
    request: Request<RecvStream>,
    mut respond: server::SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    transcript!(server, "{} {}", request.method(), request.uri().path());
    let mut response = Response::new(());
    if request.method() != Method::POST || !wire::status::is_grpc(request.headers()) {
        // Not a gRPC client. It would not look for `grpc-status`, so it gets an HTTP status.
        *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return respond.send_response(response, true).map(drop);
    }
    // For gRPC the HTTP status is 200, also when the call fails: a gRPC server has answered.
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    // The encodings that this server can read. A client that used another one can try again.
    headers.insert("grpc-accept-encoding", HeaderValue::from_static("identity"));

    // `grpc-timeout` is the time that the client has left. This server never takes longer than 30 s.
    let limit = wire::timeout::get(request.headers()).unwrap_or(TIMEOUT).min(TIMEOUT);
    let late = |_| Err(Status::new(code::DEADLINE_EXCEEDED, "the deadline has passed"));
    match timeout(limit, get_product(request)).await.unwrap_or_else(late) {
        Ok(message) => {
            let mut body = respond.send_response(response, false)?;
            body.send_data(message, false)?;
            // A stream of messages could still fail here, long after the headers and their 200.
            // So the status comes last, in trailers.
            body.send_trailers(Status::new(code::OK, "").to_trailers())
        }
        Err(status) => {
            // Trailers-Only: there is no message, so one frame is headers, trailers and the end.
            response.headers_mut().extend(status.to_trailers());
            respond.send_response(response, true).map(drop)
        }
    }
}

/// The method: reads the request, looks up the product, and returns it as a framed message.
async fn get_product(request: Request<RecvStream>) -> Result<Bytes, Status> {
    let path = request.uri().path();
    if path != "/ecommerce.ProductInfo/getProduct" {
        let text = format!("there is no method {path:.100}");
        return Err(Status::new(code::UNIMPLEMENTED, text));
    }
    let encoding = request.headers().get("grpc-encoding");
    if let Some(encoding) = encoding.filter(|encoding| *encoding != "identity") {
        let encoding = String::from_utf8_lossy(encoding.as_bytes());
        let text = format!("grpc-encoding {encoding:.100} is not supported; use identity");
        return Err(Status::new(code::UNIMPLEMENTED, text));
    }

    // Production: a limit. An id is much shorter than 64 KiB.
    let mut receiver = prefix::Receiver::new(request.into_body(), 64 * 1024);
    let internal = |text: &str| Status::new(code::INTERNAL, text);
    let (Some(message), None) = (receiver.next().await?, receiver.next().await?) else {
        return Err(internal("a unary call has exactly one message"));
    };

    // The request is a `ProductID`, whose field 1 is the id. Unknown fields are skipped, because the
    // client may be newer than the server. If a field comes twice, the last one counts.
    let mut id: &[u8] = b"";
    for field in decode::fields(&message) {
        let field = field.map_err(|error| internal(&error.to_string()))?;
        if let (1, decode::Value::LengthDelimited(value)) = (field.number, field.value) {
            id = value;
        }
    }
    let id = std::str::from_utf8(id).map_err(|_| internal("the id is not UTF-8"))?;
    let product = find(id).ok_or_else(|| {
        Status::new(code::NOT_FOUND, format!("product \"{id:.100}\" does not exist"))
    })?;
    Ok(prefix::frame(&message::product(&product).bytes())?)
}

//! Step 3: a call, over the `h2` crate alone.
//!
//! `h2` knows streams and frames, and nothing of gRPC. A call is one stream: the client sends headers and
//! messages, and the server answers with headers, messages and trailers.

use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};
use wire::{code, status::Status, timeout};

use crate::prefix::{Receiver, broken, frame};

/// An HTTP/2 connection, which carries any number of calls at the same time.
pub struct Connection {
    requests: SendRequest<Bytes>,
    authority: String,
}

impl Connection {
    /// Starts HTTP/2 on `stream`. The `authority` is the server's HOST:PORT.
    pub async fn new<S>(stream: S, authority: &str) -> Result<Self, h2::Error>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut settings = Builder::new();
        // Production: limits for what a server can make us store, and windows with which a stream of tiny
        // messages does not cost the connection. gRPC does not use server push.
        settings
            .enable_push(false)
            .max_header_list_size(16 * 1024)
            .initial_window_size(launcher::STREAM_WINDOW)
            .initial_connection_window_size(launcher::CONNECTION_WINDOW);
        let (requests, connection) = settings.handshake(stream).await?;
        // This task reads and writes for all calls. If it fails, each of the calls returns the error.
        tokio::spawn(connection);
        Ok(Self { requests, authority: authority.to_owned() })
    }

    /// Makes a call with one message, and passes each message of the response to `on_message`. Fails with
    /// the status of the call unless it is OK.
    pub async fn call(
        &self,
        path: &str,
        message: &[u8],
        timeout: Duration,
        mut on_message: impl FnMut(Bytes),
    ) -> Result<(), Status> {
        // Always POST, because a GET could be cached or repeated. The URI becomes `:scheme`, `:authority`
        // and `:path`. With the path, /PACKAGE.SERVICE/METHOD, the server finds the method.
        let request = Request::post(format!("http://{}{path}", self.authority))
            .header(timeout::HEADER, timeout::format(timeout))
            // The client reads trailers. A proxy that cannot forward them has to remove this header.
            .header("te", "trailers")
            .header("content-type", "application/grpc")
            .header("user-agent", concat!("grpc-by-hand/", env!("CARGO_PKG_VERSION")))
            .body(())
            .map_err(|error| Status::new(code::INTERNAL, error.to_string()))?;

        let call = async {
            // Waits while the connection has as many streams as the server allows.
            let mut requests = self.requests.clone().ready().await.map_err(broken)?;
            let (response, mut body) = requests.send_request(request, false).map_err(broken)?;
            // `true` is END_STREAM, the half-close: the client sends nothing more. h2 keeps the bytes
            // until the server's flow control allows them. (Before many messages, use `poll_capacity`.)
            body.send_data(frame(message)?, true).map_err(broken)?;

            let (head, body) = response.await.map_err(broken)?.into_parts();
            // The status may come with the headers. Here a response that is not gRPC gets a status, too.
            if let Some(status) = Status::from_headers(head.status, &head.headers) {
                return Ok(status);
            }
            // 4 MiB is gRPC's default limit in every language.
            let mut receiver = Receiver::new(body, 4 * 1024 * 1024);
            while let Some(message) = receiver.next().await? {
                on_message(message);
            }
            // No more messages, so the trailers follow. Only they say whether the call succeeded.
            let trailers =
                receiver.stream.trailers().await.map_err(broken)?.unwrap_or_default();
            Ok(Status::from_trailers(&trailers))
        };
        // The client watches its deadline itself, because the server may be unreachable. When `call` is
        // dropped, h2 resets the stream.
        match tokio::time::timeout(timeout, call).await {
            Ok(Ok(Status { code: code::OK, .. })) => Ok(()),
            Ok(Ok(status) | Err(status)) => Err(status),
            Err(_) => Err(Status::new(code::DEADLINE_EXCEEDED, "the deadline has passed")),
        }
    }
}

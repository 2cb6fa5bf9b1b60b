//! The transport below the service: how much HTTP/2 takes in before anybody reads it.

use std::time::Duration;

use tonic::transport::Server;

/// How streams like these are served: the settings that tonic leaves open, or sets for others.
#[must_use]
pub fn builder() -> Server {
    Server::builder()
        // What a client may send ahead of a server that does not read yet, in bytes: on a stream,
        // and on all streams of a connection together. HTTP/2 counts bytes and not frames, though,
        // and tiny messages, each in a frame of its own, cost much more than their bytes. So `h2`
        // ends a connection, with all of its calls, when the unread frames weigh more than half
        // the connection's window (ENHANCE_YOUR_CALM). With tonic's windows, 1 MiB each, 2,000
        // unread ids do that. With these a stream is full long before.
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(16 * 1024 * 1024)
        // Calls at the same time on one connection; the client keeps the others waiting. Without
        // this there is no limit.
        .max_concurrent_streams(200)
        // A stream may last as long as both sides want; this finds those whose client is gone.
        .http2_keepalive_interval(Some(Duration::from_secs(60)))
}

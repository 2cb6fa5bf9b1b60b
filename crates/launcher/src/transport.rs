//! The transport settings that the examples share.

use std::time::Duration;

use tonic::transport::{self, Endpoint, Server};

/// A tonic server with the limits that a service with streams needs in production. Add layers and
/// services to it as to `Server::builder()`.
#[must_use]
pub fn builder() -> Server {
    Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        // More calls than this at the same time on one connection wait at the client. Without it
        // there is no limit.
        .max_concurrent_streams(STREAMS)
        // A stream may last as long as both sides want. This finds those whose client is gone.
        .http2_keepalive_interval(Some(Duration::from_secs(60)))
}

/// How many calls a server with streams allows on one connection at the same time.
pub const STREAMS: u32 = 200;

/// How many bytes a client may send on one stream before the server has read them.
pub const STREAM_WINDOW: u32 = 64 * 1024;

/// How many bytes a client may send on all streams of a connection before the server has read them.
pub const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;

/// The server at `target`, a `HOST:PORT`, before it is connected to.
///
/// # Errors
///
/// `target` is not the authority of a URI.
pub fn endpoint(target: &str) -> Result<Endpoint, transport::Error> {
    let endpoint = Endpoint::from_shared(format!("http://{target}"))?;
    // Without this, an address that swallows packets is tried for as long as the system tries it,
    // which is two minutes on Linux.
    Ok(endpoint.connect_timeout(Duration::from_secs(5)))
}

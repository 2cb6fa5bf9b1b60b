//! The transport settings that the examples share.
//!
//! # Windows
//!
//! HTTP/2's flow control lets a peer send as many bytes as the *window* has, and widens the window when
//! data is read. Each stream has a window, and the connection has one for all its streams together. So a
//! slow reader stops the sender, and memory stays bounded.
//!
//! `h2`, the library below tonic, has one more limit, against floods of tiny frames. Each unread DATA
//! frame of fewer than 256 bytes costs the difference to 256, and the connection has a budget of half of
//! its window for that. When it is used up, `h2` closes the connection with ENHANCE_YOUR_CALM, and all
//! its calls are lost (`h2` 0.4.20, `src/proto/streams/counts.rs`). With tonic's own settings, 2,088 unread
//! messages without content are enough. They fit into a single stream.
//!
//! A client that sends small messages and reads late must be stopped by flow control and not lose its
//! connection, even if all its streams are full. The smallest message is its prefix of 5 bytes, and costs
//! 251. So the connection window is `STREAMS * (STREAM_WINDOW / 5 + 1) * 251 * 2`. It never limits anything.
//!
//! The worst case in memory is `STREAMS * STREAM_WINDOW / 5` unread frames, or 630 MB for a connection at
//! the 240 bytes per frame that `h2` was measured to keep (of 10 bytes each). With fewer streams it is less.
//!
//! A smaller window is no way out. A client may send 65,535 bytes before it has the server's SETTINGS. If the
//! window is smaller, `h2` 0.4.20 may never widen it for such a stream (`apply_local_settings`).

use std::time::Duration;

use tonic::transport::{self, Endpoint, Server};

/// How many calls one connection may have at the same time. A client keeps further calls waiting.
/// Without this setting there is no limit.
pub const STREAMS: u32 = 200;

/// How many bytes a peer may send on a stream before they are read: HTTP/2's default.
pub const STREAM_WINDOW: u32 = 65_535;

/// The same for all streams of a connection. The top of this file says why it is this large.
pub const CONNECTION_WINDOW: u32 = STREAMS * (STREAM_WINDOW / 5 + 1) * 251 * 2;

/// A tonic server with the limits that a service with streams needs in production. Add layers and
/// services to it as to `Server::builder()`.
#[must_use]
pub fn builder() -> Server {
    Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS)
        // Production: a client whose deadline passes resets its call. By default, 20 such calls that the
        // server has not accepted yet close the connection, with all its other calls.
        .http2_max_pending_accept_reset_streams(Some(5 * STREAMS as usize))
        // A stream may last as long as both sides want. This finds clients that vanished silently.
        .http2_keepalive_interval(Some(Duration::from_secs(60)))
}

/// The server at `target`, a `HOST:PORT`, before it is connected to.
///
/// The windows are those of [`builder`], because a client that reads late would lose its connection, too.
/// They suffice for 200 calls at the same time. `target` must be the authority of a URI.
pub fn endpoint(target: &str) -> Result<Endpoint, transport::Error> {
    let endpoint = Endpoint::from_shared(format!("http://{target}"))?
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    // Without this limit, an address that drops packets is tried for as long as the system tries it,
    // which is two minutes on Linux.
    Ok(endpoint.connect_timeout(Duration::from_secs(5)))
}

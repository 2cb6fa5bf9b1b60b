//! The server: the service of `order-management`, with gzip in both directions.
//!
//! The service itself does not change, and does not notice. tonic expands each request before the method
//! gets it, and compresses each response after the method has returned it.

use launcher::{builder, incoming};
use order_management::{orders::Orders, server::OrderService};
use proto::ecommerce::order_management_server::OrderManagementServer;
use tokio::net::TcpListener;
use tonic::{codec::CompressionEncoding, transport};

/// The size of the largest message that the server accepts, in bytes. It applies before *and* after the
/// message is expanded.
pub const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;

/// The service with `orders` as its store, ready to be added to a server.
///
/// In Go, importing `encoding/gzip` is enough, and in Java gzip is built in. tonic has gzip only with the
/// feature `gzip`, and each service switches it on for each direction.
#[must_use]
pub fn service(orders: Orders) -> OrderManagementServer<OrderService> {
    order_management::server::service(orders)
        // Requests: the client decides, message by message. With any other encoding, or without this
        // line, the call fails with UNIMPLEMENTED.
        .accept_compressed(CompressionEncoding::Gzip)
        // Responses: the client lists in `grpc-accept-encoding` what it can read, and the server uses
        // gzip if gzip is in the list. A client that sends no list gets plain messages.
        .send_compressed(CompressionEncoding::Gzip)
        // Production: 4 MiB is tonic's default, written out because it protects the memory. tonic stops
        // expanding a message at this size. Without a limit, a client can make the server allocate a
        // thousand times what it sends. Never raise it further than your messages need.
        .max_decoding_message_size(MESSAGE_LIMIT)
}

/// Serves the sample orders on `listener`. Returns when `shutdown` has ended and the last call has been
/// answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    // `builder` is tonic's `Server::builder` with the limits for streams that production needs.
    builder()
        .add_service(service(Orders::sample()))
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await
}

//! The server: the unchanged service of `order-management`, with an interceptor and two layers around it.

use std::sync::Arc;

use launcher::{builder, incoming, transcript};
use order_management::{orders::Orders, server::OrderService};
use proto::ecommerce::order_management_server::OrderManagementServer;
use tokio::net::TcpListener;
use tonic::transport;

use crate::{auth::authenticate, call_log::CallLog, served_by::ServedBy};

/// Serves the sample orders on `listener`. Returns when `shutdown` has ended and the last call has
/// been answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    let orders = OrderService::new(Arc::new(Orders::sample()));
    builder()
        // The first layer is the outermost. A call passes them from top to bottom, and its response
        // from bottom to top.
        .layer(CallLog::server(|line| transcript!(server, "{line}")))
        .layer(ServedBy::new("server-1"))
        // The interceptor belongs to one service, so a second service could have another one. The
        // layers are around all services.
        .add_service(OrderManagementServer::with_interceptor(orders, authenticate))
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await
}

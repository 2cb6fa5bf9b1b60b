//! The server's side: the service of `order-management`, as it is, with three things around it.

use std::sync::Arc;

use order_management::{
    orders::Orders,
    server::{OrderService, builder},
};
use proto::ecommerce::order_management_server::OrderManagementServer;
use tokio::net::TcpListener;
use tonic::transport::{self, server::TcpIncoming};
use tracing::info;

use crate::{
    auth::authenticate,
    call_log::{Call, CallLog, Event},
    served_by::ServedBy,
};

/// Serves the sample orders on `listener` until `shutdown` ends and the last call is answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    let service = OrderService::new(Arc::new(Orders::sample()));
    builder()
        // The first is the outermost: a call goes in through them from top to bottom, and its
        // answer comes out from bottom to top.
        .layer(CallLog::new(tell))
        .layer(ServedBy::new("server-1"))
        .add_service(OrderManagementServer::with_interceptor(service, authenticate))
        .serve_with_incoming_shutdown(
            TcpIncoming::from(listener).with_nodelay(Some(true)),
            shutdown,
        )
        .await
}

/// The log of the server's side, to which the client's messages are those that come in.
fn tell(call: &Call, event: Event) {
    match event {
        Event::Started => info!("{call} begins: {}", call.path),
        Event::Request(message) => info!("{call} received {message}"),
        Event::Response(message) => info!("{call} sent {message}"),
        end => info!("{call} {end} after {:.1?}", call.elapsed()),
    }
}

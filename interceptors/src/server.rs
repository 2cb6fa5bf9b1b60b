//! The server's side: the service of `order-management`, as it is, with three things around it.

use launcher::{builder, incoming, transcript};
use order_management::{orders::Orders, server::service};
use tokio::net::TcpListener;
use tonic::{service::interceptor::InterceptedService, transport};

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
    // The interceptor goes around the service as it was. (`OrderManagementServer::with_interceptor`
    // would make a new one, without the limits that this one has.)
    let service = InterceptedService::new(service(Orders::sample()), authenticate);
    builder()
        // The first is the outermost: a call goes in through them from top to bottom, and its
        // answer comes out from bottom to top.
        .layer(CallLog::new(tell))
        .layer(ServedBy::new("server-1"))
        .add_service(service)
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await
}

/// The log of the server's side, to which the client's messages are those that come in.
fn tell(call: &Call, event: Event) {
    match event {
        Event::Started => transcript!(server, "{call} begins: {}", call.path),
        Event::Request(message) => transcript!(server, "{call} received {message}"),
        Event::Response(message) => transcript!(server, "{call} sent {message}"),
        Event::Ended(end) => transcript!(server, "{call} {end} after {:.1?}", call.elapsed()),
    }
}

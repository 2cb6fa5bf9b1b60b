//! The server: a small second service, and [`serve`], which offers it next to the orders on one port.

use futures::TryStreamExt;
use launcher::{builder, incoming, transcript};
use order_management::{orders::Orders, server as orders};
use proto::helloworld::{
    HelloReply, HelloRequest,
    greeter_server::{Greeter, GreeterServer},
};
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    service::Routes,
    transport::{self, server::Connected},
};

/// The size of the largest request to the greeter, in bytes. It leaves room in gRPC's usual limit of
/// 4 MiB, so a client can read every answer.
const MAX_HELLO: usize = 64 * 1024;

/// The service `helloworld.Greeter`.
#[derive(Debug)]
pub struct Hello;

#[tonic::async_trait]
impl Greeter for Hello {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        // The client's end of the connection. Each connection has another port there, so two calls from
        // the same port came over the same connection. The book's Go would call `peer.FromContext`.
        let from =
            request.remote_addr().map(|addr| format!(" from {addr}")).unwrap_or_default();
        let name = request.into_inner().name;
        transcript!(server, "SayHello({name:?}){from}");
        Ok(Response::new(HelloReply { message: format!("Hello {name}") }))
    }
}

/// The services of this server.
///
/// `Routes` looks up the service of each call by the first part of its path, such as
/// `helloworld.Greeter` in `/helloworld.Greeter/SayHello`. A call to a service that is not in it is
/// answered with UNIMPLEMENTED. So a program can decide when it starts which services it offers.
#[must_use]
pub fn services() -> Routes {
    let mut services = Routes::builder();
    services.add_service(orders::service(Orders::sample()));
    // Production: a limit on messages belongs to one service, in contrast to the limits of `builder`,
    // which all services on the connection share.
    let greeter = GreeterServer::new(Hello).max_decoding_message_size(MAX_HELLO);
    services.add_service(greeter);
    services.routes()
}

/// Serves both services on `listener`. Returns when `shutdown` has ended and the last call has been
/// answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    // Clients that share a connection appear here once, however many calls they make.
    let connections = incoming(listener).inspect_ok(|connection| {
        if let Some(addr) = connection.connect_info().remote_addr() {
            transcript!(server, "a connection from {addr}");
        }
    });
    // `builder` is tonic's `Server::builder` with the limits that production needs. One of them is
    // `max_concurrent_streams(200)`: how many calls each connection may have at the same time.
    builder()
        // For a fixed set of services, `.add_service(a).add_service(b)` does the same.
        .add_routes(services())
        .serve_with_incoming_shutdown(connections, shutdown)
        .await
}

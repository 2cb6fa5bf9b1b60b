//! The service that most of the questions are asked with.

use load_balancing::{
    server::Backend,
    stub::{Stub, one_connection},
};
use proto::echo::{EchoRequest, echo_server::EchoServer};
use tonic::{Status, transport::Server};

use crate::sides::Sides;

pub(crate) fn serve(sides: &Sides) -> String {
    let echo = EchoServer::new(Backend(([127, 0, 0, 1], 0).into()));
    sides.serve(|incoming| Server::builder().add_service(echo).serve_with_incoming(incoming))
}

/// A stub with a separate connection, which connects at the first call.
pub(crate) fn connect(sides: &Sides, addr: &str) -> Stub {
    let _runtime = sides.clients.enter();
    one_connection(addr).expect("it is an address")
}

/// `UnaryEcho` of a message of so many bytes, again and again.
pub(crate) async fn call(mut stub: Stub, calls: usize, bytes: usize) -> Result<(), Status> {
    let request = EchoRequest { message: "x".repeat(bytes) };
    for _ in 0..calls {
        stub.unary_echo(request.clone()).await?;
    }
    Ok(())
}

/// The same with a small message.
pub(crate) async fn hello(stub: Stub, calls: usize) -> Result<(), Status> {
    call(stub, calls, 10).await
}

//! The size of a message.

use docs::{paired::Way, report::Report};
use load_balancing::server::Backend;
use proto::echo::{EchoRequest, echo_client::EchoClient, echo_server::EchoServer};
use tonic::transport::Server;

use crate::machine::{Machine, at_once};

pub(crate) fn measure(
    report: &Report,
    machine: &Machine,
) -> Result<(), Box<dyn std::error::Error>> {
    if !report.wants("size") {
        return Ok(());
    }
    let backend = Backend { addr: ([127, 0, 0, 1], 0).into() };
    let echo = EchoServer::new(backend);
    let server = |incoming| Server::builder().add_service(echo).serve_with_incoming(incoming);
    let addr = machine.serve(server);
    let client = EchoClient::new(machine.connect(&addr));
    let calls = report.amount(200);
    let way = |name, bytes| {
        let clients = [client.clone()];
        Way::new(name, move || {
            machine.time(at_once(&clients, calls, |mut client, calls| async move {
                for _ in 0..calls {
                    let message = "x".repeat(bytes);
                    client.unary_echo(EchoRequest { message }).await?;
                }
                Ok(())
            }))
        })
    };
    let mut ways = [
        way("10 bytes", 10),
        way("100 bytes", 100),
        way("1 KiB", 1 << 10),
        way("10 KiB", 10 << 10),
        way("100 KiB", 100 << 10),
        way("1 MiB", 1 << 20),
    ];
    report.compare("size", "200 calls, 64 at a time, there and back", &mut ways)
}

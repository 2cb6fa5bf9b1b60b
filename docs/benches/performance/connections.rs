//! One connection, or many.

use docs::{paired::Way, report::Report};
use load_balancing::server::Backend;
use proto::echo::{EchoRequest, echo_client::EchoClient, echo_server::EchoServer};
use tonic::{
    Status,
    transport::{Channel, Server},
};

use crate::machine::{Machine, at_once};

pub(crate) fn measure(
    report: &Report,
    machine: &Machine,
) -> Result<(), Box<dyn std::error::Error>> {
    let backend = Backend { addr: ([127, 0, 0, 1], 0).into() };
    let echo = EchoServer::new(backend);
    let server = |incoming| Server::builder().add_service(echo).serve_with_incoming(incoming);
    let addr = machine.serve(server);
    if report.wants("connections-many") {
        many(report, machine, &addr)?;
    }
    if report.wants("connections-new") {
        new(report, machine, &addr)?;
    }
    Ok(())
}

async fn call(mut client: EchoClient<Channel>, calls: usize) -> Result<(), Status> {
    for _ in 0..calls {
        client.unary_echo(EchoRequest { message: "hello".into() }).await?;
    }
    Ok(())
}

/// The same 64 callers over more and more connections.
fn many(
    report: &Report,
    machine: &Machine,
    addr: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let calls = report.amount(3_000);
    let way = |name, connections| {
        let client = |_| EchoClient::new(machine.connect(addr));
        let clients = (0..connections).map(client).collect::<Vec<_>>();
        Way::new(name, move || machine.time(at_once(&clients, calls, call)))
    };
    let mut ways = [
        way("1 connection", 1),
        way("2 connections", 2),
        way("4 connections", 4),
        way("16 connections", 16),
        way("64 connections", 64),
    ];
    report.compare("connections-many", "3,000 calls, 64 at a time", &mut ways)
}

/// A connection that is kept, or a new one each time.
fn new(
    report: &Report,
    machine: &Machine,
    addr: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let calls = report.amount(100);
    let client = EchoClient::new(machine.connect(addr));
    let mut ways = [
        Way::new("1 connection", || machine.time(call(client.clone(), calls))),
        Way::new("a connection for each call", || {
            machine.time(async {
                for _ in 0..calls {
                    let client = EchoClient::connect(format!("http://{addr}")).await;
                    call(client.expect("somebody listens"), 1).await?;
                }
                Ok(())
            })
        }),
    ];
    report.compare("connections-new", "100 calls, one after another", &mut ways)
}

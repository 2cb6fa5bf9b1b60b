//! A connection with TLS, and one without.

use docs::{
    paired::Way,
    report::{Outcome, Report},
};
use load_balancing::server::Backend;
use proto::echo::{EchoRequest, echo_client::EchoClient, echo_server::EchoServer};
use tls::{certs::Certs, client};
use tonic::{
    Status,
    transport::{Certificate, Channel, Endpoint, Identity, Server, ServerTlsConfig},
};

use crate::sides::{CALLERS, Sides, shared};

pub(crate) fn measure(report: &Report, sides: &Sides) -> Outcome {
    let certs = Certs::create().expect("certificates can be created");
    let plaintext = serve(sides, None);
    let one_way = serve(sides, Some(config(&certs)));
    let ca = Certificate::from_pem(&certs.ca);
    let mutual = serve(sides, Some(config(&certs).client_ca_root(ca)));
    // An `Endpoint` keeps what it needs to resume a session. A new one has to make a full handshake.
    let plaintext = || Endpoint::from_shared(format!("http://{plaintext}")).expect("a URI");
    let one_way = || client::endpoint(&one_way, client::config(&certs, false)).expect("a URI");
    let mutual = || client::endpoint(&mutual, client::config(&certs, true)).expect("a URI");
    let resumed = one_way();

    let calls = report.amount(3_000);
    let calls_over = |name, endpoint: Endpoint| {
        let _runtime = sides.clients.enter();
        let stub = EchoClient::new(endpoint.connect_lazy());
        Way::new(name, move || sides.time(shared(CALLERS, vec![stub.clone()], calls, hello)))
    };
    let ways = vec![
        calls_over("plaintext", plaintext()),
        calls_over("TLS", one_way()),
        calls_over("mutual TLS", mutual()),
    ];
    report.compare("tls-call", "3,000 calls, 64 at a time", ways)?;

    let times = report.amount(100);
    // The endpoints are made before the clock starts, because reading PEM is not part of a handshake.
    let connections = |endpoints: Vec<Endpoint>| sides.time(connect(endpoints));
    let ways = vec![
        Way::new("plaintext", || connections((0..times).map(|_| plaintext()).collect())),
        Way::new("TLS", || connections((0..times).map(|_| one_way()).collect())),
        Way::new("mutual TLS", || connections((0..times).map(|_| mutual()).collect())),
        Way::new("TLS, a resumed session", || connections(vec![resumed.clone(); times])),
    ];
    report.compare("tls-handshake", "100 connections with a call, one after another", ways)
}

fn config(certs: &Certs) -> ServerTlsConfig {
    ServerTlsConfig::new().identity(Identity::from_pem(&certs.server, &certs.server_key))
}

/// Serves until the process ends, and returns the address.
fn serve(sides: &Sides, tls: Option<ServerTlsConfig>) -> String {
    let mut server = Server::builder();
    if let Some(tls) = tls {
        server = server.tls_config(tls).expect("the certificates are valid");
    }
    let echo = EchoServer::new(Backend(([127, 0, 0, 1], 0).into()));
    sides.serve(move |incoming| server.add_service(echo).serve_with_incoming(incoming))
}

async fn connect(endpoints: Vec<Endpoint>) -> Result<(), Status> {
    for endpoint in endpoints {
        let channel = endpoint.connect().await.expect("the server listens");
        hello(EchoClient::new(channel), 1).await?;
    }
    Ok(())
}

async fn hello(mut client: EchoClient<Channel>, calls: usize) -> Result<(), Status> {
    for _ in 0..calls {
        client.unary_echo(EchoRequest { message: "x".repeat(10) }).await?;
    }
    Ok(())
}

//! Settings that a reader may want to change.

use docs::{
    paired::Way,
    report::{Outcome, Report},
};
use load_balancing::server::Backend;
use proto::echo::{EchoRequest, echo_client::EchoClient, echo_server::EchoServer};
use tokio::{net::TcpListener, runtime};
use tonic::{
    Status,
    codec::CompressionEncoding::Gzip,
    transport::{Channel, Endpoint, Server, server::TcpIncoming},
};

use crate::sides::{CALLERS, Sides, shared};

type Client = EchoClient<Channel>;

/// The service, which can use gzip.
fn service() -> EchoServer<Backend> {
    let echo = EchoServer::new(Backend(([127, 0, 0, 1], 0).into()));
    echo.accept_compressed(Gzip).send_compressed(Gzip)
}

fn endpoint(addr: &str) -> Endpoint {
    Endpoint::from_shared(format!("http://{addr}")).expect("it is an address")
}

/// So many calls, 64 at a time, each with this message.
fn calls<'a>(
    sides: &'a Sides,
    name: &'static str,
    client: Client,
    calls: usize,
    message: &'a str,
) -> Way<'a> {
    let call = |message: String| {
        move |mut client: Client, calls| {
            let request = EchoRequest { message: message.clone() };
            async move {
                for _ in 0..calls {
                    client.unary_echo(request.clone()).await?;
                }
                Ok::<_, Status>(())
            }
        }
    };
    Way::new(name, move || {
        sides.time(shared(CALLERS, vec![client.clone()], calls, call(message.to_owned())))
    })
}

pub(crate) fn measure(report: &Report, sides: &Sides) -> Outcome {
    let connect = |endpoint: Endpoint| {
        let _runtime = sides.clients.enter();
        EchoClient::new(endpoint.connect_lazy())
    };
    let plain = || {
        sides.serve(|incoming| {
            Server::builder().add_service(service()).serve_with_incoming(incoming)
        })
    };
    let (many, title) = (report.amount(3_000), "3,000 calls, 64 at a time");

    let nagle = sides.serve(|incoming| {
        let incoming = incoming.with_nodelay(Some(false));
        Server::builder().add_service(service()).serve_with_incoming(incoming)
    });
    let ours = sides.serve_listener(|listener| {
        Server::builder()
            .add_service(service())
            .serve_with_incoming(launcher::incoming(listener))
    });
    let off = connect(endpoint(&nagle).tcp_nodelay(false));
    let ways = vec![
        calls(sides, "as usual", connect(endpoint(&plain())), many, "hello"),
        calls(sides, "TCP_NODELAY off on both sides", off, many, "hello"),
        calls(sides, "incoming of crates/launcher", connect(endpoint(&ours)), many, "hello"),
    ];
    report.compare("levers-tcp", title, ways)?;

    let threads = |threads| {
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
            .expect("there are threads");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let addr = listener.local_addr().expect("it is bound").to_string();
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        runtime.spawn(Server::builder().add_service(service()).serve_with_incoming(incoming));
        // It serves until the process ends.
        std::mem::forget(runtime);
        connect(endpoint(&addr))
    };
    let ways = vec![
        calls(sides, "a thread for each processor", connect(endpoint(&plain())), many, "hello"),
        calls(sides, "1 thread", threads(1), many, "hello"),
        calls(sides, "8 threads", threads(8), many, "hello"),
    ];
    report.compare("levers-threads", title, ways)?;

    let text = "A lamp for the desk, and a chair for the guest. ".repeat(1_800);
    let (few, title) =
        (report.amount(100), "100 calls with 86 kB, 64 at a time, there and back");
    let windows = |bytes: u32| {
        let addr = sides.serve(move |incoming| {
            let mut server = Server::builder().initial_stream_window_size(bytes);
            server.add_service(service()).serve_with_incoming(incoming)
        });
        connect(endpoint(&addr).initial_stream_window_size(bytes))
    };
    let usual = connect(endpoint(&plain()));
    let ways = vec![
        calls(sides, "64 KiB per stream", windows(64 * 1024), few, &text),
        calls(sides, "as in tonic, at least 1 MiB", usual.clone(), few, &text),
    ];
    report.compare("levers-windows", title, ways)?;

    let gzip = usual.clone().send_compressed(Gzip).accept_compressed(Gzip);
    let ways = vec![
        calls(sides, "as it is", usual, few, &text),
        calls(sides, "with gzip", gzip, few, &text),
    ];
    report.compare("levers-compression", title, ways)
}

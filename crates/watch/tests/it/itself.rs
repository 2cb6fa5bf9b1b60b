//! The proxy does not forward to itself.

use std::future::ready;

use testing::Process;
use tokio::net::TcpListener;
use watch::{View, proxy::serve};

/// Starts a proxy on `own` that forwards to `host` at the same port, and stops it at once.
async fn forward(own: &str, host: &str) -> Result<(), String> {
    let listener = TcpListener::bind((own, 0)).await.expect("there is a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let served = serve(listener, &format!("{host}:{port}"), View::Calls, ready(())).await;
    served.map_err(|error| error.to_string())
}

#[tokio::test]
async fn every_spelling_of_its_own_address_is_refused() {
    for (own, host) in [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "localhost"),
        ("127.0.0.1", "0.0.0.0"),
        ("127.0.0.1", "[::ffff:127.0.0.1]"),
        ("127.0.0.2", "127.0.0.2"),
        ("::1", "[::1]"),
        ("::1", "[::]"),
        ("0.0.0.0", "127.0.0.1"),
        ("0.0.0.0", "127.1.2.3"),
        ("0.0.0.0", "0.0.0.0"),
        ("0.0.0.0", "localhost"),
        ("::", "[::1]"),
        ("::", "[::]"),
        ("::", "127.0.0.1"),
        ("::", "0.0.0.0"),
        ("::", "localhost"),
    ] {
        let error = forward(own, host).await.expect_err(&format!("{own} and {host}"));
        assert!(error.contains("the proxy itself listens there"), "{own} and {host}: {error}");
    }
}

#[tokio::test]
async fn the_addresses_of_this_machine_are_its_own_if_it_listens_on_all_of_them() {
    // The address from which this machine would reach others. Nothing is sent.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").expect("there is a free port");
    let Ok(()) = socket.connect("192.0.2.1:9") else { return };
    let own = socket.local_addr().expect("it is bound").ip().to_string();
    for listens in ["0.0.0.0", "::"] {
        forward(listens, &own).await.expect_err(&own);
    }
    forward("127.0.0.1", &own).await.expect("it listens on another address");
}

#[tokio::test]
async fn another_address_at_the_same_port_is_accepted() {
    for (own, host) in [
        ("127.0.0.1", "127.0.0.2"),
        ("127.0.0.2", "0.0.0.0"),
        ("127.0.0.1", "[::1]"),
        // Reserved for documentation, so it is never an address of this machine.
        ("0.0.0.0", "192.0.2.1"),
        ("::", "[2001:db8::1]"),
        ("0.0.0.0", "[::1]"),
    ] {
        assert_eq!(forward(own, host).await, Ok(()), "{own} and {host}");
    }
}

#[tokio::test]
async fn its_own_address_at_another_port_is_accepted() {
    let listener = TcpListener::bind("0.0.0.0:0").await.expect("there is a free port");
    serve(listener, "localhost:1", View::Calls, ready(())).await.expect("that is another port");
}

#[tokio::test]
async fn the_program_ends_with_one_line_and_status_1() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = free.local_addr().expect("it is bound");
    drop(free);
    let args = ["--addr", &addr.to_string(), "--to", &format!("localhost:{}", addr.port())];
    let ended = Process::start(env!("CARGO_BIN_EXE_watch"), &args).end().await;
    assert_eq!(ended.status, Some(1));
    let line = format!(
        "cannot forward to localhost:{}: the proxy itself listens there, on {addr}; pass the \
         server's address with --to, or another address for the proxy with --addr\n",
        addr.port()
    );
    assert_eq!(ended.stderr, line);
}

#[tokio::test]
async fn the_program_refuses_an_invalid_address_to_forward_to() {
    let args = ["--addr", "127.0.0.1:0", "--to", "localhost"];
    let ended = Process::start(env!("CARGO_BIN_EXE_watch"), &args).end().await;
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.contains("\"localhost\""), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1);
}

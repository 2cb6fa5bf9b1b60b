//! The same two services in Python, as the client and as the server.

use testing::{Process, python};

const PROGRAM: &str = env!("CARGO_BIN_EXE_multiplexing");
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/multiplexing.py");

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_python_client_finds_the_contract_kept_and_its_channels_share_a_connection() {
    let mut server = Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]);
    let addr = server.addr().await;
    let client = Process::start(&python(), &[PYTHON, "client", &addr]).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
    server.signal("TERM").await;
    let server = server.end().await;
    // Only its third channel does not share the first connection.
    assert_eq!(server.stdout.matches("a connection from").count(), 2, "{}", server.stdout);
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn the_client_can_call_python_servers_with_and_without_a_limit() {
    for limit in ["200", "1000"] {
        let mut server = Process::start(&python(), &[PYTHON, "server", limit]);
        let addr = server.addr().await;
        let client = Process::start(PROGRAM, &["client", "--addr", &addr]).end().await;
        assert_eq!(client.status, Some(0), "{}", client.stderr);
        let lines = client.stdout.lines().collect::<Vec<_>>();
        let at = |part: &str| lines.iter().rposition(|line| line.contains(part)).unwrap();
        if limit == "200" {
            assert!(at("processOrders -> ") < at("SayHello(\"call 201\")"), "{lines:#?}");
        }
    }
}

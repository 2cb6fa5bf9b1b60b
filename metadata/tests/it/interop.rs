//! The same service in Python, as the client and as the server.

use testing::{Process, python};

const PROGRAM: &str = env!("CARGO_BIN_EXE_metadata");
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/metadata.py");

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_python_client_finds_the_contract_kept() {
    let mut server = Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]);
    let addr = server.addr().await;
    let client = Process::start(&python(), &[PYTHON, "client", &addr]).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn the_client_reads_the_metadata_of_a_python_server() {
    let mut server = Process::start(&python(), &[PYTHON, "server"]);
    let addr = server.addr().await;
    let client = Process::start(PROGRAM, &["client", "--addr", &addr]).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
    for line in [
        "addOrder(101): location: San Jose, id: order-101, date: now",
        "getOrder(106) -> 2 values of context-bin, unchanged",
        "searchOrders(\"Google\"): trailer orders-found: 2",
        "getOrder(999): location: San Jose",
        // C-core refuses it, as the README says, and the connection survives.
        "getOrder(106) with 16 KiB of metadata -> RESOURCE_EXHAUSTED: received metadata size exceeds",
        "client | getOrder(106) -> OK",
    ] {
        assert!(client.stdout.contains(line), "{line} is not in {}", client.stdout);
    }
}

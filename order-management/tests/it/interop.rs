//! The same service in Python, as the client and as the server.

use testing::{Process, python};

const PROGRAM: &str = env!("CARGO_BIN_EXE_order-management");
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/order_management.py");

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_python_client_finds_the_contract_kept_in_all_patterns() {
    let mut server = Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]);
    let addr = server.addr().await;
    let client = Process::start(&python(), &[PYTHON, "client", &addr]).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn the_client_can_call_a_python_server_in_all_patterns() {
    let mut server = Process::start(&python(), &[PYTHON, "server"]);
    let addr = server.addr().await;
    let client = Process::start(PROGRAM, &["client", "--addr", &addr]).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
}

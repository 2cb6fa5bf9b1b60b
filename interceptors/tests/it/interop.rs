//! A Python client calls the service through all layers.

use testing::{Process, python};

const PROGRAM: &str = env!("CARGO_BIN_EXE_interceptors");
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/with_token.py");

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_python_client_needs_the_token_in_all_patterns() {
    let mut server = Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]);
    let addr = server.addr().await;
    let client = Process::start(&python(), &[PYTHON, &addr]).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
}

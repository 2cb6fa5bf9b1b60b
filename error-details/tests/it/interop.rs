//! A client in another language, which reads the details with that language's own library.

use testing::{Process, python};

const PROGRAM: &str = env!("CARGO_BIN_EXE_error-details");
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/details.py");

#[tokio::test]
#[ignore = "needs Python with grpcio-tools and grpcio-status"]
async fn a_client_in_python_reads_every_detail() {
    let mut server = Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]);
    let addr = server.addr().await;
    let client = Process::start(&python(), &[PYTHON, &addr]).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
}

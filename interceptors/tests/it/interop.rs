//! A client in another language, which knows nothing of what stands around the service.

use testing::{Process, python};

const PROGRAM: &str = env!("CARGO_BIN_EXE_interceptors");
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/with_token.py");

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_client_in_python_is_refused_without_the_token_and_answered_with_it_in_all_patterns()
{
    let mut server = Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]);
    let addr = server.addr().await;
    let client = Process::start(&python(), &[PYTHON, &addr]).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
}

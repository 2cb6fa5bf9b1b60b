//! The same service in Python, as the client and as the server.

use testing::{Process, python};

const PROGRAM: &str = env!("CARGO_BIN_EXE_compression");
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/compression.py");

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_python_client_can_use_gzip_and_identity_but_not_deflate() {
    let mut server = Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]);
    let addr = server.addr().await;
    let client = Process::start(&python(), &[PYTHON, "client", &addr]).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn the_client_can_call_a_python_server_with_gzip_or_identity() {
    for (server, gzip) in [("NoCompression", false), ("Gzip", true)] {
        let mut server = Process::start(&python(), &[PYTHON, "server", server]);
        let addr = server.addr().await;
        for args in [&[][..], &["--encoding", "gzip"], &["--encoding", "identity"]] {
            let args = [&["client", "--addr", &addr], args].concat();
            let client = Process::start(PROGRAM, &args).end().await;
            assert_eq!(client.status, Some(0), "{}", client.stderr);
            for line in client.stdout.lines().filter(|line| line.contains(" text ")) {
                // gRPC's core compresses even if the client has not listed gzip:
                // https://github.com/grpc/grpc/issues/23191
                let received = line.rsplit(' ').next().unwrap().parse::<usize>().unwrap();
                assert_eq!(received < 30_000, gzip, "{line}");
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_python_server_that_answers_with_deflate_is_reported() {
    let mut server = Process::start(&python(), &[PYTHON, "server", "Deflate"]);
    let addr = server.addr().await;
    let client = Process::start(PROGRAM, &["client", "--addr", &addr]).end().await;
    assert_eq!(client.status, Some(1));
    assert_eq!(client.stderr.lines().count(), 1, "{}", client.stderr);
    assert!(client.stderr.contains("`deflate`"), "{}", client.stderr);
}

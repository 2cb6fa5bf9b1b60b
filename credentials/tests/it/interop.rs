//! The same service in Python, as the client and as the server, and a call of grpcurl.

use std::env;

use testing::{Process, python};

use crate::process::{Dir, server, token};

const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/credentials.py");

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_python_client_finds_the_contract_kept() {
    let dir = Dir::new("python-client");
    let (_server, addr) = server(&dir).await;
    let (editor, reader) =
        (token(&dir, &[]).await, token(&dir, &["--scope", "products.read"]).await);
    let ca = dir.file("ca.pem");
    let args = [PYTHON, "client", &addr, &ca, &editor, &reader];
    let client = Process::start(&python(), &args).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn the_client_can_call_a_python_server() {
    let dir = Dir::new("python-server");
    let mut server = Process::start(&python(), &[PYTHON, "server", dir.path()]);
    let addr = server.addr().await;
    let args = ["client", "--addr", &addr, "--certs", dir.path()];
    let client = Process::start(crate::process::PROGRAM, &args).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
    for refused in ["addProduct -> PERMISSION_DENIED", "getProduct -> UNAUTHENTICATED"] {
        assert!(client.stdout.contains(refused), "{}", client.stdout);
    }
}

#[tokio::test]
#[ignore = "needs grpcurl"]
async fn grpcurl_calls_with_a_token() {
    let dir = Dir::new("grpcurl");
    let (_server, addr) = server(&dir).await;
    let grpcurl = env::var("GRPCURL").unwrap_or_else(|_| "grpcurl".into());
    let protos = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto/proto");
    let add = async |authorization: &str| {
        let header = format!("authorization: {authorization}");
        let args = [
            "-cacert",
            &dir.file("ca.pem"),
            "-import-path",
            protos,
            "-proto",
            "product_info.proto",
            "-H",
            &header,
            "-d",
            r#"{"name": "a lamp", "price": 5}"#,
            &addr,
            "ecommerce.ProductInfo/addProduct",
        ];
        Process::start(&grpcurl, &args).end().await
    };
    let added = add(&format!("Bearer {}", token(&dir, &[]).await)).await;
    assert_eq!(added.status, Some(0), "{}", added.stderr);
    assert!(added.stdout.contains("value"), "{}", added.stdout);
    let refused = add("Bearer x").await;
    assert!(refused.stderr.contains("Unauthenticated"), "{}", refused.stderr);
}

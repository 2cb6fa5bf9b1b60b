//! The sides by hand, and those of another language.

use std::time::Duration;

use testing::{Process, python};
use under_the_hood::{connection::Connection, status::NOT_FOUND};

const PROGRAM: &str = env!("CARGO_BIN_EXE_under-the-hood");
const CLIENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/by_hand.py");
const SERVER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../productinfo/tests/python/product_info.py");

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_client_in_python_is_answered_by_the_server_by_hand() {
    let args = ["server", "--by-hand", "--addr", "127.0.0.1:0"];
    let mut server = Process::start(PROGRAM, &args);
    let addr = server.addr().await;
    let client = Process::start(&python(), &[CLIENT, &addr]).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn the_client_by_hand_is_answered_by_a_server_in_python() {
    let mut server = Process::start(&python(), &[SERVER, "server"]);
    let addr = server.addr().await;
    let connection = Connection::open(&addr, None).await.expect("it listens");
    let patience = Duration::from_secs(10);
    let add = "/ecommerce.ProductInfo/addProduct";
    let call = connection.call(add, b"\x12\x04lamp", patience).await.expect("it is good");
    let id = call.only_message().await.expect("it is good");
    let get = "/ecommerce.ProductInfo/getProduct";
    let call = connection.call(get, &id, patience).await.expect("it is there");
    let product = call.only_message().await.expect("it is there");
    assert!(product.windows(4).any(|bytes| bytes == b"lamp"), "{product:?}");

    let status = match connection.call(get, b"\x0a\x02no", patience).await {
        Ok(call) => call.only_message().await.expect_err("it is not there"),
        Err(status) => status,
    };
    assert_eq!(status.code, NOT_FOUND);
}

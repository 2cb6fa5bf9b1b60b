//! The sides by hand, and those of another language.

use testing::{Process, python};
use wire::code::NOT_FOUND;

use crate::{connect, unary};

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
    let connection = connect(&server.addr().await).await;
    let add = "/ecommerce.ProductInfo/addProduct";
    let id = unary(&connection, add, b"\x12\x04lamp").await.expect("it is valid");
    let get = "/ecommerce.ProductInfo/getProduct";
    let product = unary(&connection, get, &id).await.expect("it is there");
    assert!(product.windows(4).any(|bytes| bytes == b"lamp"), "{product:?}");
    let status = unary(&connection, get, b"\x0a\x02no").await.expect_err("it is unknown");
    assert_eq!(status.code, NOT_FOUND);
}

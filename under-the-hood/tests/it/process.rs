//! The command line.

use std::future::pending;

use testing::Process;

use crate::listen;

const PROGRAM: &str = env!("CARGO_BIN_EXE_under-the-hood");

#[tokio::test]
async fn with_frames_those_of_the_connection_are_shown_too() {
    let ended = Process::start(PROGRAM, &["--frames"]).end().await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    for frame in ["the connection preface", "SETTINGS      stream 0 ACK", "WINDOW_UPDATE"] {
        assert!(ended.stdout.contains(frame), "{}", ended.stdout);
    }
}

#[tokio::test]
async fn everything_that_a_call_sent_and_received_is_shown_before_its_outcome() {
    let ended = Process::start(PROGRAM, &[]).end().await;
    let mut lines = ended.stdout.lines().skip_while(|line| !line.contains("3. the call"));
    for expected in [
        "client | HEADERS       stream 1 ",
        "client |     2: \"Apple Watch S4\"",
        "server |   :status: 200",
        "server |   grpc-status: 0",
        "client | addProduct -> 1: ",
        "client | HEADERS       stream 3 ",
        "server |   grpc-status: 5",
        "client | getProduct -> NOT_FOUND",
        "client | HEADERS       stream 5 ",
        "server |   grpc-status: 0",
        "client | searchOrders -> 2 messages",
    ] {
        let found = lines.any(|line| line.starts_with(expected));
        assert!(found, "no {expected:?} in its place:\n{}", ended.stdout);
    }
}

#[tokio::test]
async fn a_client_without_a_server_says_so_in_one_line() {
    let (listener, addr) = listen().await;
    drop(listener);
    let ended = Process::start(PROGRAM, &["client", "--addr", &addr]).end().await;
    assert_eq!(ended.status, Some(1));
    let line = format!("cannot connect to {addr}: ");
    assert!(ended.stderr.starts_with(&line), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1);
}

#[tokio::test]
async fn the_stub_can_call_another_server_than_the_one_by_hand() {
    let mut server = Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]);
    let addr = server.addr().await;
    let ended = Process::start(PROGRAM, &["client", "--stub", "--addr", &addr]).end().await;
    // It does not know the id, and accepts the product.
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("getProduct(\"watch\") -> NOT_FOUND"), "{}", ended.stdout);
    assert!(ended.stdout.contains("addProduct -> accepted"), "{}", ended.stdout);
}

#[tokio::test]
async fn a_status_that_the_call_by_hand_returns_ends_the_client_with_an_explanation() {
    // A server without OrderManagement.
    let (listener, addr) = listen().await;
    tokio::spawn(productinfo::server::serve(listener, pending()));
    let ended = Process::start(PROGRAM, &["client", "--addr", &addr]).end().await;
    assert_eq!(ended.status, Some(1), "{ended:?}");
    let reason = format!("a call to {addr} failed: UNIMPLEMENTED; ");
    assert!(ended.stderr.starts_with(&reason), "{}", ended.stderr);
}

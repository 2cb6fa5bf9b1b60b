//! The program, as its user starts it.

use std::time::Duration;

use deadlines::layers::with_deadlines;
use proto::ecommerce::order_management_client::OrderManagementClient;
use testing::Process;
use tokio::{net::TcpListener, select};
use tonic::transport::Endpoint;

use crate::helper::{Client, SECOND, order};

const PROGRAM: &str = env!("CARGO_BIN_EXE_deadlines");

async fn server(args: &[&str]) -> (Process, String) {
    let args = [&["server", "--addr", "127.0.0.1:0"], args].concat();
    let mut server = Process::start(PROGRAM, &args);
    let addr = server.addr().await;
    (server, addr)
}

fn client(addr: &str) -> Client {
    let channel = Endpoint::from_shared(format!("http://{addr}")).expect("it is an address");
    OrderManagementClient::new(with_deadlines(channel.connect_lazy(), 60 * SECOND))
}

#[tokio::test]
async fn a_server_that_ends_finishes_a_write_whose_call_was_cancelled() {
    let (mut server, addr) = server(&["--work", "2s"]).await;
    let mut client = client(&addr);
    select! {
        result = client.add_order(order("1", 60 * SECOND)) => panic!("too early: {result:?}"),
        _ = server.line("reserve(\"1\"): writing") => {}
    }
    server.line("/workshop.Inventory/reserve: stopped with").await;
    server.signal("TERM").await;
    let ended = server.end().await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("reserve(\"1\"): written"), "{ended:?}");
    assert!(!ended.stdout.contains("storing"), "{ended:?}");
}

#[tokio::test]
async fn a_server_that_ends_finishes_a_call_that_needs_the_inventory() {
    let (mut server, addr) = server(&["--work", "1s"]).await;
    let mut client = client(&addr);
    let call = tokio::spawn(async move { client.add_order(order("1", 60 * SECOND)).await });
    server.line("addOrder(\"1\")").await;
    server.signal("TERM").await;
    call.await.expect("it does not panic").expect("it is finished");
    let ended = server.end().await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
}

#[tokio::test]
async fn another_inventory_is_used_instead() {
    let (mut first, addr) = server(&["--work", "10ms"]).await;
    let line = first.line("the inventory is at ").await;
    let inventory = line.rsplit(' ').next().expect("it has an address");
    let (second, addr_of_second) = server(&["--inventory", inventory, "--work", "60s"]).await;
    client(&addr_of_second).add_order(order("1", 20 * SECOND)).await.expect("it takes 10 ms");
    first.line("reserve(\"1\"): written").await;
    drop((second, addr));
}

#[tokio::test]
async fn the_client_works_with_a_server_of_another_speed() {
    let (server, addr) = server(&["--work", "150ms"]).await;
    let ended = Process::start(PROGRAM, &["client", "--addr", &addr]).end().await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    for line in [
        "addOrder(\"101\") -> \"Order Added: 101\"",
        "addOrder(\"102\") -> DEADLINE_EXCEEDED",
        "addOrder(\"103\") -> FAILED_PRECONDITION",
        "processOrders -> DEADLINE_EXCEEDED",
    ] {
        assert!(ended.stdout.contains(line), "{line} is missing: {}", ended.stdout);
    }
    drop(server);
}

#[tokio::test]
async fn a_client_that_loses_its_connection_exits_with_1() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound").to_string();
    // Answers the first call. Then the server is gone.
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("the client connects");
        let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
        let first = connection.accept().await.expect("there is a call");
        let mut respond = first.expect("it is valid").1;
        let response = http::Response::builder().header("content-type", "application/grpc");
        let response = response.body(()).expect("it is valid");
        let mut body = respond.send_response(response, false).expect("it is open");
        // An empty `StringValue`.
        body.send_data(vec![0; 5].into(), false).expect("it is open");
        let status = [("grpc-status".parse().expect("a name"), "0".parse().expect("a value"))];
        body.send_trailers(status.into_iter().collect()).expect("it is open");
        drop(connection.accept().await);
    });
    let ended = Process::start(PROGRAM, &["client", "--addr", &addr]).end().await;
    assert!(ended.stdout.contains("addOrder(\"101\") -> \"\""), "{ended:?}");
    assert_eq!(ended.status, Some(1), "{ended:?}");
    server.await.expect("it does not panic");
}

#[tokio::test]
async fn wrong_flags_are_explained_in_one_line() {
    for (args, why) in [
        (["--inventory", "50052"], "invalid address \"50052\": missing port"),
        (["--inventory", "http://localhost:1"], "it must not have a scheme"),
        (["--work", "soon"], "invalid value 'soon' for '--work <TIME>'"),
    ] {
        let args = [&["server", "--addr", "127.0.0.1:0"], &args[..]].concat();
        let ended = Process::start(PROGRAM, &args).end().await;
        assert!(ended.stderr.contains(why), "{ended:?}");
        assert!(matches!(ended.status, Some(1 | 2)), "{ended:?}");
    }
}

#[tokio::test]
async fn a_call_that_takes_too_long_ends_while_the_server_lives_on() {
    // An inventory that never answers.
    let inventory = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let inventory = inventory.local_addr().map(|addr| (inventory, addr)).expect("it is bound");
    let (front, addr) = server(&["--inventory", &inventory.1.to_string()]).await;
    let mut client = client(&addr);
    let status = client.add_order(order("1", Duration::from_millis(300))).await;
    assert_eq!(status.expect_err("60 s").code(), tonic::Code::DeadlineExceeded);
    client.get_order("102".to_owned()).await.expect("the connection is not lost");
    drop((inventory, front));
}

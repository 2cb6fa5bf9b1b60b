//! Other implementations of gRPC, as clients and servers.

use std::{env, time::Duration};

use deadlines::layers::with_deadlines;
use proto::ecommerce::order_management_client::OrderManagementClient;
use testing::{Process, python};
use tokio::time::{Instant, timeout};
use tonic::{Code, Request, transport::Endpoint};

use crate::helper::{Client, SECOND, order};

const PROGRAM: &str = env!("CARGO_BIN_EXE_deadlines");
const HOPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/hops.py");

/// The program that `.ci/deadlines` builds.
fn go() -> String {
    env::var("DEADLINES_GO").expect("DEADLINES_GO is the program of .ci/deadlines")
}

async fn start(program: &str, args: &[&str]) -> (Process, String) {
    let mut server = Process::start(program, args);
    let addr = server.addr().await;
    (server, addr)
}

async fn front_of(inventory: &str) -> (Process, String) {
    start(PROGRAM, &["server", "--addr", "127.0.0.1:0", "--inventory", inventory]).await
}

fn client(addr: &str) -> Client {
    let channel = Endpoint::from_shared(format!("http://{addr}")).expect("it is an address");
    OrderManagementClient::new(with_deadlines(channel.connect_lazy(), 60 * SECOND))
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_python_client_sees_the_deadline_at_both_hops() {
    let (server, addr) = start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]).await;
    let client = Process::start(&python(), &[HOPS, "client", &addr]).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
    drop(server);
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn the_client_can_call_a_python_front() {
    let (front, addr) = start(&python(), &[HOPS, "front"]).await;
    let client = Process::start(PROGRAM, &["client", "--addr", &addr]).end().await;
    assert_eq!(client.status, Some(0), "{client:?}");
    assert!(client.stdout.contains("addOrder(\"102\") -> DEADLINE_EXCEEDED"), "{client:?}");
    assert!(client.stdout.contains("processOrders -> DEADLINE_EXCEEDED"), "{client:?}");
    drop(front);
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn a_python_inventory_gets_the_rest_of_the_time_and_the_cancellation() {
    let (mut inventory, addr) = start(&python(), &[HOPS, "inventory", "20"]).await;
    let (front, addr) = front_of(&addr).await;
    let mut client = client(&addr);

    let started = Instant::now();
    let status = client.add_order(order("1", SECOND)).await.expect_err("it takes 20 s");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!(started.elapsed() < 2 * SECOND, "{:?}", started.elapsed());
    let line = inventory.line("1: ").await;
    let left = line.split(' ').nth(1).and_then(|left| left.parse::<f32>().ok());
    assert!(left.is_some_and(|left| left < 0.96), "more than is left: {line}");
    inventory.line("1: stopped").await;

    timeout(SECOND, client.add_order(order("2", 20 * SECOND))).await.expect_err("cancelled");
    inventory.line("2: stopped").await;
    drop(front);
}

#[tokio::test]
#[ignore = "needs Python with grpcio-tools"]
async fn the_status_of_a_python_inventory_does_not_leak() {
    let (inventory, addr) = start(&python(), &[HOPS, "inventory"]).await;
    let (front, addr) = front_of(&addr).await;
    let mut client = client(&addr);
    client.add_order(order("1", 20 * SECOND)).await.expect("it is fast");
    let order = testing::order("2", &["sold out"], "Seoul");
    let status = client.add_order(Request::new(order)).await.expect_err("it is sold out");
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(status.message(), "item \"sold out\" is not in stock");
    assert!(!format!("{status:?}").contains("SECRET"), "{status:?}");
    drop((inventory, front));
}

#[tokio::test]
#[ignore = "needs Go, and the program of .ci/deadlines in DEADLINES_GO"]
async fn a_go_client_sees_the_right_code_at_the_right_time() {
    // This front knows that 2 s are needed.
    let args = ["server", "--addr", "127.0.0.1:0", "--work", "2s"];
    let (knowing, addr) = start(PROGRAM, &args).await;
    // This one does not know that its inventory never answers.
    let (inventory, unknowing) = start(&go(), &["server"]).await;
    let (front, unknowing) = front_of(&unknowing).await;
    for (addr, timeout, code, millis) in [
        (&addr, "10s", "OK", 2_000..4_000),
        (&addr, "500ms", "DeadlineExceeded", 0..400),
        (&unknowing, "500ms", "DeadlineExceeded", 499..1_500),
        (&addr, "0s", "DeadlineExceeded", 0..400),
    ] {
        let ended = Process::start(&go(), &["client", addr, timeout]).end().await;
        assert_eq!(ended.status, Some(0), "{ended:?}");
        let (printed, took) = ended.stdout.trim().split_once(' ').expect("it prints both");
        assert_eq!(printed, code, "{timeout}");
        let took = took.parse::<u32>().expect("it is a number");
        assert!(millis.contains(&took), "{timeout}: it took {took} ms");
    }
    drop((knowing, inventory, front));
}

#[tokio::test]
#[ignore = "needs Go, and the program of .ci/deadlines in DEADLINES_GO"]
async fn a_go_server_that_ends_calls_at_their_deadline_means_deadline_exceeded() {
    let (server, addr) = start(&go(), &["server"]).await;
    let client = client(&addr);
    // Unary calls and streams, whose deadlines pass at nearly the same time in both processes.
    let calls = (0..200).map(|number: u64| {
        let mut client = client.clone();
        tokio::spawn(async move {
            let time = Duration::from_micros(100_000 + number * 1_013);
            if number.is_multiple_of(2) {
                return client.add_order(order("1", time)).await.expect_err("no answer").code();
            }
            let mut request = Request::new("Google".to_owned());
            request.set_timeout(time);
            match client.search_orders(request).await {
                Ok(stream) => {
                    stream.into_inner().message().await.expect_err("no answer").code()
                }
                Err(status) => status.code(),
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.expect("it does not panic"), Code::DeadlineExceeded);
    }
    drop(server);
}

#[tokio::test]
#[ignore = "needs Go, and the program of .ci/deadlines in DEADLINES_GO"]
async fn a_go_inventory_learns_that_the_call_was_cancelled() {
    let (mut inventory, addr) = start(&go(), &["server"]).await;
    let (front, addr) = front_of(&addr).await;
    timeout(SECOND, client(&addr).add_order(order("1", 20 * SECOND)))
        .await
        .expect_err("cancelled");
    inventory.line("Canceled").await;
    drop(front);
}

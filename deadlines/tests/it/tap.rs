//! `grpc-timeout` is visible at both hops.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use deadlines::{inventory, layers::with_deadlines, server};
use proto::ecommerce::order_management_client::OrderManagementClient;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    pin,
};
use tokio_util::io::InspectReader;
use tonic::transport::Endpoint;
use watch::{Side, View, Watcher};

use crate::helper::{SECOND, order};

type Seen = Arc<Mutex<Vec<String>>>;

/// Forwards connections to the server at `to`, and returns its address and the client's lines.
async fn tap(to: String) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound").to_string();
    let seen = Seen::default();
    let lines = Arc::clone(&seen);
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.expect("there is a connection");
        let mut server = TcpStream::connect(to).await.expect("the server runs");
        let mut watcher = Watcher::new(View::Calls);
        let client = InspectReader::new(client, |bytes: &[u8]| {
            let new = watcher.see(Side::Client, bytes).into_iter().map(|line| line.text);
            lines.lock().unwrap().extend(new);
        });
        pin!(client);
        // It ends with the test.
        let _ = copy_bidirectional(&mut client, &mut server).await;
    });
    (addr, seen)
}

/// The value of the only `grpc-timeout`.
fn timeout(seen: &Seen) -> Duration {
    let seen = seen.lock().unwrap();
    let timeouts = seen.iter().filter_map(|line| line.trim().strip_prefix("grpc-timeout: "));
    let [timeout] = timeouts.collect::<Vec<_>>()[..] else {
        panic!("not one timeout: {seen:?}")
    };
    wire::timeout::parse(timeout).unwrap_or_else(|| panic!("malformed: {timeout}"))
}

#[tokio::test]
async fn a_tap_shows_the_timeout_at_both_hops_and_less_at_the_second() {
    let inventory = testing::start(|listener, shutdown| {
        inventory::serve(listener, shutdown, Duration::from_millis(10))
    });
    let (inventory, second) = tap(inventory.await).await;
    let front = testing::start(|listener, shutdown| async move {
        server::serve(listener, shutdown, Some(&inventory), SECOND).await
    });
    let (front, first) = tap(front.await).await;
    let channel = Endpoint::from_shared(format!("http://{front}")).expect("it is an address");
    let channel = with_deadlines(channel.connect_lazy(), SECOND);
    let mut client = OrderManagementClient::new(channel);
    client.add_order(order("1", 20 * SECOND)).await.expect("there is enough time");
    let (first, second) = (timeout(&first), timeout(&second));
    assert!(first <= 20 * SECOND, "{first:?}");
    assert!(second <= first - server::CHECK, "{first:?}, then {second:?}");
}

//! 2. A bound for the writes.

use std::time::Duration;

use deadlines::{inventory::Stock, layers::enforce_deadlines};
use futures::future::join_all;
use proto::workshop::{
    ReserveRequest, inventory_client::InventoryClient, inventory_server::InventoryServer,
};
use testing::in_memory;
use tokio::time::{sleep, timeout};
use tonic::{Request, service::Routes};

#[tokio::test(start_paused = true)]
#[ignore = "an exercise"]
async fn exercise_2_at_most_10_writes_run_at_the_same_time() {
    let stock = Stock { work: Duration::from_secs(1), ..Stock::default() };
    let services = enforce_deadlines(Routes::new(InventoryServer::new(stock.clone())));
    let client = InventoryClient::new(in_memory(services).await);
    // Each call is cancelled while the inventory writes, or while the call waits until it may write.
    let calls = (0..50).map(|number| {
        let mut client = client.clone();
        let request = ReserveRequest { order_id: format!("{number}"), items: Vec::new() };
        async move { timeout(Duration::from_millis(750), client.reserve(request)).await }
    });
    join_all(calls).await;
    let started = stock.reservations.lock().unwrap().len();
    assert!(started <= 10, "10 writes may run at the same time, but {started} have started");
    assert!(
        started == 10,
        "10 writes may run at the same time, but only {started} have started"
    );
    sleep(Duration::from_secs(5)).await;
    let written = stock.reservations.lock().unwrap().values().flatten().count();
    assert!(
        written == 10,
        "all 10 writes must finish and no other must start, but {written} did"
    );
    let mut client = client;
    let request = ReserveRequest { order_id: "50".into(), items: Vec::new() };
    client.reserve(request).await.expect("a later call must be able to write");
    // Half of the work, half a second for a place, and then only 200 ms are left.
    let calls = (100..120).map(|number| {
        let mut client = client.clone();
        let reserve = ReserveRequest { order_id: format!("{number}"), items: Vec::new() };
        let mut request = Request::new(reserve);
        request.set_timeout(Duration::from_millis(1_200));
        async move { client.reserve(request).await }
    });
    join_all(calls).await;
    let started = stock.reservations.lock().unwrap().len() - 11;
    assert!(
        started == 10,
        "a write must start only if enough time is left, and {started} have"
    );
}

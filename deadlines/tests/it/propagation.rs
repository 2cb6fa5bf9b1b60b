//! The second hop gets the time that is left, and no work that cannot finish in time is started.

use std::time::Duration;

use deadlines::{
    deadline::Deadline,
    inventory::Stock,
    layers::{Calls, MAX, enforce_deadlines, with_deadlines},
    server::CHECK,
};
use proto::workshop::{
    ReserveRequest, ReserveResponse,
    inventory_client::InventoryClient,
    inventory_server::{Inventory, InventoryServer},
};
use testing::in_memory;
use tokio::time::{Instant, advance, sleep};
use tonic::{Code, Request, Response, Status, service::Routes};

use crate::helper::{Client, Mock, SECOND, client, front, order};

#[tokio::test(start_paused = true)]
async fn the_second_hop_gets_the_rest_of_the_time_and_the_front_s_work_counts() {
    let inventory = Mock::new(SECOND);
    let mut client = client(inventory.clone(), Duration::ZERO).await;
    client.add_order(order("1", 2 * SECOND)).await.expect("there is enough time");
    let timeout = inventory.timeouts.lock().unwrap()[0];
    assert!(timeout <= 2 * SECOND - CHECK, "more than is left: {timeout:?}");
    // Not much less, either.
    assert!(timeout > 2 * SECOND - CHECK - Duration::from_millis(30), "{timeout:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_deadline_has_one_at_the_second_hop() {
    let inventory = Mock::new(SECOND);
    let channel = front(inventory.clone(), Duration::ZERO).await;
    let mut client =
        proto::ecommerce::order_management_client::OrderManagementClient::new(channel);
    client.add_order(testing::order("1", &["iPhone XS"], "")).await.expect("it takes 1 s");
    let timeout = inventory.timeouts.lock().unwrap()[0];
    assert!(timeout <= MAX - CHECK, "{timeout:?}");
}

#[tokio::test(start_paused = true)]
async fn the_front_does_not_start_work_that_cannot_finish() {
    let inventory = Mock::new(SECOND);
    let mut client = client(inventory.clone(), SECOND).await;
    let start = Instant::now();
    let too_short = SECOND + CHECK - Duration::from_millis(1);
    let status = client.add_order(order("1", too_short)).await.expect_err("too short");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!(start.elapsed() < Duration::from_millis(5), "it waited for {:?}", start.elapsed());
    assert_eq!(inventory.timeouts.lock().unwrap().len(), 0, "the inventory was called");

    let enough = SECOND + CHECK + Duration::from_millis(50);
    client.add_order(order("1", enough)).await.expect("this can finish");
}

#[tokio::test(start_paused = true)]
async fn the_inventory_does_not_start_a_write_that_cannot_finish() {
    let stock = Stock { work: SECOND, ..Stock::default() };
    let mut client = client(stock.clone(), Duration::ZERO).await;
    let start = Instant::now();
    let status = client.add_order(order("1", SECOND)).await.expect_err("50 ms are missing");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    let waited = start.elapsed() - CHECK;
    assert!(waited < Duration::from_millis(5), "the inventory waited for {waited:?}");
    assert!(stock.reservations.lock().unwrap().is_empty(), "it has written");
}

/// Adds an order. At the time `at`, the time `late` passes at once, as on a busy machine.
async fn refused(client: &mut Client, timeout: Duration, at: Duration, late: Duration) {
    let busy = async {
        sleep(at).await;
        advance(late).await;
    };
    let (result, ()) = tokio::join!(client.add_order(order("1", timeout)), busy);
    assert_eq!(result.expect_err("it is late").code(), Code::DeadlineExceeded);
}

#[tokio::test(start_paused = true)]
async fn the_front_looks_at_the_time_again_after_its_own_work() {
    let inventory = Mock::new(SECOND);
    let mut client = client(inventory.clone(), SECOND).await;
    refused(&mut client, SECOND + 2 * CHECK, CHECK / 2, 2 * CHECK).await;
    assert_eq!(inventory.timeouts.lock().unwrap().len(), 0, "the inventory was called");
}

#[tokio::test(start_paused = true)]
async fn the_inventory_looks_at_the_time_again_before_it_writes() {
    let stock = Stock { work: SECOND, ..Stock::default() };
    let mut client = client(stock.clone(), Duration::ZERO).await;
    refused(&mut client, 2 * SECOND, SECOND / 4, SECOND * 14 / 10).await;
    assert!(stock.reservations.lock().unwrap().is_empty(), "it has written");
}

/// Calls another inventory with the deadline of its own call, and with this timeout.
struct Forward(InventoryClient<Calls<Status>>, Duration);

#[tonic::async_trait]
impl Inventory for Forward {
    async fn reserve(
        &self,
        request: Request<ReserveRequest>,
    ) -> Result<Response<ReserveResponse>, Status> {
        let deadline = *request.extensions().get::<Deadline>().expect("there is a layer");
        let mut next = Request::new(ReserveRequest::default());
        next.set_timeout(self.1);
        next.extensions_mut().insert(deadline);
        self.0.clone().reserve(next).await
    }
}

#[tokio::test(start_paused = true)]
async fn the_earlier_of_a_timeout_and_a_propagated_deadline_counts() {
    for (own, expected) in [(10 * SECOND, SECOND), (SECOND / 2, SECOND / 2)] {
        let last = Mock::new(Duration::ZERO);
        let services = Routes::new(InventoryServer::new(last.clone()));
        let channel = in_memory(enforce_deadlines(services)).await;
        let next = InventoryClient::new(with_deadlines(channel, 60 * SECOND));
        let services = Routes::new(InventoryServer::new(Forward(next, own)));
        let mut client = InventoryClient::new(in_memory(enforce_deadlines(services)).await);
        let mut request = Request::new(ReserveRequest::default());
        request.set_timeout(SECOND);
        client.reserve(request).await.expect("it is fast");
        let timeout = last.timeouts.lock().unwrap()[0];
        let range = expected - Duration::from_millis(30)..=expected;
        assert!(range.contains(&timeout), "{timeout:?} and not {expected:?}");
    }
}

#[tokio::test]
async fn a_server_without_the_layer_is_an_error_and_not_a_call_without_a_deadline() {
    let request = Request::new(ReserveRequest::default());
    let status = Stock::default().reserve(request).await.expect_err("there is no layer");
    assert_eq!(status.code(), Code::Internal);
}

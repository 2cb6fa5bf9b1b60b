//! 1. Time to answer.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use deadlines::{
    layers::enforce_deadlines,
    server::{CHECK, Front},
};
use proto::ecommerce::order_management_client::OrderManagementClient;
use proto::ecommerce::order_management_server::OrderManagementServer;
use proto::workshop::inventory_server::{Inventory, InventoryServer};
use proto::workshop::{ReserveRequest, ReserveResponse};
use testing::in_memory;
use tonic::{Code, Request, Response, Status, service::Routes};

/// Keeps the timeout of its last call.
#[derive(Clone, Default)]
struct Timeout(Arc<Mutex<Duration>>);

#[tonic::async_trait]
impl Inventory for Timeout {
    async fn reserve(
        &self,
        request: Request<ReserveRequest>,
    ) -> Result<Response<ReserveResponse>, Status> {
        let timeout = wire::timeout::get(request.metadata().as_ref()).unwrap_or_default();
        *self.0.lock().unwrap() = timeout;
        Ok(Response::new(ReserveResponse::default()))
    }
}

#[tokio::test(start_paused = true)]
#[ignore = "an exercise"]
async fn exercise_1_the_front_keeps_time_to_answer() {
    let timeout = Timeout::default();
    let inventory = in_memory(InventoryServer::new(timeout.clone())).await;
    let front = OrderManagementServer::new(Front::new(inventory, Duration::ZERO));
    let front = in_memory(enforce_deadlines(Routes::new(front))).await;
    let mut request = Request::new(testing::order("1", &["a lamp"], "Seoul"));
    request.set_timeout(Duration::from_secs(1));
    let mut client = OrderManagementClient::new(front);
    let added = client.add_order(request).await;
    assert!(added.is_ok(), "an order with enough time must still be added: {added:?}");
    let (timeout, left) = (*timeout.0.lock().unwrap(), Duration::from_secs(1) - CHECK);
    assert!(
        (left - Duration::from_millis(30)..=left - Duration::from_millis(20))
            .contains(&timeout),
        "the inventory must get 20 ms less than the {left:?} that are left, but it got {timeout:?}"
    );
    let mut request = Request::new(testing::order("2", &["a lamp"], "Seoul"));
    request.set_timeout(CHECK + Duration::from_millis(10));
    let code = client.add_order(request).await.expect_err("10 ms are not enough").code();
    assert!(
        code == Code::DeadlineExceeded,
        "an order for which less than 20 ms are left must end with DEADLINE_EXCEEDED, not {code:?}"
    );
}

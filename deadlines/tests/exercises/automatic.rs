//! 3. Automatic propagation.

use std::time::Duration;

use deadlines::layers::{Calls, enforce_deadlines, with_deadlines};
use proto::workshop::inventory_server::{Inventory, InventoryServer};
use proto::workshop::{ReserveRequest, ReserveResponse, inventory_client::InventoryClient};
use testing::in_memory;
use tonic::{Request, Response, Status, service::Routes};

/// Calls another inventory, or returns its own timeout if there is none.
struct Hop(Option<InventoryClient<Calls<Status>>>);

#[tonic::async_trait]
impl Inventory for Hop {
    async fn reserve(
        &self,
        request: Request<ReserveRequest>,
    ) -> Result<Response<ReserveResponse>, Status> {
        if let Some(next) = &self.0 {
            // Takes 100 ms, and then forgets the deadline.
            tokio::time::sleep(Duration::from_millis(100)).await;
            let mut later = Request::new(ReserveRequest::default());
            if request.get_ref().order_id == "later" {
                later.set_timeout(Duration::from_secs(30));
            }
            return next.clone().reserve(later).await;
        }
        let timeout = wire::timeout::get(request.metadata().as_ref()).unwrap_or_default();
        Ok(Response::new(ReserveResponse { reservation_id: timeout.as_millis().to_string() }))
    }
}

#[tokio::test(start_paused = true)]
#[ignore = "an exercise"]
async fn exercise_3_a_call_inside_a_method_has_the_deadline_of_the_method() {
    let second = enforce_deadlines(Routes::new(InventoryServer::new(Hop(None))));
    let second = with_deadlines(in_memory(second).await, Duration::from_secs(10));
    let first = Hop(Some(InventoryClient::new(second.clone())));
    let first = enforce_deadlines(Routes::new(InventoryServer::new(first)));
    let mut client = InventoryClient::new(in_memory(first).await);
    // The second call has a timeout of its own, which is later.
    for order_id in ["", "later"] {
        let order_id = order_id.to_owned();
        let mut request = Request::new(ReserveRequest { order_id, items: Vec::new() });
        request.set_timeout(Duration::from_secs(1));
        let answer = client.reserve(request).await.expect("it is fast enough").into_inner();
        let left = answer.reservation_id.parse::<u32>().expect("it is a number");
        assert!(
            (890..=900).contains(&left),
            "the second hop must get the 900 ms that are left, but it got {left} ms"
        );
    }
    // Outside of a method the default applies.
    let answer = InventoryClient::new(second).reserve(ReserveRequest::default()).await;
    let left = answer.expect("it is fast").into_inner().reservation_id;
    assert_eq!(left, "10000", "a call outside of a method must have the default");
}

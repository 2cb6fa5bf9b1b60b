//! The second hop: the service `workshop.Inventory`, with work that may stop and a write that must not.

use std::sync::{Arc, Mutex, PoisonError};
use std::{collections::HashMap, time::Duration};

use launcher::{builder, incoming, transcript};
use proto::workshop::inventory_server::{Inventory, InventoryServer};
use proto::workshop::{ReserveRequest, ReserveResponse};
use tokio::{net::TcpListener, time::sleep};
use tokio_util::task::TaskTracker;
use tonic::{Request, Response, Status, transport};
use tower::layer::layer_fn;
use uuid::Uuid;

use crate::{deadline::Deadline, layers::enforce_deadlines};

/// The inventory.
#[derive(Clone, Debug, Default)]
pub struct Stock {
    /// How long a reservation takes.
    pub work: Duration,
    /// By the id of an order. `None` if its items are taken but not reserved.
    pub reservations: Arc<Mutex<HashMap<String, Option<String>>>>,
    /// The writes that have not ended.
    pub writes: TaskTracker,
}

impl Stock {
    /// Takes the items of an order and reserves them. The same order gets the same id again, so it is safe
    /// to repeat a call after DEADLINE_EXCEEDED, which does not say whether this has happened. It gets the old
    /// reservation even if its items are different, because this inventory stores no items.
    async fn write(self, order_id: String) -> String {
        let lock = || self.reservations.lock().unwrap_or_else(PoisonError::into_inner);
        transcript!(server, "reserve({order_id:?}): writing");
        lock().entry(order_id.clone()).or_default();
        // A (simulated) slow database. If the write ended here, the items would be lost.
        sleep(self.work / 2).await;
        transcript!(server, "reserve({order_id:?}): written");
        let new_id = || Uuid::new_v4().to_string();
        lock().entry(order_id).or_default().get_or_insert_with(new_id).clone()
    }
}

/// The message for an item that the inventory does not have.
pub(crate) fn not_in_stock(item: &str) -> String {
    format!("item \"{item}\" is not in stock")
}

#[tonic::async_trait]
impl Inventory for Stock {
    async fn reserve(
        &self,
        request: Request<ReserveRequest>,
    ) -> Result<Response<ReserveResponse>, Status> {
        let deadline = Deadline::of(&request)?;
        let ReserveRequest { order_id, items } = request.into_inner();
        transcript!(server, "reserve({order_id:?}), {:.1?} left", deadline.left());
        deadline.require(self.work)?;
        // The first half of the work finds the items and changes nothing. It may stop at its `.await`.
        sleep(self.work / 2).await;
        if let Some(item) = items.iter().find(|item| *item == "sold out") {
            return Err(Status::not_found(not_in_stock(item)));
        }
        // The second half must not stop halfway. So it has its own task, which goes on when this future is
        // dropped. It has to be short, because neither the deadline nor the limit of calls applies to it.
        deadline.require(self.work / 2)?;
        let write = self.writes.spawn(self.clone().write(order_id));
        // An error is a panic, and it would be lost if the call has ended. The launcher ends the process
        // at any panic. Otherwise, let the task itself log its errors.
        let id = write.await.map_err(|_| Status::internal("the write has failed"))?;
        Ok(Response::new(ReserveResponse { reservation_id: id }))
    }
}

/// Serves an inventory on `listener`. Returns when `shutdown` has ended, and the last call and the last
/// write have finished.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    work: Duration,
) -> Result<(), transport::Error> {
    let stock = Stock { work, ..Stock::default() };
    let writes = stock.writes.clone();
    let served = builder()
        .layer(layer_fn(enforce_deadlines))
        .add_service(InventoryServer::new(stock))
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await;
    writes.close();
    writes.wait().await;
    served
}

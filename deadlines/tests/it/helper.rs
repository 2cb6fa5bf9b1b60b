//! Both hops in memory, and an inventory that does what a test wants.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use deadlines::{
    layers::{Calls, enforce_deadlines, with_deadlines},
    server::Front,
};
use proto::{
    ecommerce::{
        Order, order_management_client::OrderManagementClient,
        order_management_server::OrderManagementServer,
    },
    workshop::{
        ReserveRequest, ReserveResponse,
        inventory_server::{Inventory, InventoryServer},
    },
};
use testing::in_memory;
use tokio::time::{sleep, timeout};
use tonic::{Request, Response, Status, service::Routes, transport::Channel};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) type Client = OrderManagementClient<Calls<Status>>;

/// A client of a front, whose inventory is `inventory` and is known to take that long.
pub(crate) async fn client(inventory: impl Inventory, takes: Duration) -> Client {
    let channel = front(inventory, takes).await;
    OrderManagementClient::new(with_deadlines(channel, 10 * SECOND))
}

/// A channel to such a front that is only tonic's.
pub(crate) async fn front(inventory: impl Inventory, takes: Duration) -> Channel {
    let inventory = Routes::new(InventoryServer::new(inventory));
    let inventory = in_memory(enforce_deadlines(inventory)).await;
    let front = Routes::new(OrderManagementServer::new(Front::new(inventory, takes)));
    in_memory(enforce_deadlines(front)).await
}

/// Waits for something that must end. Without a limit, a test of it could hang.
pub(crate) async fn soon<T>(part: impl Future<Output = T>) -> T {
    timeout(60 * SECOND, part).await.expect("it ends")
}

/// A valid order, with this deadline.
pub(crate) fn order(id: &str, timeout: Duration) -> Request<Order> {
    let mut request = Request::new(testing::order(id, &["iPhone XS"], "San Jose, CA"));
    request.set_timeout(timeout);
    request
}

/// An inventory that takes `work`, then returns `answer`, and remembers its calls.
#[derive(Clone)]
pub(crate) struct Mock {
    pub(crate) work: Duration,
    pub(crate) answer: fn() -> Result<Response<ReserveResponse>, Status>,
    /// The header `grpc-timeout` of each call.
    pub(crate) timeouts: Arc<Mutex<Vec<Duration>>>,
    /// How many calls are being worked on.
    pub(crate) running: Arc<AtomicUsize>,
}

impl Mock {
    pub(crate) fn new(work: Duration) -> Self {
        let answer = || Ok(Response::new(ReserveResponse::default()));
        Self { work, answer, timeouts: Arc::default(), running: Arc::default() }
    }
}

#[tonic::async_trait]
impl Inventory for Mock {
    async fn reserve(
        &self,
        request: Request<ReserveRequest>,
    ) -> Result<Response<ReserveResponse>, Status> {
        struct Running(Arc<AtomicUsize>);
        impl Drop for Running {
            fn drop(&mut self) {
                self.0.fetch_sub(1, SeqCst);
            }
        }
        self.running.fetch_add(1, SeqCst);
        let _running = Running(Arc::clone(&self.running));
        let timeout = wire::timeout::get(request.metadata().as_ref());
        self.timeouts.lock().unwrap().push(timeout.expect("the front sets a deadline"));
        sleep(self.work).await;
        (self.answer)()
    }
}

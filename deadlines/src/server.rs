//! The first hop: the *front*, which serves `ecommerce.OrderManagement` and calls the inventory.

use std::{error::Error as _, sync::Arc, time::Duration};

use launcher::{Error, builder, check_addr, describe, endpoint, incoming, transcript};
use order_management::orders::Orders;
use order_management::server::{MAX_ORDER, OrderService, check};
use proto::ecommerce::Order;
use proto::ecommerce::order_management_server::{OrderManagement, OrderManagementServer};
use proto::workshop::{ReserveRequest, inventory_client::InventoryClient};
use tokio::{net::TcpListener, time::sleep};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status, Streaming, transport::Channel};
use tower::layer::layer_fn;

use crate::layers::{Calls, MAX, enforce_deadlines, with_deadlines};
use crate::{deadline::Deadline, inventory};

/// How long the front's own (simulated) work takes for each order.
pub const CHECK: Duration = Duration::from_millis(50);

/// The service `ecommerce.OrderManagement`.
#[derive(Debug)]
pub struct Front {
    inventory: InventoryClient<Calls<Status>>,
    /// How long a reservation takes, as far as we know.
    reserve_takes: Duration,
    /// Implements the other methods.
    inner: OrderService,
}

impl Front {
    /// A front with the sample orders, whose inventory is at the other end of `channel`.
    #[must_use]
    pub fn new(channel: Channel, reserve_takes: Duration) -> Self {
        let inventory = InventoryClient::new(with_deadlines(channel, MAX));
        Self { inventory, reserve_takes, inner: OrderService::new(Arc::new(Orders::sample())) }
    }
}

/// The front's status for a status of the inventory. It contains nothing of the latter. For our clients,
/// NOT_FOUND would mean "no such order", and details of the inventory are not meant for them.
fn translate(status: &Status, order: &Order) -> Status {
    transcript!(server, "reserve({:?}) -> {}", order.id, describe(status));
    let later = || Status::unavailable("no items can be reserved now");
    match status.code() {
        Code::NotFound => {
            // Do not search the message for a name, because it may contain anything. Either it is exactly
            // what our inventory says about one of the order's items, or it can be any of them.
            let named = |item: &&String| status.message() == inventory::not_in_stock(item);
            let item = order.items.iter().find(named).cloned();
            let item = item.unwrap_or_else(|| order.items.join("\" or \""));
            // Production: `.200` limits the length, because many peers accept only 8 KiB of headers.
            Status::failed_precondition(format!("item \"{item:.200}\" is not in stock"))
        }
        Code::DeadlineExceeded => Status::deadline_exceeded("no time is left for the items"),
        // The client may try again later.
        Code::Unavailable | Code::ResourceExhausted | Code::Cancelled => later(),
        // Such a status is tonic's own. The connection is lost.
        _ if status.source().is_some() => later(),
        // The client cannot do anything.
        _ => Status::internal("the items cannot be reserved"),
    }
}

type Answer<T> = Result<Response<T>, Status>;
type Found = <OrderService as OrderManagement>::searchOrdersStream;
type Shipments = <OrderService as OrderManagement>::processOrdersStream;

#[tonic::async_trait]
impl OrderManagement for Front {
    async fn add_order(&self, request: Request<Order>) -> Answer<String> {
        let deadline = Deadline::of(&request)?;
        let order = request.get_ref();
        transcript!(server, "addOrder({:?}), {:.1?} left", order.id, deadline.left());
        // Nothing must be reserved for an order that `inner` refuses.
        check(order)?;
        deadline.require(CHECK + self.reserve_takes)?;
        // This time counts, because a deadline is a point in time.
        sleep(CHECK).await;
        deadline.require(self.reserve_takes)?;
        let (order_id, items) = (order.id.clone(), order.items.clone());
        let mut reserve = Request::new(ReserveRequest { order_id, items });
        // This propagates the deadline. Without it the inventory would work for clients that have given up.
        // Go propagates it if you pass on `ctx`, and Java by itself.
        reserve.extensions_mut().insert(deadline);
        // If the client cancels, this future is dropped here, and the call to the inventory with it.
        let reserved = self.inventory.clone().reserve(reserve).await;
        // `?` alone would return the inventory's status to our client.
        reserved.map_err(|status| translate(&status, order))?;
        self.inner.add_order(request).await
    }

    async fn get_order(&self, request: Request<String>) -> Answer<Order> {
        self.inner.get_order(request).await
    }
    type searchOrdersStream = Found;
    async fn search_orders(&self, request: Request<String>) -> Answer<Found> {
        self.inner.search_orders(request).await
    }
    async fn update_orders(&self, request: Request<Streaming<Order>>) -> Answer<String> {
        self.inner.update_orders(request).await
    }
    type processOrdersStream = Shipments;
    async fn process_orders(&self, request: Request<Streaming<String>>) -> Answer<Shipments> {
        self.inner.process_orders(request).await
    }
}

/// Serves a front on `listener`. Its inventory is the one at the address `other`, or else one in this
/// process, on a free port, which takes the time `work` for each order.
///
/// Returns when `shutdown` has ended, and all calls and writes have finished.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    other: Option<&str>,
    work: Duration,
) -> Result<(), Error> {
    if let Some(addr) = other {
        // We do not know how long another inventory takes.
        return serve_front(listener, shutdown, addr, Duration::ZERO).await;
    }
    let free_port = TcpListener::bind("127.0.0.1:0").await?;
    let addr = free_port.local_addr()?.to_string();
    let ended = CancellationToken::new();
    let front = async {
        let result = serve_front(listener, shutdown, &addr, work).await;
        // Only now, because the front's last calls need the inventory.
        ended.cancel();
        result
    };
    let inventory = async { Ok(inventory::serve(free_port, ended.cancelled(), work).await?) };
    tokio::try_join!(front, inventory).map(drop)
}

/// Serves a front whose inventory is at `addr`.
async fn serve_front(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    addr: &str,
    reserve_takes: Duration,
) -> Result<(), Error> {
    check_addr(addr)?;
    transcript!(server, "the inventory is at {addr}");
    // This connects at the first call, and again when the connection is lost.
    let front = Front::new(endpoint(addr)?.connect_lazy(), reserve_takes);
    builder()
        .layer(layer_fn(enforce_deadlines))
        // Production: a client must be able to read what it has stored. See `MAX_ORDER`.
        .add_service(OrderManagementServer::new(front).max_decoding_message_size(MAX_ORDER))
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await?;
    Ok(())
}

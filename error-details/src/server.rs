//! The server's side: `addOrder` and `getOrder` with detailed errors, and the other methods of
//! `order-management` unchanged.

use std::{io, sync::Arc};

use launcher::{builder, incoming};
use order_management::orders::Orders;
use order_management::server::{MAX_ORDER, OrderService};
use proto::ecommerce::{
    Order,
    order_management_server::{OrderManagement, OrderManagementServer},
};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, Streaming, metadata::MetadataMap, transport};

use crate::{
    check::{Quota, violations},
    errors::OrderError,
    language::Language,
};

/// We deliver to these destinations.
const TOWNS: [&str; 2] = ["Mountain View, CA", "San Jose, CA"];

/// The service `ecommerce.OrderManagement`.
#[derive(Debug)]
pub struct CarefulOrders {
    orders: Arc<Orders>,
    quota: Quota,
    /// Implements the methods that do not change, over the same orders.
    inner: OrderService,
}

impl CarefulOrders {
    /// The service over `orders`.
    #[must_use]
    pub fn new(orders: Arc<Orders>) -> Self {
        let inner = OrderService::new(Arc::clone(&orders));
        Self { orders, quota: Quota::default(), inner }
    }

    // The work. It knows nothing of gRPC: each `?` and each `Err` is an `OrderError`.

    fn add(&self, order: Order) -> Result<String, OrderError> {
        let violations = violations(&order);
        if !violations.is_empty() {
            return Err(OrderError::Invalid(violations));
        }
        if !TOWNS.contains(&order.destination.as_str()) {
            return Err(OrderError::NotServed { town: order.destination });
        }
        // The last check. If it came first, a caller might wait for its turn only to be refused.
        self.quota.take().map_err(|wait| OrderError::TooFast { wait })?;
        let answer = format!("Order Added: {}", order.id);
        reach_database(&order.id)?;
        self.orders.put(order);
        Ok(answer)
    }

    fn get(&self, id: String) -> Result<Order, OrderError> {
        reach_database(&id)?;
        self.orders.get(&id).ok_or(OrderError::NotFound { id })
    }
}

/// A simulated database in front of the orders. Like PostgreSQL, it rejects strings that contain
/// NUL, with an error that a caller must not see.
fn reach_database(id: &str) -> io::Result<()> {
    if id.contains('\0') {
        let cause = "invalid byte sequence 0x00 for table orders on db-3.internal:5432";
        return Err(io::Error::other(cause));
    }
    Ok(())
}

#[tonic::async_trait]
impl OrderManagement for CarefulOrders {
    async fn add_order(&self, request: Request<Order>) -> Result<Response<String>, Status> {
        let (metadata, _, order) = request.into_parts();
        answer(&metadata, self.add(order))
    }

    async fn get_order(&self, request: Request<String>) -> Result<Response<Order>, Status> {
        let (metadata, _, id) = request.into_parts();
        answer(&metadata, self.get(id))
    }

    type searchOrdersStream = <OrderService as OrderManagement>::searchOrdersStream;

    async fn search_orders(
        &self,
        request: Request<String>,
    ) -> Result<Response<Self::searchOrdersStream>, Status> {
        self.inner.search_orders(request).await
    }

    async fn update_orders(
        &self,
        request: Request<Streaming<Order>>,
    ) -> Result<Response<String>, Status> {
        self.inner.update_orders(request).await
    }

    type processOrdersStream = <OrderService as OrderManagement>::processOrdersStream;

    async fn process_orders(
        &self,
        request: Request<Streaming<String>>,
    ) -> Result<Response<Self::processOrdersStream>, Status> {
        self.inner.process_orders(request).await
    }
}

/// Turns the result into a response, or into a status in the language of the caller.
fn answer<T>(
    metadata: &MetadataMap,
    result: Result<T, OrderError>,
) -> Result<Response<T>, Status> {
    result.map(Response::new).map_err(|error| error.status(Language::of(metadata)))
}

/// Serves the sample orders on `listener` until `shutdown` ends and the last call is answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    let service = OrderManagementServer::new(CarefulOrders::new(Arc::new(Orders::sample())));
    builder()
        // Production: a client must be able to read what it has stored. See `MAX_ORDER`.
        .add_service(service.max_decoding_message_size(MAX_ORDER))
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await
}

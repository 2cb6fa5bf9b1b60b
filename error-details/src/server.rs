//! The server's side: `addOrder` and `getOrder` that fail well, in front of the other methods of
//! `order-management`.

use std::sync::Arc;

use launcher::{builder, incoming};
use order_management::{orders::Orders, server::OrderService};
use proto::ecommerce::{
    Order,
    order_management_server::{OrderManagement, OrderManagementServer},
};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, Streaming, metadata::MetadataMap, transport};

use crate::{
    check::violations, language::Language, order_error::OrderError, quota::Quota, store::Store,
};

/// Where orders are delivered to.
const SERVED: [&str; 2] = ["Mountain View, CA", "San Jose, CA"];

/// The service `ecommerce.OrderManagement`, with errors that a program can act on.
#[derive(Debug)]
pub struct CarefulOrders {
    store: Store,
    quota: Quota,
    /// Has the methods that are not changed, over the same orders.
    inner: OrderService,
}

impl CarefulOrders {
    /// The service over `orders`.
    #[must_use]
    pub fn new(orders: Arc<Orders>) -> Self {
        Self {
            store: Store::new(Arc::clone(&orders)),
            quota: Quota::default(),
            inner: OrderService::new(orders),
        }
    }

    fn add(&self, order: Order, caller: String) -> Result<String, OrderError> {
        let violations = violations(&order);
        if !violations.is_empty() {
            return Err(OrderError::Invalid(violations));
        }
        if !SERVED.contains(&order.destination.as_str()) {
            return Err(OrderError::NotServed { destination: order.destination });
        }
        // Last of what can refuse the order: nobody waits for an order that is refused then.
        self.quota.take(&caller).map_err(|wait| OrderError::TooFast { caller, wait })?;
        let answer = format!("Order Added: {}", order.id);
        self.store.put(order)?;
        Ok(answer)
    }

    fn get(&self, id: String) -> Result<Order, OrderError> {
        self.store.get(&id)?.ok_or(OrderError::NotFound { id })
    }
}

#[tonic::async_trait]
impl OrderManagement for CarefulOrders {
    async fn add_order(&self, request: Request<Order>) -> Result<Response<String>, Status> {
        let (metadata, _, order) = request.into_parts();
        answer(&metadata, self.add(order, caller(&metadata)))
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

/// Where one of our errors becomes a status, in the language of the caller.
fn answer<T>(
    metadata: &MetadataMap,
    result: Result<T, OrderError>,
) -> Result<Response<T>, Status> {
    result.map(Response::new).map_err(|error| error.status(Language::of(metadata)))
}

/// Who calls. Anybody can claim to be anybody here; a real server takes the name that belongs to a
/// token, which an interceptor has checked.
fn caller(metadata: &MetadataMap) -> String {
    let name = metadata.get("caller").and_then(|name| name.to_str().ok());
    name.unwrap_or("anonymous").chars().take(100).collect()
}

/// Serves the sample orders on `listener` until `shutdown` ends and the last call is answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    let service = OrderManagementServer::new(CarefulOrders::new(Arc::new(Orders::sample())));
    builder()
        // The limit of order-management's own service, for the same reason.
        .add_service(service.max_decoding_message_size(1024 * 1024))
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await
}

//! The server's side: a method for each call, in each of the four patterns.

use std::sync::Arc;

use futures::stream::{self, BoxStream, StreamExt};
use launcher::{builder, incoming, transcript};
use proto::ecommerce::{
    CombinedShipment, Order,
    order_management_server::{OrderManagement, OrderManagementServer},
};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, Streaming, transport};

use crate::{orders::Orders, search, shipments};

/// How long the answer of `updateOrders` may get, in bytes. Its ids are all that a stream without
/// an end would pile up here, and a client takes no message over 4 MiB unless it is told to.
const MAX_ANSWER: usize = 1024 * 1024;

/// The service `ecommerce.OrderManagement`, over a store.
#[derive(Clone, Debug)]
pub struct OrderService {
    orders: Arc<Orders>,
}

impl OrderService {
    /// The service over `orders`, which may be [sample orders](Orders::sample) or none.
    #[must_use]
    pub fn new(orders: Arc<Orders>) -> Self {
        Self { orders }
    }
}

#[tonic::async_trait]
impl OrderManagement for OrderService {
    /// Unary: a message in, a message out.
    async fn add_order(&self, request: Request<Order>) -> Result<Response<String>, Status> {
        let order = request.into_inner();
        check(&order)?;
        transcript!(server, "addOrder: storing {:?}", order.id);
        let answer = format!("Order Added: {}", order.id);
        self.orders.put(order);
        Ok(Response::new(answer))
    }

    async fn get_order(&self, request: Request<String>) -> Result<Response<Order>, Status> {
        let id = request.into_inner();
        self.orders.get(&id).map(Response::new).ok_or_else(|| not_found(&id))
    }

    // Go hands the method a `stream` and lets it `Send`, which blocks while the client is slow.
    // Here the method returns a stream and is done; whoever sends the messages asks it for the
    // next one when there is room. What nobody asks for is never made.
    type searchOrdersStream = BoxStream<'static, Result<Order, Status>>;

    /// Server streaming: a message in, a stream out.
    async fn search_orders(
        &self,
        request: Request<String>,
    ) -> Result<Response<Self::searchOrdersStream>, Status> {
        let text = request.into_inner();
        if text.trim().is_empty() {
            return Err(Status::invalid_argument("the text to search for must not be blank"));
        }
        let found = search::matching(Arc::clone(&self.orders), text);
        Ok(Response::new(stream::iter(found.map(Ok)).boxed()))
    }

    /// Client streaming: a stream in, a message out.
    async fn update_orders(
        &self,
        request: Request<Streaming<Order>>,
    ) -> Result<Response<String>, Status> {
        let mut updates = request.into_inner();
        let mut answer = String::from("Updated Order IDs:");
        // `None` is the client's half-close: it has sent all that it wanted to. Go says `io.EOF`
        // in the place of an error; here the errors are apart, and `?` returns them. But where Go
        // has an error for a cancelled call, tonic has `None` again: it is no word to commit on.
        while let Some(order) = updates.message().await? {
            if !self.orders.contains(&order.id) {
                return Err(not_found(&order.id));
            }
            check(&order)?;
            if answer.len() + order.id.len() > MAX_ANSWER {
                return Err(Status::resource_exhausted("too many orders for one answer"));
            }
            answer.push(' ');
            answer.push_str(&order.id);
            transcript!(server, "updateOrders: replacing {:?}", order.id);
            self.orders.put(order);
        }
        Ok(Response::new(answer))
    }

    type processOrdersStream = BoxStream<'static, Result<CombinedShipment, Status>>;

    /// Bidirectional streaming: a stream in, a stream out.
    async fn process_orders(
        &self,
        request: Request<Streaming<String>>,
    ) -> Result<Response<Self::processOrdersStream>, Status> {
        let orders = Arc::clone(&self.orders);
        Ok(Response::new(shipments::combined(orders, request.into_inner()).boxed()))
    }
}

/// Refuses what cannot be an order.
fn check(order: &Order) -> Result<(), Status> {
    if order.id.trim().is_empty() {
        return Err(Status::invalid_argument("id must not be blank"));
    }
    if order.items.is_empty() {
        return Err(Status::invalid_argument("items must not be empty"));
    }
    if !order.price.is_finite() || order.price < 0.0 {
        return Err(Status::invalid_argument(format!(
            "price must be a number and not negative, and is {}",
            order.price
        )));
    }
    Ok(())
}

/// The status for an id that no order has, with no more of it than fits into a header.
pub(crate) fn not_found(id: &str) -> Status {
    Status::not_found(format!("order \"{id:.100}\" does not exist"))
}

/// The service over `orders`, as it is served.
#[must_use]
pub fn service(orders: Orders) -> OrderManagementServer<OrderService> {
    OrderManagementServer::new(OrderService::new(Arc::new(orders)))
        // Three orders make a shipment, and a client takes no message over 4 MiB unless it is
        // told to.
        .max_decoding_message_size(1024 * 1024)
}

/// Serves the sample orders on `listener` until `shutdown` ends and the last call is answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    builder()
        .add_service(service(Orders::sample()))
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await
}

//! The server: a method for each rpc, in all four patterns, and [`serve`].

use std::sync::Arc;

use futures::stream::{BoxStream, StreamExt};
use launcher::{builder, incoming, transcript};
use prost::Message;
use proto::ecommerce::{
    CombinedShipment, Order,
    order_management_server::{OrderManagement, OrderManagementServer},
};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, Streaming, transport};

use crate::{
    orders::Orders,
    streams::{self, not_found},
};

/// The size of the largest order that the service accepts, in bytes.
///
/// gRPC's clients accept messages of up to 4 MiB. A shipment contains up to three orders, and their
/// destination once more. With this limit a client can read every shipment, and so every order.
pub const MAX_ORDER: usize = 1_000_000;

/// The size of the largest response of `updateOrders`, in bytes. The response contains all ids, so
/// without a limit an endless stream of updates would fill the memory.
const MAX_ANSWER: usize = 1024 * 1024;

/// The service `ecommerce.OrderManagement`.
#[derive(Clone, Debug)]
pub struct OrderService {
    orders: Arc<Orders>,
}

impl OrderService {
    /// A service that stores its orders in `orders`.
    #[must_use]
    pub fn new(orders: Arc<Orders>) -> Self {
        Self { orders }
    }
}

#[tonic::async_trait]
impl OrderManagement for OrderService {
    /// Unary: takes a message, returns a message.
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

    // In Go the method gets a `stream`, and `Send` blocks while the client is slow. Here the method
    // returns a stream and is finished. tonic asks the stream for its next message when there is room
    // to send one.
    type searchOrdersStream = BoxStream<'static, Result<Order, Status>>;

    /// Server streaming: takes a message, returns a stream.
    async fn search_orders(
        &self,
        request: Request<String>,
    ) -> Result<Response<Self::searchOrdersStream>, Status> {
        let text = request.into_inner();
        if text.trim().is_empty() {
            return Err(Status::invalid_argument("the text to search for must not be blank"));
        }
        Ok(Response::new(streams::search(Arc::clone(&self.orders), text).boxed()))
    }

    /// Client streaming: takes a stream, returns a message.
    async fn update_orders(
        &self,
        request: Request<Streaming<Order>>,
    ) -> Result<Response<String>, Status> {
        let mut updates = request.into_inner();
        let mut answer = String::from("Updated Order IDs:");
        // `None` is the client's half-close: it has sent its last message. Go returns the error
        // `io.EOF` here. Errors are separate in Rust, and `?` returns them.
        //
        // One case is different from Go: tonic also returns `None` if the client cancels the call
        // while this method waits. So `None` does not prove that the client has sent everything.
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

    /// Bidirectional streaming: takes a stream, returns a stream.
    async fn process_orders(
        &self,
        request: Request<Streaming<String>>,
    ) -> Result<Response<Self::processOrdersStream>, Status> {
        let ids = request.into_inner();
        Ok(Response::new(streams::shipments(Arc::clone(&self.orders), ids).boxed()))
    }
}

/// Rejects an order that must not be stored.
pub fn check(order: &Order) -> Result<(), Status> {
    if order.id.trim().is_empty() {
        return Err(Status::invalid_argument("id must not be blank"));
    }
    if order.items.is_empty() {
        return Err(Status::invalid_argument("items must not be empty"));
    }
    if !order.price.is_finite() || order.price < 0.0 {
        return Err(Status::invalid_argument(format!(
            "price must be a number and not negative, but it is {}",
            order.price
        )));
    }
    let size = order.encoded_len();
    if size > MAX_ORDER {
        return Err(Status::resource_exhausted(format!(
            "the order has {size} bytes, but at most {MAX_ORDER} are accepted"
        )));
    }
    Ok(())
}

/// The service with `orders` as its store, ready to be added to a server.
#[must_use]
pub fn service(orders: Orders) -> OrderManagementServer<OrderService> {
    OrderManagementServer::new(OrderService::new(Arc::new(orders)))
}

/// Serves the sample orders on `listener`. Returns when `shutdown` has ended and the last call has
/// been answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    // `builder` is tonic's `Server::builder` with the limits for streams that production needs.
    builder()
        .add_service(service(Orders::sample()))
        .serve_with_incoming_shutdown(incoming(listener), shutdown)
        .await
}

//! The status that a client gets when a response stream panics.
//!
//! In the examples a panic ends the process (`launcher::exit_on_panic`). These tests run without that.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures::stream::{self, BoxStream, StreamExt};
use order_management::{orders::Orders, server::OrderService};
use proto::ecommerce::{
    CombinedShipment, Order,
    order_management_client::OrderManagementClient,
    order_management_server::{OrderManagement, OrderManagementServer},
};
use testing::{in_memory, order};
use tonic::{Code, Request, Response, Status, Streaming};

type Found = BoxStream<'static, Result<Order, Status>>;

/// Answers `searchOrders` with one order and then a panic, which it may turn into a status.
struct Panicking {
    caught: bool,
    inner: OrderService,
}

fn one_order_and_a_panic() -> Found {
    let one = stream::iter([Ok(order("102", &["a lamp"], "Seoul"))]);
    one.chain(stream::poll_fn(|_| panic!("this is a test"))).boxed()
}

/// Ends a stream with INTERNAL where it panics.
fn catch_panics(orders: Found) -> Found {
    let internal = |_| Err(Status::internal("the server has a bug"));
    AssertUnwindSafe(orders)
        .catch_unwind()
        .map(move |order| order.unwrap_or_else(internal))
        .boxed()
}

#[tonic::async_trait]
impl OrderManagement for Panicking {
    type searchOrdersStream = Found;
    type processOrdersStream = BoxStream<'static, Result<CombinedShipment, Status>>;

    async fn search_orders(
        &self,
        _: Request<String>,
    ) -> Result<Response<Self::searchOrdersStream>, Status> {
        let orders = one_order_and_a_panic();
        Ok(Response::new(if self.caught { catch_panics(orders) } else { orders }))
    }

    async fn process_orders(
        &self,
        request: Request<Streaming<String>>,
    ) -> Result<Response<Self::processOrdersStream>, Status> {
        self.inner.process_orders(request).await
    }

    async fn update_orders(
        &self,
        request: Request<Streaming<Order>>,
    ) -> Result<Response<String>, Status> {
        self.inner.update_orders(request).await
    }

    async fn add_order(&self, request: Request<Order>) -> Result<Response<String>, Status> {
        self.inner.add_order(request).await
    }

    async fn get_order(&self, request: Request<String>) -> Result<Response<Order>, Status> {
        self.inner.get_order(request).await
    }
}

/// The end of the stream that a client sees. The order before it may be lost, because tonic sends
/// messages that are ready one after the other in one piece.
async fn end(caught: bool) -> Result<Option<Order>, Status> {
    let inner = OrderService::new(Arc::new(Orders::default()));
    let channel = in_memory(OrderManagementServer::new(Panicking { caught, inner })).await;
    let mut client = OrderManagementClient::new(channel);
    let mut orders = client.search_orders("lamp".to_owned()).await.unwrap().into_inner();
    loop {
        match orders.message().await {
            Ok(Some(order)) => assert_eq!(order.id, "102"),
            end => return end,
        }
    }
}

#[tokio::test]
async fn a_panic_in_a_response_stream_ends_the_call_with_cancelled() {
    assert_eq!(end(false).await.unwrap_err().code(), Code::Cancelled);
}

#[tokio::test]
async fn a_caught_panic_ends_the_stream_with_a_status() {
    assert_eq!(end(true).await.unwrap_err().code(), Code::Internal);
}

//! The client against a server that is not ours.

use std::{pin::Pin, sync::Arc};

use order_management::{orders::Orders, server::OrderService};
use proto::ecommerce::{
    CombinedShipment, Order,
    order_management_server::{OrderManagement, OrderManagementServer},
};
use testing::{Process, start};
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming, transport::Server};

type BoxStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Skips unknown ids in `processOrders`, as the book's servers do.
struct Lenient(OrderService);

#[tonic::async_trait]
impl OrderManagement for Lenient {
    type searchOrdersStream = <OrderService as OrderManagement>::searchOrdersStream;
    type processOrdersStream = BoxStream<CombinedShipment>;

    async fn process_orders(
        &self,
        request: Request<Streaming<String>>,
    ) -> Result<Response<Self::processOrdersStream>, Status> {
        let response = self.0.process_orders(request).await?;
        Ok(response.map(|shipments| {
            Box::pin(shipments.take_while(Result::is_ok)) as Self::processOrdersStream
        }))
    }

    async fn update_orders(
        &self,
        request: Request<Streaming<Order>>,
    ) -> Result<Response<String>, Status> {
        self.0.update_orders(request).await
    }

    async fn add_order(&self, request: Request<Order>) -> Result<Response<String>, Status> {
        self.0.add_order(request).await
    }

    async fn get_order(&self, request: Request<String>) -> Result<Response<Order>, Status> {
        self.0.get_order(request).await
    }

    async fn search_orders(
        &self,
        request: Request<String>,
    ) -> Result<Response<Self::searchOrdersStream>, Status> {
        self.0.search_orders(request).await
    }
}

#[tokio::test]
async fn the_client_continues_when_a_server_accepts_what_ours_refuses() {
    let service = Lenient(OrderService::new(Arc::new(Orders::sample())));
    let addr = start(|listener, shutdown| {
        Server::builder()
            .add_service(OrderManagementServer::new(service))
            .serve_with_incoming_shutdown(launcher::incoming(listener), shutdown)
    })
    .await;
    let args = ["client", "--addr", &addr];
    let client = Process::start(env!("CARGO_BIN_EXE_order-management"), &args).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
    let line = "client | processOrders -> accepted; our server refuses this\n";
    assert!(client.stdout.contains(line), "{}", client.stdout);
    assert!(client.stdout.contains("cancelling the rest"), "the client continues");
}

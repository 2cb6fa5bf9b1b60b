//! Clients that cancel, and clients that disappear.

use std::{sync::Arc, time::Duration};

use order_management::{orders::Orders, server, server::OrderService};
use proto::ecommerce::{
    CombinedShipment, Order,
    order_management_client::OrderManagementClient,
    order_management_server::{OrderManagement, OrderManagementServer},
};
use testing::{in_memory, start};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status, Streaming};

const PATIENCE: Duration = Duration::from_secs(30);

fn order(id: &str) -> Order {
    testing::order(id, &["a lamp"], "Seoul")
}

/// Waits until order 102 has been updated.
async fn updated(uri: &str) {
    let mut client = OrderManagementClient::connect(uri.to_owned()).await.unwrap();
    let stored = async {
        while client.get_order("102".to_owned()).await.unwrap().into_inner() != order("102") {}
    };
    timeout(PATIENCE, stored).await.expect("an order is stored as soon as it arrives");
}

#[tokio::test]
async fn orders_that_a_client_sent_before_it_disappeared_are_stored() {
    let uri = format!("http://{}", start(server::serve).await);

    // A client with its own runtime, which can be ended like a process, without closing the call.
    let process = tokio::runtime::Runtime::new().unwrap();
    let (updates, request) = mpsc::channel(1);
    let connect = OrderManagementClient::connect(uri.clone());
    process.spawn(async {
        connect.await.unwrap().update_orders(ReceiverStream::new(request)).await
    });
    updates.send(order("102")).await.unwrap();
    updated(&uri).await;
    process.shutdown_background();
    timeout(PATIENCE, updates.closed()).await.expect("the client is gone");

    updated(&uri).await;
}

/// The real `updateOrders`, which also sends the result of each call to the test.
struct Ends(OrderService, mpsc::Sender<Result<String, Status>>);

#[tonic::async_trait]
impl OrderManagement for Ends {
    type searchOrdersStream = tokio_stream::Empty<Result<Order, Status>>;
    type processOrdersStream = tokio_stream::Empty<Result<CombinedShipment, Status>>;

    async fn update_orders(
        &self,
        request: Request<Streaming<Order>>,
    ) -> Result<Response<String>, Status> {
        let answer = self.0.update_orders(request).await;
        let end = answer.as_ref().map(|answer| answer.get_ref().clone()).map_err(Clone::clone);
        self.1.send(end).await.unwrap();
        answer
    }

    async fn add_order(&self, _: Request<Order>) -> Result<Response<String>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_order(&self, _: Request<String>) -> Result<Response<Order>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn search_orders(
        &self,
        _: Request<String>,
    ) -> Result<Response<Self::searchOrdersStream>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn process_orders(
        &self,
        _: Request<Streaming<String>>,
    ) -> Result<Response<Self::processOrdersStream>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[tokio::test]
async fn a_cancelled_call_looks_like_a_half_close_to_a_method_that_reads() {
    let (ends, mut ended) = mpsc::channel(1);
    let orders = Arc::new(Orders::sample());
    let service = Ends(OrderService::new(Arc::clone(&orders)), ends);
    let channel = in_memory(OrderManagementServer::new(service)).await;

    let (updates, request) = mpsc::channel(1);
    let mut client = OrderManagementClient::new(channel);
    let call =
        tokio::spawn(async move { client.update_orders(ReceiverStream::new(request)).await });
    updates.send(order("102")).await.unwrap();
    let stored = async {
        while orders.get("102") != Some(order("102")) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, stored).await.expect("an order is stored as soon as it arrives");
    call.abort();
    let end = timeout(PATIENCE, ended.recv()).await.unwrap().unwrap();
    assert_eq!(end.unwrap(), "Updated Order IDs: 102", "as if the client had sent everything");
}

#[tokio::test]
async fn a_cancellation_handle_ends_a_call_whose_request_stream_is_open() {
    let channel = in_memory(server::service(Orders::sample())).await;
    let mut client = OrderManagementClient::new(channel);
    let (ids, request) = mpsc::channel(1);
    let mut request = Request::new(ReceiverStream::new(request));
    let handle = request.cancellation_handle();
    let mut shipments = client.process_orders(request).await.unwrap().into_inner();

    handle.cancel();
    timeout(PATIENCE, ids.closed()).await.expect("the request stream is dropped");
    let end =
        timeout(PATIENCE, shipments.message()).await.expect("the response stream ends too");
    assert_eq!(end.unwrap_err().code(), Code::Cancelled);
}

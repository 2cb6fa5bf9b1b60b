//! Streams are pulled: what happens when one side is slow, or goes away.
//!
//! Time is paused in these tests. It moves on by itself once nothing else can happen, so that
//! [`settled`] returns when every message that can be sent has been sent.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use futures::stream::{self, BoxStream, StreamExt};
use order_management::{orders::Orders, shipments};
use proto::ecommerce::{
    CombinedShipment, Order,
    order_management_client::OrderManagementClient,
    order_management_server::{OrderManagement, OrderManagementServer},
};
use testing::in_memory;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

async fn settled() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

fn orders() -> Arc<Orders> {
    let orders = Orders::default();
    orders.put(Order {
        id: "1".into(),
        description: "x".repeat(1_000),
        destination: "Seoul".into(),
        ..Order::default()
    });
    Arc::new(orders)
}

/// How many ids a server has taken, and whether its answer is still there.
#[derive(Clone, Default)]
struct Watch {
    taken: Arc<AtomicUsize>,
    answer: Arc<()>,
}

impl Watch {
    fn taken(&self) -> usize {
        self.taken.load(Relaxed)
    }

    fn answers(&self) -> usize {
        // One is ours, and one is the service's.
        Arc::strong_count(&self.answer) - 2
    }
}

/// `processOrders` with its ids counted.
#[tonic::async_trait]
impl OrderManagement for Watch {
    type searchOrdersStream = stream::Empty<Result<Order, Status>>;
    type processOrdersStream = BoxStream<'static, Result<CombinedShipment, Status>>;

    async fn process_orders(
        &self,
        request: Request<Streaming<String>>,
    ) -> Result<Response<Self::processOrdersStream>, Status> {
        let (taken, answer) = (Arc::clone(&self.taken), Arc::clone(&self.answer));
        let ids = request.into_inner().inspect(move |_| {
            taken.fetch_add(1, Relaxed);
            let _held = &answer;
        });
        Ok(Response::new(shipments::of(orders(), ids).boxed()))
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

    async fn update_orders(
        &self,
        _: Request<Streaming<Order>>,
    ) -> Result<Response<String>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[tokio::test]
async fn no_id_is_taken_before_its_answer_is_asked_for() {
    let taken = AtomicUsize::new(0);
    let ids = stream::repeat_with(|| Ok("1".to_owned())).inspect(|_| {
        taken.fetch_add(1, Relaxed);
    });
    let mut shipments = Box::pin(shipments::of(orders(), ids));
    assert_eq!(taken.load(Relaxed), 0);
    shipments.next().await;
    assert_eq!(taken.load(Relaxed), 3);
    shipments.next().await;
    assert_eq!(taken.load(Relaxed), 6);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_is_no_longer_read_from() {
    const OFFERED: usize = 1_000_000;
    let watch = Watch::default();
    let channel = in_memory(OrderManagementServer::new(watch.clone())).await;
    let ids = stream::iter((0..OFFERED).map(|_| "1".to_owned()));
    let mut client = OrderManagementClient::new(channel);
    let unread = client.process_orders(ids).await.unwrap().into_inner();

    settled().await;
    let taken = watch.taken();
    // Their orders of 1 kB each fill what flow control lets a server send ahead: 2 MiB here.
    assert!((1_000..10_000).contains(&taken), "{taken}");
    settled().await;
    assert_eq!(watch.taken(), taken, "nothing more is taken");

    // The client reads after all, and gets every one of them.
    let shipped =
        unread.fold(0, async |sum, shipment| sum + shipment.unwrap().orders_list.len());
    assert_eq!(shipped.await, OFFERED);
}

#[tokio::test(start_paused = true)]
async fn a_shipment_arrives_before_the_next_id_is_sent() {
    let channel = in_memory(OrderManagementServer::new(Watch::default())).await;
    let (ids, request) = mpsc::channel(3);
    for _ in 0..3 {
        ids.send("1".to_owned()).await.unwrap();
    }
    let mut client = OrderManagementClient::new(channel);
    let call = client.process_orders(ReceiverStream::new(request)).await;
    let mut shipments = call.unwrap().into_inner();
    assert_eq!(shipments.message().await.unwrap().unwrap().orders_list.len(), 3);

    ids.send("1".to_owned()).await.unwrap();
    drop(ids);
    assert_eq!(shipments.message().await.unwrap().unwrap().orders_list.len(), 1);
    assert_eq!(shipments.message().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_on_until_the_client_has_dropped_both_its_streams() {
    let watch = Watch::default();
    let channel = in_memory(OrderManagementServer::new(watch.clone())).await;
    let (ids, request) = mpsc::channel(3);
    let mut client = OrderManagementClient::new(channel);
    let call = client.process_orders(ReceiverStream::new(request)).await;
    drop(call.unwrap());

    for _ in 0..3 {
        ids.send("1".to_owned()).await.unwrap();
    }
    settled().await;
    assert_eq!((watch.taken(), watch.answers()), (3, 1), "the answers alone are not enough");

    drop(ids);
    settled().await;
    assert_eq!(watch.answers(), 0);
}

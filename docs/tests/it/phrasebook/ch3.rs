//! Chapter 3: the four communication patterns.

use futures::stream::{self, BoxStream, StreamExt};
use proto::ecommerce::{
    CombinedShipment, Order, order_management_client::OrderManagementClient,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming, transport::Channel};

pub(crate) const TEXT: &str = include_str!("ch3.rs");

type Answers<T> = Result<Response<BoxStream<'static, Result<T, Status>>>, Status>;

fn server_streaming(orders: Vec<Order>) -> Answers<Order> {
    Ok(Response::new(stream::iter(orders).map(Ok).boxed()))
}

fn with_an_error(orders: Vec<Order>, status: Status) -> Answers<Order> {
    let all = stream::iter(orders).map(Ok).chain(stream::iter([Err(status)]));
    Ok(Response::new(all.boxed()))
}

async fn client_streaming(
    request: Request<Streaming<Order>>,
) -> Result<Response<String>, Status> {
    let mut updates = request.into_inner();
    let mut ids = Vec::new();
    while let Some(order) = updates.message().await? {
        ids.push(order.id);
    }
    Ok(Response::new(ids.join(" ")))
}

fn bidirectional_streaming(request: Request<Streaming<String>>) -> Answers<CombinedShipment> {
    let shipments = request.into_inner().map(|id| {
        let mut shipment = CombinedShipment { id: id?, ..CombinedShipment::default() };
        shipment.orders_list.push(Order::default());
        Ok(shipment)
    });
    Ok(Response::new(shipments.boxed()))
}

async fn client(
    mut client: OrderManagementClient<Channel>,
    orders: Vec<Order>,
) -> Result<(), Box<dyn std::error::Error>> {
    let order = client.get_order("106".to_owned()).await?.into_inner();
    println!("{}", order.id);
    let mut found = client.search_orders("Google".to_owned()).await?.into_inner();
    while let Some(order) = found.message().await? {
        println!("{}", order.id);
    }
    let answer = client.update_orders(stream::iter(orders)).await?;
    println!("{}", answer.into_inner());
    Ok(())
}

async fn conversation(
    mut client: OrderManagementClient<Channel>,
) -> Result<(), Box<dyn std::error::Error>> {
    let (ids, request) = mpsc::channel(3);
    ids.send("102".to_owned()).await?;
    let mut shipments = client.process_orders(ReceiverStream::new(request)).await?.into_inner();
    let receiving = async {
        while let Some(shipment) = shipments.message().await? {
            println!("{}", shipment.id);
        }
        Ok::<_, Status>(())
    };
    let sending = async move {
        // It fails when the call has ended, and the call's status says why.
        let _ = ids.send("103".to_owned()).await;
        drop(ids);
    };
    let (received, ()) = tokio::join!(receiving, sending);
    received?;
    Ok(())
}

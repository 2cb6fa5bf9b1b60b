//! Chapter 3: the four communication patterns.

use futures::stream::{self, BoxStream, StreamExt};
use proto::ecommerce::{
    CombinedShipment, Order, order_management_client::OrderManagementClient,
    order_management_server::OrderManagement,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming, transport::Channel};

struct Service {
    orders: Vec<Order>,
}

#[tonic::async_trait]
impl OrderManagement for Service {
    async fn add_order(&self, request: Request<Order>) -> Result<Response<String>, Status> {
        Ok(Response::new(format!("Order Added: {}", request.into_inner().id)))
    }

    async fn get_order(&self, request: Request<String>) -> Result<Response<Order>, Status> {
        let id = request.into_inner();
        Err(Status::not_found(format!("order {id:?} does not exist")))
    }

    type searchOrdersStream = BoxStream<'static, Result<Order, Status>>;

    async fn search_orders(
        &self,
        _: Request<String>,
    ) -> Result<Response<Self::searchOrdersStream>, Status> {
        let orders = self.orders.clone();
        Ok(Response::new(stream::iter(orders).map(Ok).boxed()))
    }

    async fn update_orders(
        &self,
        request: Request<Streaming<Order>>,
    ) -> Result<Response<String>, Status> {
        let mut updates = request.into_inner();
        let mut ids = Vec::new();
        while let Some(order) = updates.message().await? {
            ids.push(order.id);
        }
        Ok(Response::new(ids.join(" ")))
    }

    type processOrdersStream = BoxStream<'static, Result<CombinedShipment, Status>>;

    async fn process_orders(
        &self,
        request: Request<Streaming<String>>,
    ) -> Result<Response<Self::processOrdersStream>, Status> {
        let ids = request.into_inner();
        let shipments = ids.map(|id| match id {
            Ok(id) => Ok(CombinedShipment { id, ..CombinedShipment::default() }),
            Err(status) => Err(status),
        });
        Ok(Response::new(shipments.boxed()))
    }
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

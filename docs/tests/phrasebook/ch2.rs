//! Chapter 2: a service, its server and its client.

use std::{collections::HashMap, sync::RwLock, time::Duration};

use proto::ecommerce::{
    Order, Product, ProductId,
    product_info_server::{ProductInfo, ProductInfoServer},
};
use tokio::net::TcpListener;
use tonic::{
    Code, Request, Response, Status,
    transport::{Channel, Endpoint, Server, server::TcpIncoming},
};
use uuid::Uuid;

#[derive(Default)]
struct Products {
    by_id: RwLock<HashMap<String, Product>>,
}

#[tonic::async_trait]
impl ProductInfo for Products {
    async fn add_product(
        &self,
        request: Request<Product>,
    ) -> Result<Response<ProductId>, Status> {
        let name = request.get_ref().name.clone();
        let product = request.into_inner();
        let id = Uuid::new_v4().to_string();
        self.store(&id, Product { name, ..product });
        Ok(Response::new(ProductId { value: id }))
    }

    async fn get_product(
        &self,
        request: Request<ProductId>,
    ) -> Result<Response<Product>, Status> {
        let id = request.into_inner().value;
        Err(Status::not_found(format!("product {id:?} does not exist")))
    }
}

impl Products {
    fn store(&self, id: &str, product: Product) {
        if let Ok(mut by_id) = self.by_id.write() {
            by_id.insert(id.to_owned(), product);
        }
    }
}

fn messages(name: &str, price: f32, item: String) -> (Product, Order, usize) {
    let product = Product { name: name.into(), price, ..Product::default() };
    let mut order = Order::default();
    order.items.push(item);
    let order = Order { destination: "Seoul".into(), ..order.clone() };
    let count = order.items.len();
    (product, order, count)
}

async fn server(shutdown: impl Future<Output = ()>) -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:50051").await?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let router = Server::builder().add_service(ProductInfoServer::new(Products::default()));
    router.serve_with_incoming_shutdown(incoming, shutdown).await?;
    Ok(())
}

async fn server_until_it_is_killed() -> Result<(), Box<dyn std::error::Error>> {
    let router = Server::builder().add_service(ProductInfoServer::new(Products::default()));
    router.serve("127.0.0.1:50051".parse()?).await?;
    Ok(())
}

async fn client(product: Product) -> Result<(), Box<dyn std::error::Error>> {
    use proto::ecommerce::product_info_client::ProductInfoClient;

    let channel = Channel::from_static("http://localhost:50051").connect_lazy();
    drop(channel);
    let target = "localhost:50051";
    let channel = Endpoint::from_shared(format!("http://{target}"))?
        .connect_timeout(Duration::from_secs(5))
        .connect()
        .await?;
    let mut client = ProductInfoClient::new(channel);
    let id = client.add_product(product).await?.into_inner();
    tracing::info!("added {}", id.value);
    match client.get_product(id).await {
        Ok(response) => println!("{}", response.get_ref().name),
        Err(status) if status.code() == Code::NotFound => println!("{}", status.message()),
        Err(status) => return Err(status.into()),
    }
    drop(client);
    Ok(())
}

fn blocking(channel: Channel, product: Product) -> Result<(), Box<dyn std::error::Error>> {
    use proto::ecommerce::product_info_client::ProductInfoClient;

    let runtime = tokio::runtime::Runtime::new()?;
    let mut client = ProductInfoClient::new(channel);
    let added = runtime.block_on(client.add_product(product))?;
    println!("{}", added.get_ref().value);
    Ok(())
}

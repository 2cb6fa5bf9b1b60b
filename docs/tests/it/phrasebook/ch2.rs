//! Chapter 2: a server and a client.

use std::time::Duration;

use productinfo::server::Products;
use proto::ecommerce::{Order, Product, ProductId, product_info_server::ProductInfoServer};
use tokio::net::TcpListener;
use tonic::{
    Code, Response, Status,
    transport::{Channel, Endpoint, Server, server::TcpIncoming},
};
use uuid::Uuid;

pub(crate) const TEXT: &str = include_str!("ch2.rs");

fn messages(name: &str, price: f32, item: String) -> (Product, Order) {
    let product = Product { name: name.into(), price, ..Product::default() };
    let text = format!("{product:?}");
    println!("{} is {text}", product.name);
    let mut order = Order::default();
    order.items.push(item);
    println!("{}", order.items.len());
    let order = Order { destination: "Seoul".into(), ..order.clone() };
    (product, order)
}

fn answers() -> [Result<Response<ProductId>, Status>; 3] {
    let id = Uuid::new_v4().to_string();
    [
        Err(Status::not_found(format!("product {id:?} does not exist"))),
        Err(Status::unknown("something went wrong")),
        Ok(Response::new(ProductId { value: id })),
    ]
}

async fn server(shutdown: impl Future<Output = ()>) -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("[::]:50051").await?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let router = Server::builder().add_service(ProductInfoServer::new(Products::default()));
    router.serve_with_incoming_shutdown(incoming, shutdown).await?;
    Ok(())
}

async fn server_until_it_is_killed(
    incoming: TcpIncoming,
) -> Result<(), Box<dyn std::error::Error>> {
    let router = Server::builder().add_service(ProductInfoServer::new(Products::default()));
    router.serve_with_incoming(incoming).await?;
    Ok(())
}

async fn client(product: Product) -> Result<(), Box<dyn std::error::Error>> {
    use proto::ecommerce::product_info_client::ProductInfoClient;

    drop(Channel::from_static("http://localhost:50051").connect_lazy());
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

fn blocking(product: Product) -> Result<(), Box<dyn std::error::Error>> {
    use proto::ecommerce::product_info_client::ProductInfoClient;

    let runtime = tokio::runtime::Runtime::new()?;
    let mut client = runtime.block_on(ProductInfoClient::connect("http://localhost:50051"))?;
    let added = runtime.block_on(client.add_product(product))?;
    println!("{}", added.get_ref().value);
    Ok(())
}

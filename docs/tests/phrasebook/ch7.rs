//! Chapter 7: tests.

use productinfo::server::{Products, serve};
use proto::ecommerce::{
    Product, ProductId,
    product_info_client::ProductInfoClient,
    product_info_server::{ProductInfo, ProductInfoServer},
};
use testing::{Process, in_memory};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status};

struct Mock {
    add: Result<ProductId, Status>,
}

#[tonic::async_trait]
impl ProductInfo for Mock {
    async fn add_product(&self, _: Request<Product>) -> Result<Response<ProductId>, Status> {
        self.add.clone().map(Response::new)
    }

    async fn get_product(&self, _: Request<ProductId>) -> Result<Response<Product>, Status> {
        Err(Status::unimplemented("this test does not call it"))
    }
}

async fn without_a_port() {
    let channel = in_memory(ProductInfoServer::new(Products::default())).await;
    drop(ProductInfoClient::new(channel));
    let channel =
        in_memory(ProductInfoServer::new(Mock { add: Ok(ProductId::default()) })).await;
    drop(ProductInfoClient::new(channel));
}

async fn with_a_port(
    shutdown: impl Future<Output = ()>,
) -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    serve(listener, shutdown).await?;
    Ok(())
}

async fn through_a_process(program: &str) {
    let mut server = Process::start(program, &["server", "--addr", "127.0.0.1:0"]);
    println!("{}", server.addr().await);
}

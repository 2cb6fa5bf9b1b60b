//! The client against servers that fail or accept on purpose, without a port (book, chapter 7).
//!
//! A mock is one more implementation of the service's trait. The book generates it; in Rust it takes
//! a few lines.

use productinfo::client;
use proto::ecommerce::{
    Product, ProductId,
    product_info_client::ProductInfoClient,
    product_info_server::{ProductInfo, ProductInfoServer},
};
use testing::{Process, in_memory, start};
use tonic::{Code, Request, Response, Status, transport::Server};

/// Answers every call with a prepared result.
#[derive(Clone)]
struct Mock {
    add: Result<ProductId, Status>,
    get: Result<Product, Status>,
}

#[tonic::async_trait]
impl ProductInfo for Mock {
    async fn add_product(&self, _: Request<Product>) -> Result<Response<ProductId>, Status> {
        self.add.clone().map(Response::new)
    }

    async fn get_product(&self, _: Request<ProductId>) -> Result<Response<Product>, Status> {
        self.get.clone().map(Response::new)
    }
}

/// The status with which the client's calls of `mock` end.
async fn status(mock: Mock) -> Status {
    let channel = in_memory(ProductInfoServer::new(mock)).await;
    let error = client::call(ProductInfoClient::new(channel)).await.unwrap_err();
    *error.downcast().expect("the error is a status")
}

#[tokio::test]
async fn a_failed_add_ends_the_client_with_its_status() {
    let add = Err(Status::unavailable("no room today"));
    let status = status(Mock { add, get: Ok(Product::default()) }).await;
    assert_eq!((status.code(), status.message()), (Code::Unavailable, "no room today"));
}

#[tokio::test]
async fn a_failed_get_ends_the_client_with_its_status() {
    let get = Err(Status::data_loss("the shelf fell down"));
    let status = status(Mock { add: Ok(ProductId::default()), get }).await;
    assert_eq!((status.code(), status.message()), (Code::DataLoss, "the shelf fell down"));
}

#[tokio::test]
async fn the_client_continues_when_a_server_accepts_what_ours_refuses() {
    let mock = Mock { add: Ok(ProductId::default()), get: Ok(Product::default()) };
    let addr = start(|listener, shutdown| async move {
        Server::builder()
            .add_service(ProductInfoServer::new(mock))
            .serve_with_incoming_shutdown(launcher::incoming(listener), shutdown)
            .await
    })
    .await;
    let args = ["client", "--addr", &addr];
    let client = Process::start(env!("CARGO_BIN_EXE_productinfo"), &args).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
    for call in ["getProduct(\"no-such-id\")", "addProduct(\" \")"] {
        let line = format!("client | {call} -> accepted; our server refuses this\n");
        assert!(client.stdout.contains(&line), "{}", client.stdout);
    }
}

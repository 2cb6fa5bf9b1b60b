//! The client against servers that fail on purpose, without a port (book, chapter 7).
//!
//! A mock is the service's trait, implemented once more: the book generates it, in Rust it is a
//! few lines.

use productinfo::client;
use proto::ecommerce::{
    Product, ProductId,
    product_info_server::{ProductInfo, ProductInfoServer},
};
use testing::in_memory;
use tonic::{Code, Request, Response, Status};

/// Answers every call with what it is told to.
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

async fn call(mock: Mock) -> Result<(), Status> {
    let channel = in_memory(ProductInfoServer::new(mock)).await;
    client::call(proto::ecommerce::product_info_client::ProductInfoClient::new(channel)).await
}

#[tokio::test]
async fn a_failed_add_is_reported_as_it_came() {
    let add = Err(Status::unavailable("no room today"));
    let status = call(Mock { add, get: Ok(Product::default()) }).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unavailable, "no room today"));
}

#[tokio::test]
async fn a_failed_get_is_reported_as_it_came() {
    let get = Err(Status::data_loss("the shelf fell down"));
    let status = call(Mock { add: Ok(ProductId::default()), get }).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::DataLoss, "the shelf fell down"));
}

#[tokio::test]
async fn a_server_that_finds_what_does_not_exist_is_an_error() {
    let mock = Mock { add: Ok(ProductId::default()), get: Ok(Product::default()) };
    let status = call(mock).await.unwrap_err();
    assert_eq!(status.message(), "the server accepted what it has to refuse");
}

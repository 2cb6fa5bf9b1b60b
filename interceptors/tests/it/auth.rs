//! The calls that are accepted, and the caller in a handler.

use std::sync::Arc;

use interceptors::auth::{Bearer, Caller, authenticate};
use order_management::{orders::Orders, server::OrderService};
use proto::ecommerce::{
    Product, ProductId,
    order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
    product_info_client::ProductInfoClient,
    product_info_server::{ProductInfo, ProductInfoServer},
};
use testing::in_memory;
use tonic::{
    Code, Request, Response, Status,
    metadata::{Ascii, MetadataValue},
    service::Interceptor,
};

/// Calls `getOrder` with these values of `authorization`.
async fn get_order(tokens: &[MetadataValue<Ascii>]) -> Result<(), Status> {
    let service = OrderService::new(Arc::new(Orders::sample()));
    let service = OrderManagementServer::with_interceptor(service, authenticate);
    let mut client = OrderManagementClient::new(in_memory(service).await);
    let mut request = Request::new("102".to_owned());
    for token in tokens {
        request.metadata_mut().append("authorization", token.clone());
    }
    client.get_order(request).await.map(drop)
}

fn token(text: &'static str) -> MetadataValue<Ascii> {
    MetadataValue::from_static(text)
}

#[tokio::test]
async fn the_right_token_is_accepted() {
    get_order(&[token("Bearer open-sesame")]).await.unwrap();
}

#[tokio::test]
async fn any_other_token_is_refused() {
    // Not text, because metadata may contain any byte from 0x80 on.
    let binary = MetadataValue::try_from(&b"Bearer open-sesame\xff"[..]).unwrap();
    for tokens in [
        vec![],
        vec![token("")],
        vec![token("open-sesame")],
        vec![token("Bearer open-sesam")],
        vec![token("Bearer open-sesame-seed")],
        vec![token("bearer open-sesame")],
        vec![token("Basic open-sesame")],
        vec![binary],
        vec![token("Bearer open-sesame"), token("Bearer open-barley")],
    ] {
        let status = get_order(&tokens).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{tokens:?}");
        assert_eq!(status.message(), "authorization is missing or wrong");
    }
}

/// A handler that returns the name of its caller.
struct WhoAmI;

#[tonic::async_trait]
impl ProductInfo for WhoAmI {
    async fn get_product(
        &self,
        request: Request<ProductId>,
    ) -> Result<Response<Product>, Status> {
        let caller = request.extensions().get::<Caller>();
        let name = caller.ok_or_else(|| Status::internal("nobody"))?.name.to_owned();
        Ok(Response::new(Product { name, ..Product::default() }))
    }

    async fn add_product(&self, _: Request<Product>) -> Result<Response<ProductId>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[tokio::test]
async fn a_handler_gets_the_caller() {
    let service = ProductInfoServer::with_interceptor(WhoAmI, authenticate);
    let channel = in_memory(service).await;
    let mut client = ProductInfoClient::with_interceptor(channel, Bearer::default());
    let product = client.get_product(ProductId::default()).await.unwrap().into_inner();
    assert_eq!(product.name, "Ali Baba");
}

#[test]
fn the_token_is_not_printed() {
    let request = Bearer::default().call(Request::new(())).unwrap();
    let printed = format!("{request:?} {:?}", Bearer::default());
    assert!(!printed.contains("sesame"), "{printed}");
}

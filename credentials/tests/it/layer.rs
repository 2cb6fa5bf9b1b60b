//! The layer around a service: scopes, methods without a rule, and the identity in a handler.

use std::sync::{Arc, Mutex};

use credentials::{
    layer::Authenticate,
    server::Audited,
    verify::{Caller, Verifier},
};
use jwt::{Keys, SigningKey};
use proto::ecommerce::{
    Product, ProductId,
    product_info_client::ProductInfoClient,
    product_info_server::{ProductInfo, ProductInfoServer},
};
use testing::in_memory;
use tonic::{
    Code, Request, Response, Status, client::Grpc, metadata::MetadataMap, transport::Channel,
};
use tower::Layer;

use crate::forge::except;

const ADMIN: &str = "Basic YWRtaW46YWRtaW4=";

/// Remembers the caller and the metadata of the last call.
#[derive(Default)]
struct Spy(Mutex<Option<(Option<Caller>, MetadataMap)>>);

impl Spy {
    fn seen(&self) -> (Option<Caller>, MetadataMap) {
        self.0.lock().unwrap().take().expect("the handler was called")
    }

    fn see<T>(&self, request: &Request<T>) {
        let caller = request.extensions().get::<Caller>().cloned();
        *self.0.lock().unwrap() = Some((caller, request.metadata().clone()));
    }
}

#[tonic::async_trait]
impl ProductInfo for Spy {
    async fn add_product(
        &self,
        request: Request<Product>,
    ) -> Result<Response<ProductId>, Status> {
        self.see(&request);
        Ok(Response::new(ProductId::default()))
    }

    async fn get_product(
        &self,
        request: Request<ProductId>,
    ) -> Result<Response<Product>, Status> {
        self.see(&request);
        Ok(Response::new(Product::default()))
    }
}

async fn served<T: ProductInfo>(service: Arc<T>, key: &SigningKey) -> Channel {
    let verifier = Verifier::new(Keys::fixed(&key.public_keys()));
    let layer = Authenticate(Arc::new(verifier));
    in_memory(layer.layer(ProductInfoServer::from_arc(service))).await
}

fn with<T>(message: T, authorization: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", authorization.parse().unwrap());
    request
}

/// The codes of addProduct, getProduct, and a method that does not exist.
async fn codes(channel: Channel, authorization: &str) -> [Code; 3] {
    let mut stub = ProductInfoClient::new(channel.clone());
    let code =
        |result: Result<(), Status>| result.map_or_else(|status| status.code(), |()| Code::Ok);
    let added = stub.add_product(with(Product::default(), authorization)).await.map(drop);
    let got = stub.get_product(with(ProductId::default(), authorization)).await.map(drop);
    let mut unknown = Grpc::new(channel);
    unknown.ready().await.unwrap();
    let path = "/ecommerce.ProductInfo/removeProduct".parse().unwrap();
    let codec = tonic_prost::ProstCodec::<ProductId, Product>::default();
    let removed = unknown.unary(with(ProductId::default(), authorization), path, codec).await;
    [code(added), code(got), code(removed.map(drop))]
}

fn token(key: &SigningKey, scope: &str) -> String {
    format!("Bearer {}", key.sign(&except("scope", scope.into())).unwrap())
}

#[tokio::test]
async fn each_method_needs_its_scope_and_a_method_without_a_rule_is_closed() {
    use Code::{Ok, PermissionDenied, Unauthenticated, Unimplemented};
    let key = SigningKey::generate().unwrap();
    let channel = served(Arc::new(Spy::default()), &key).await;
    for (authorization, expected) in [
        (token(&key, "products.read"), [PermissionDenied, Ok, PermissionDenied]),
        (token(&key, "products.write"), [Ok, PermissionDenied, PermissionDenied]),
        (token(&key, "products.read products.write"), [Ok, Ok, PermissionDenied]),
        (token(&key, "products.admin admin"), [PermissionDenied; 3]),
        (ADMIN.into(), [Ok, Ok, Unimplemented]),
        ("Bearer x".into(), [Unauthenticated; 3]),
    ] {
        assert_eq!(codes(channel.clone(), &authorization).await, expected, "{authorization}");
    }
}

#[tokio::test]
async fn the_message_of_permission_denied_contains_the_scope() {
    let key = SigningKey::generate().unwrap();
    let mut stub = ProductInfoClient::new(served(Arc::new(Spy::default()), &key).await);
    let request = with(Product::default(), &token(&key, "products.read"));
    let status = stub.add_product(request).await.unwrap_err();
    assert!(status.message().contains("products.write"), "{status}");
}

#[tokio::test]
async fn a_handler_sees_the_caller_and_not_the_token() {
    let key = SigningKey::generate().unwrap();
    let spy = Arc::new(Spy::default());
    let mut stub = ProductInfoClient::new(served(Arc::clone(&spy), &key).await);
    stub.get_product(with(ProductId::default(), &token(&key, "products.read"))).await.unwrap();
    let (caller, metadata) = spy.seen();
    let caller = caller.expect("the layer has added the caller");
    assert_eq!(caller.name, "shop");
    assert!(caller.may("products.read") && !caller.may("products.write"));
    assert!(metadata.get("authorization").is_none());
}

#[tokio::test]
async fn the_service_refuses_to_work_without_the_layer() {
    let mut stub =
        ProductInfoClient::new(in_memory(ProductInfoServer::new(Audited::default())).await);
    let request = with(ProductId::default(), ADMIN);
    assert_eq!(stub.get_product(request).await.unwrap_err().code(), Code::Internal);
}

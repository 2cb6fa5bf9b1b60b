//! The exercises of the README, one file each. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p credentials --test exercises -- --ignored exercise_1
//! ```

mod attempts;
mod owners;
mod wildcards;

use std::{sync::Arc, time::Duration};

use credentials::{
    layer::Authenticate,
    server::Audited,
    verify::{AUDIENCE, ISSUER, Verifier},
};
use http::uri::PathAndQuery;
use jwt::{Claims, Keys, SigningKey};
use proto::ecommerce::{
    Product, ProductId, product_info_client::ProductInfoClient,
    product_info_server::ProductInfoServer,
};
use testing::in_memory;
use tonic::{Request, Status, client::Grpc, transport::Channel};
use tonic_prost::ProstCodec;
use tower::Layer;

const ADMIN: &str = "Basic YWRtaW46YWRtaW4=";

/// The service of the example behind its layer, and the key of its issuer.
struct Service {
    stub: ProductInfoClient<Channel>,
    channel: Channel,
    key: SigningKey,
}

impl Service {
    async fn start() -> Self {
        let key = SigningKey::generate().expect("there is randomness");
        let verifier = Verifier::new(Keys::fixed(&key.public_keys()));
        let service = ProductInfoServer::new(Audited::default());
        let channel = in_memory(Authenticate(Arc::new(verifier)).layer(service)).await;
        Self { stub: ProductInfoClient::new(channel.clone()), channel, key }
    }

    fn token(&self, name: &str, scope: &str) -> String {
        let claims = Claims::new(ISSUER, name, AUDIENCE, scope, Duration::from_secs(60));
        format!("Bearer {}", self.key.sign(&claims).expect("the claims are an object"))
    }

    async fn add(&mut self, authorization: &str) -> Result<ProductId, Status> {
        let lamp = Product { name: "a lamp".into(), ..Product::default() };
        Ok(self.stub.add_product(with(lamp, authorization)).await?.into_inner())
    }

    async fn get(&mut self, id: &ProductId, authorization: &str) -> Result<Product, Status> {
        Ok(self.stub.get_product(with(id.clone(), authorization)).await?.into_inner())
    }

    /// Calls a method that the layer has no rule for.
    async fn remove(&self, id: &ProductId, authorization: &str) -> Result<ProductId, Status> {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.expect("the channel is open");
        let path = PathAndQuery::from_static("/ecommerce.ProductInfo/removeProduct");
        let request = with(id.clone(), authorization);
        Ok(grpc.unary(request, path, ProstCodec::default()).await?.into_inner())
    }
}

fn with<T>(message: T, authorization: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = authorization.parse().expect("it is ASCII");
    request.metadata_mut().insert("authorization", value);
    request
}

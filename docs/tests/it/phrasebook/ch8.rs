//! Chapter 8: health, and server reflection.

use health::registry::{Registry, ServingStatus};
use productinfo::server::Products;
use proto::ecommerce::product_info_server::ProductInfoServer;
use tonic::transport::Server;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

pub(crate) const TEXT: &str = include_str!("ch8.rs");

fn server() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::default();
    registry.set("ecommerce.ProductInfo", ServingStatus::Serving);
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .build_v1alpha()?;
    let newer = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let router = Server::builder()
        .add_service(registry.service())
        .add_service(reflection)
        .add_service(newer)
        .add_service(ProductInfoServer::new(Products::default()));
    registry.shut_down();
    drop(router);
    Ok(())
}

async fn client(channel: tonic::transport::Channel) -> Result<(), tonic::Status> {
    let service = "ecommerce.ProductInfo".to_owned();
    let mut client = HealthClient::new(channel);
    let answer = client.check(HealthCheckRequest { service }).await?.into_inner();
    println!("{:?}", answer.status());
    Ok(())
}

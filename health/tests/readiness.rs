//! What follows the database, and what does not.

use std::future::pending;

use health::{
    registry::{SERVER, ServingStatus},
    server::{PRODUCT_INFO, serve},
};
use proto::workshop::{State, dependency_client::DependencyClient};
use tokio::net::TcpListener;
use tonic::transport::Channel;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

async fn start() -> Channel {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(listener, pending()));
    Channel::from_shared(uri).unwrap().connect().await.unwrap()
}

#[tokio::test]
async fn the_services_readiness_follows_the_database_and_the_servers_liveness_does_not() {
    let channel = start().await;
    let mut database = DependencyClient::new(channel.clone());
    let mut health = HealthClient::new(channel);
    let request = HealthCheckRequest { service: PRODUCT_INFO.into() };
    let mut watch = health.watch(request).await.unwrap().into_inner();
    let mut next = async || watch.message().await.unwrap().unwrap().status();
    assert_eq!(next().await, ServingStatus::Serving);

    for (up, status) in [(false, ServingStatus::NotServing), (true, ServingStatus::Serving)] {
        database.set(State { up }).await.unwrap();
        assert_eq!(next().await, status);
        let whole = health.check(HealthCheckRequest { service: SERVER.into() }).await;
        assert_eq!(whole.unwrap().into_inner().status(), ServingStatus::Serving);
    }
}

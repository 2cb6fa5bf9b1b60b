//! The status of the service follows the database, and the status of the server does not.

use health::{
    registry::{SERVER, ServingStatus},
    server::{PRODUCT_INFO, serve},
};
use proto::workshop::{State, dependency_client::DependencyClient};
use testing::start;
use tonic::transport::Channel;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

#[tokio::test]
async fn readiness_follows_the_database_and_liveness_does_not() {
    let uri = format!("http://{}", start(serve).await);
    let channel = Channel::from_shared(uri).unwrap().connect().await.unwrap();
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

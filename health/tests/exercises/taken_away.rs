//! 3. Taken away.

use std::time::Duration;

use health::registry::{Registry, ServingStatus};
use testing::in_memory;
use tokio::time::timeout;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_a_service_that_is_taken_away_is_not_known_any_more() {
    let registry = Registry::default();
    registry.set("shop", ServingStatus::Serving);
    let mut client = HealthClient::new(in_memory(registry.service()).await);
    let request = HealthCheckRequest { service: "shop".into() };
    let mut watch = client.watch(request.clone()).await.expect("it is known").into_inner();
    let mut next = async || {
        let told = timeout(Duration::from_secs(10), watch.message()).await;
        told.expect("it is told").expect("it goes on").expect("it goes on").status()
    };
    assert_eq!(next().await, ServingStatus::Serving);

    registry.set("shop", ServingStatus::ServiceUnknown);
    assert_eq!(next().await, ServingStatus::ServiceUnknown);
    let status = client
        .check(request.clone())
        .await
        .expect_err("it was taken away, and Check does not find it");
    assert_eq!(status.code(), Code::NotFound);

    registry.set("shop", ServingStatus::Serving);
    assert_eq!(next().await, ServingStatus::Serving);
    client.check(request.clone()).await.expect("it is known again");

    registry.set("shop", ServingStatus::ServiceUnknown);
    registry.shut_down();
    let status = client.check(request).await.expect_err("a shutdown does not bring it back");
    assert_eq!(status.code(), Code::NotFound);
}

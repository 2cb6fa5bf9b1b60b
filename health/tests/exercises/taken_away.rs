//! 3. Removed.

use std::time::Duration;

use health::registry::{Registry, ServingStatus};
use testing::in_memory;
use tokio::time::timeout;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_a_removed_service_is_unknown() {
    let registry = Registry::default();
    registry.set("shop", ServingStatus::Serving);
    let mut client = HealthClient::new(in_memory(registry.service()).await);
    let request = HealthCheckRequest { service: "shop".into() };
    let mut watch = client.watch(request.clone()).await.expect("a watch").into_inner();
    let mut next = async || {
        let message = timeout(Duration::from_secs(10), watch.message()).await;
        message.expect("a message").expect("no status").expect("no end").status()
    };
    assert_eq!(next().await, ServingStatus::Serving);

    registry.set("shop", ServingStatus::ServiceUnknown);
    assert_eq!(next().await, ServingStatus::ServiceUnknown, "the watch does not report it");
    let status = client.check(request.clone()).await.expect_err("Check finds it");
    assert_eq!(status.code(), Code::NotFound, "Check reports another code");

    registry.set("shop", ServingStatus::Serving);
    assert_eq!(next().await, ServingStatus::Serving, "it cannot be added again");
    client.check(request.clone()).await.expect("Check finds it again");

    registry.set("shop", ServingStatus::ServiceUnknown);
    registry.shut_down();
    let status = client.check(request).await.expect_err("a shutdown brings it back");
    assert_eq!(status.code(), Code::NotFound, "after a shutdown Check reports another code");
}

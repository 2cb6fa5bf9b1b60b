//! 2. Removed.

use std::time::Duration;

use health::registry::{Registry, ServingStatus};
use testing::in_memory;
use tokio::time::timeout;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_a_removed_service_is_unknown() {
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
    assert_eq!(
        next().await,
        ServingStatus::ServiceUnknown,
        "a watch must report SERVICE_UNKNOWN"
    );
    let code = client.check(request.clone()).await.map_err(|status| status.code());
    assert_eq!(code.err(), Some(Code::NotFound), "Check must not find a removed service");

    registry.set("shop", ServingStatus::Serving);
    assert_eq!(next().await, ServingStatus::Serving, "a removed service can be added again");
    assert!(client.check(request.clone()).await.is_ok(), "Check must find it again");

    registry.set("shop", ServingStatus::ServiceUnknown);
    registry.shut_down();
    let code = client.check(request).await.map_err(|status| status.code());
    assert_eq!(code.err(), Some(Code::NotFound), "a shutdown must not bring it back");
}

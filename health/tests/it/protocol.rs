//! `Check` and `Watch`, as the protocol defines them.

use std::{pin::pin, time::Duration};

use futures::{StreamExt, future::join_all, poll};
use health::registry::{Registry, SERVER, ServingStatus};
use testing::in_memory;
use tonic::{Code, Status, Streaming, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_client::HealthClient};

async fn start() -> (Registry, HealthClient<Channel>) {
    let registry = Registry::default();
    let client = HealthClient::new(in_memory(registry.service()).await);
    (registry, client)
}

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.into() }
}

async fn check(
    client: &mut HealthClient<Channel>,
    service: &str,
) -> Result<ServingStatus, Status> {
    client.check(of(service)).await.map(|response| response.into_inner().status())
}

async fn watch(
    client: &mut HealthClient<Channel>,
    service: &str,
) -> Streaming<HealthCheckResponse> {
    client.watch(of(service)).await.unwrap().into_inner()
}

async fn next(watch: &mut Streaming<HealthCheckResponse>) -> ServingStatus {
    watch.message().await.unwrap().expect("the watch has not ended").status()
}

/// Waits until every task waits. Paused time advances only then.
async fn settled() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn the_whole_server_is_serving_from_the_start() {
    let (_, mut client) = start().await;
    assert_eq!(check(&mut client, SERVER).await.unwrap(), ServingStatus::Serving);
}

#[tokio::test]
async fn check_and_watch_report_each_status() {
    for status in [ServingStatus::Unknown, ServingStatus::Serving, ServingStatus::NotServing] {
        let (registry, mut client) = start().await;
        registry.set("shop", status);
        assert_eq!(check(&mut client, "shop").await.unwrap(), status);
        assert_eq!(next(&mut watch(&mut client, "shop").await).await, status);
    }
}

#[tokio::test]
async fn each_service_has_its_status() {
    let (registry, mut client) = start().await;
    registry.set("shop", ServingStatus::NotServing);
    assert_eq!(check(&mut client, SERVER).await.unwrap(), ServingStatus::Serving);
}

#[tokio::test]
async fn check_does_not_find_an_unknown_service() {
    let (_, mut client) = start().await;
    assert_eq!(check(&mut client, "shop").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_watch_of_an_unknown_service_waits_for_the_service() {
    let (registry, mut client) = start().await;
    let mut watch = watch(&mut client, "shop").await;
    assert_eq!(next(&mut watch).await, ServingStatus::ServiceUnknown);
    registry.set("shop", ServingStatus::Serving);
    assert_eq!(next(&mut watch).await, ServingStatus::Serving);
}

#[tokio::test(start_paused = true)]
async fn a_watch_reports_changes_and_nothing_else() {
    let (registry, mut client) = start().await;
    registry.set("shop", ServingStatus::Serving);
    let mut watch = watch(&mut client, "shop").await;
    assert_eq!(next(&mut watch).await, ServingStatus::Serving);
    for (service, status) in
        [("shop", ServingStatus::Serving), ("other", ServingStatus::NotServing)]
    {
        registry.set(service, status);
        settled().await;
        assert!(poll!(pin!(watch.message())).is_pending(), "{service} is {status:?}");
    }
    registry.set("shop", ServingStatus::NotServing);
    assert_eq!(next(&mut watch).await, ServingStatus::NotServing);
}

#[tokio::test]
async fn a_change_reaches_a_thousand_watchers() {
    let (registry, client) = start().await;
    registry.set("shop", ServingStatus::Serving);
    let mut watches = join_all((0..1_000).map(|_| {
        let mut client = client.clone();
        async move { watch(&mut client, "shop").await }
    }))
    .await;
    assert!(
        join_all(watches.iter_mut().map(next))
            .await
            .iter()
            .all(|s| *s == ServingStatus::Serving)
    );
    registry.set("shop", ServingStatus::NotServing);
    let statuses = join_all(watches.iter_mut().map(next)).await;
    assert!(statuses.iter().all(|status| *status == ServingStatus::NotServing));
}

#[tokio::test]
async fn after_the_shutdown_every_status_stays_not_serving() {
    let (registry, mut client) = start().await;
    registry.set("shop", ServingStatus::Serving);
    let mut watch = watch(&mut client, "shop").await;
    assert_eq!(next(&mut watch).await, ServingStatus::Serving);
    registry.shut_down();
    assert_eq!(next(&mut watch).await, ServingStatus::NotServing);
    registry.set("shop", ServingStatus::Serving);
    for service in [SERVER, "shop"] {
        assert_eq!(check(&mut client, service).await.unwrap(), ServingStatus::NotServing);
    }
}

#[tokio::test]
async fn a_closed_registry_ends_watches_after_the_last_change() {
    let (registry, mut client) = start().await;
    let mut watch = watch(&mut client, SERVER).await;
    assert_eq!(next(&mut watch).await, ServingStatus::Serving);
    registry.shut_down();
    registry.close();
    let statuses = watch.collect::<Vec<_>>().await;
    let codes = statuses.iter().map(|status| status.as_ref().map(HealthCheckResponse::status));
    let codes = codes.map(|status| status.map_err(Status::code)).collect::<Vec<_>>();
    assert_eq!(codes, [Ok(ServingStatus::NotServing), Err(Code::Unavailable)]);
}

#[tokio::test]
async fn a_name_of_5000_bytes_is_rejected() {
    let (_, mut client) = start().await;
    let status = check(&mut client, &"x".repeat(5_000)).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
}

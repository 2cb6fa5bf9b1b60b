//! A channel sends calls only to backends that are healthy. The network is in memory, and time is
//! paused.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use channel::{Channel, Names, RoundRobin};
use futures::stream::{self, BoxStream, StreamExt};
use health::{
    registry::{Registry, ServingStatus},
    server::PRODUCT_INFO,
    serving::serving,
};
use productinfo::server::Products;
use proto::ecommerce::{
    ProductId, product_info_client::ProductInfoClient, product_info_server::ProductInfoServer,
};
use testing::network::{Network, settle, target};
use tokio::time::{sleep, timeout};
use tonic::{Code, Request, Response, Status, service::Routes};
use tonic_health::{
    pb::{
        HealthCheckRequest, HealthCheckResponse,
        health_server::{Health, HealthServer},
    },
    server::health_reporter,
};

/// The service of a backend, and a counter of its calls.
fn products() -> (Routes, Arc<AtomicUsize>) {
    let calls = Arc::<AtomicUsize>::default();
    let counter = Arc::clone(&calls);
    let count = move |request: Request<()>| {
        counter.fetch_add(1, SeqCst);
        Ok::<_, Status>(request)
    };
    let service = ProductInfoServer::with_interceptor(Products::default(), count);
    (Routes::new(service), calls)
}

/// Starts a backend with a health service. Returns its health and a counter of its calls.
fn start(network: &Network, number: u8) -> (Registry, Arc<AtomicUsize>) {
    let (routes, calls) = products();
    let registry = Registry::default();
    network.serve(number, routes.add_service(registry.service()));
    (registry, calls)
}

fn channel(network: &Network, numbers: &[u8]) -> Channel {
    let network = network.clone();
    Channel::to(&target(numbers), &Names::new())
        .unwrap()
        .policy(RoundRobin::default())
        .connector(move |to| std::future::ready(network.connect(to)))
        .ready_when(serving(PRODUCT_INFO))
        .build()
}

/// Makes a call that every backend answers with NOT_FOUND.
async fn call(channel: &Channel) -> Status {
    let mut client = ProductInfoClient::new(channel.clone());
    client.get_product(ProductId::default()).await.expect_err("there are no products")
}

async fn is_answered(channel: &Channel) {
    assert_eq!(call(channel).await.code(), Code::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_backend_gets_calls_while_it_is_serving() {
    let network = Network::default();
    let (one, calls_of_one) = start(&network, 1);
    let (two, calls_of_two) = start(&network, 2);
    one.set(PRODUCT_INFO, ServingStatus::Serving);
    two.set(PRODUCT_INFO, ServingStatus::Serving);
    let channel = channel(&network, &[1, 2]);
    channel.connected().await;
    for (status, expected) in [
        (ServingStatus::Serving, [2, 2]),
        (ServingStatus::NotServing, [4, 0]),
        (ServingStatus::Serving, [2, 2]),
        (ServingStatus::Unknown, [4, 0]),
    ] {
        two.set(PRODUCT_INFO, status);
        settle().await;
        for _ in 0..4 {
            is_answered(&channel).await;
        }
        let calls = [calls_of_one.swap(0, SeqCst), calls_of_two.swap(0, SeqCst)];
        assert_eq!(calls, expected, "{status:?}");
    }
    assert_eq!(network.attempts(2).len(), 1, "all on one connection");
}

#[tokio::test(start_paused = true)]
async fn a_backend_without_a_health_service_gets_calls() {
    let network = Network::default();
    network.serve(1, products().0);
    is_answered(&channel(&network, &[1])).await;
}

#[tokio::test(start_paused = true)]
async fn calls_fail_with_the_reason_when_no_backend_is_healthy() {
    let network = Network::default();
    let (health, calls) = start(&network, 1);
    health.set(PRODUCT_INFO, ServingStatus::NotServing);
    let status = call(&channel(&network, &[1])).await;
    assert_eq!(status.code(), Code::Unavailable);
    let reason = format!("\"{PRODUCT_INFO}\" is NOT_SERVING");
    assert!(status.message().ends_with(&reason), "{status:?}");
    assert_eq!(calls.load(SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_fails_is_called_again_after_a_second() {
    let network = Network::default();
    // This health service ends the watch of an unknown service.
    let (reporter, health) = health_reporter();
    network.serve(1, products().0.add_service(health));
    let channel = channel(&network, &[1]);
    let status = call(&channel).await;
    assert!(status.message().contains("cannot watch its health: NOT_FOUND"), "{status:?}");
    reporter.set_service_status(PRODUCT_INFO, tonic_health::ServingStatus::Serving).await;
    sleep(Duration::from_millis(1_001)).await;
    is_answered(&channel).await;
    assert_eq!(network.attempts(1).len(), 1, "all on one connection");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ends_later_is_called_again_at_once() {
    let network = Network::default();
    let (mut reporter, health) = health_reporter();
    network.serve(1, products().0.add_service(health));
    reporter.set_service_status(PRODUCT_INFO, tonic_health::ServingStatus::Serving).await;
    let channel = channel(&network, &[1]);
    is_answered(&channel).await;
    sleep(Duration::from_secs(2)).await;
    // This ends the watch.
    reporter.clear_service_status(PRODUCT_INFO).await;
    reporter.set_service_status(PRODUCT_INFO, tonic_health::ServingStatus::Serving).await;
    settle().await;
    is_answered(&channel).await;
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_is_restarted_is_watched_again() {
    let network = Network::default();
    start(&network, 1).0.set(PRODUCT_INFO, ServingStatus::Serving);
    let channel = channel(&network, &[1]);
    is_answered(&channel).await;
    sleep(Duration::from_secs(2)).await;
    network.kill(1);
    start(&network, 1).0.set(PRODUCT_INFO, ServingStatus::Serving);
    settle().await;
    is_answered(&channel).await;
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_drains_does_not_wait_for_the_watch() {
    let network = Network::default();
    let (health, _) = start(&network, 1);
    health.set(PRODUCT_INFO, ServingStatus::Serving);
    let channel = channel(&network, &[1]);
    is_answered(&channel).await;
    let open = network.stop(1);
    // There are no calls, and the status does not change.
    let closed = timeout(Duration::from_secs(5), open.join_all()).await;
    closed.expect("the connection is closed in time");
}

/// A health service whose watches end after one message, and a counter of them.
#[derive(Clone, Default)]
struct OneMessage(Arc<AtomicUsize>);

#[tonic::async_trait]
impl Health for OneMessage {
    async fn check(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        Err(Status::unimplemented("not needed here"))
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        self.0.fetch_add(1, SeqCst);
        let status = ServingStatus::Serving as i32;
        Ok(Response::new(stream::iter([Ok(HealthCheckResponse { status })]).boxed()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_always_ends_is_called_once_a_second() {
    let network = Network::default();
    let health = OneMessage::default();
    network.serve(1, products().0.add_service(HealthServer::new(health.clone())));
    let _channel = channel(&network, &[1]);
    sleep(Duration::from_millis(9_500)).await;
    assert_eq!(health.0.load(SeqCst), 10);
}

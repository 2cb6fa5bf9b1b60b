//! A backend is used while it says that it is well.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use channel::{Backoff, Channel, RoundRobin};
use futures::stream::{self, BoxStream, StreamExt};
use load_balancing::{health::serving, server::Backend};
use proto::echo::echo_server::EchoServer;
use tokio::time::{sleep, timeout};
use tonic::{Code, Request, Response, Status, service::Routes};
use tonic_health::{
    ServingStatus,
    pb::{
        HealthCheckRequest, HealthCheckResponse,
        health_server::{Health, HealthServer},
    },
    server::{HealthReporter, health_reporter},
};

use crate::network::{Network, addr, echo, settle, told};

const SERVICE: &str = "grpc.examples.echo.Echo";

/// Starts an echo backend with a health of its own.
fn start(network: &Network, number: u8) -> HealthReporter {
    let (reporter, health) = health_reporter();
    let echo = EchoServer::new(Backend { addr: addr(number) });
    network.serve(number, Routes::new(echo).add_service(health));
    reporter
}

fn channel(network: &Network, numbers: &[u8]) -> Channel {
    let backoff = Backoff { jitter: 0.0, ..Backoff::default() };
    Channel::over(told(numbers).1)
        .policy(RoundRobin::default())
        .connector(connect(&network))
        .ready_when(serving(SERVICE, backoff))
        .build()
}

/// Who answers four calls, in order of their numbers.
async fn four(channel: &Channel) -> [u8; 4] {
    let mut numbers = [0; 4];
    for number in &mut numbers {
        *number = echo(channel).await.expect("it is answered");
    }
    numbers.sort_unstable();
    numbers
}

#[tokio::test(start_paused = true)]
async fn a_backend_gets_calls_while_it_says_that_it_is_serving() {
    let network = Network::default();
    let healths = [start(&network, 1), start(&network, 2)];
    for health in &healths {
        health.set_service_status(SERVICE, ServingStatus::Serving).await;
    }
    let channel = channel(&network, &[1, 2]);
    channel.connected().await;
    assert_eq!(four(&channel).await, [1, 1, 2, 2]);
    for _ in 0..3 {
        healths[1].set_service_status(SERVICE, ServingStatus::NotServing).await;
        settle().await;
        assert_eq!(four(&channel).await, [1; 4]);
        healths[1].set_service_status(SERVICE, ServingStatus::Serving).await;
        settle().await;
        assert_eq!(four(&channel).await, [1, 1, 2, 2]);
    }
    assert_eq!(network.attempts(2).len(), 1, "all on one connection");
}

#[tokio::test(start_paused = true)]
async fn a_backend_without_the_health_service_counts_as_ready() {
    let network = of([1]);
    let channel = channel(&network, &[1]);
    assert_eq!(four(&channel).await, [1; 4]);
}

#[tokio::test(start_paused = true)]
async fn when_no_backend_is_well_calls_fail_and_say_so() {
    let network = Network::default();
    let health = start(&network, 1);
    health.set_service_status(SERVICE, ServingStatus::NotServing).await;
    let channel = channel(&network, &[1]);
    let status = echo(&channel).await.expect_err("it is not well");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().ends_with(&format!("\"{SERVICE}\" is NOT_SERVING")), "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_fails_is_called_again_after_a_delay() {
    let network = Network::default();
    // This one ends the watch of a service that it does not know.
    let health = start(&network, 1);
    let channel = channel(&network, &[1]);
    let status = echo(&channel).await.expect_err("nothing is known");
    assert!(status.message().contains("its health cannot be watched: NOT_FOUND"), "{status:?}");
    health.set_service_status(SERVICE, ServingStatus::Serving).await;
    sleep(Duration::from_millis(1_001)).await;
    assert_eq!(four(&channel).await, [1; 4]);
    assert_eq!(network.attempts(1).len(), 1, "all on one connection");
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_is_killed_is_connected_and_watched_anew() {
    let network = Network::default();
    start(&network, 1).set_service_status(SERVICE, ServingStatus::Serving).await;
    let channel = channel(&network, &[1]);
    assert_eq!(four(&channel).await, [1; 4]);
    sleep(Duration::from_secs(2)).await;
    network.kill(1);
    start(&network, 1).set_service_status(SERVICE, ServingStatus::Serving).await;
    settle().await;
    assert_eq!(four(&channel).await, [1; 4]);
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_drains_does_not_wait_for_the_watch() {
    let network = Network::default();
    let health = start(&network, 1);
    health.set_service_status(SERVICE, ServingStatus::Serving).await;
    let channel = channel(&network, &[1]);
    echo(&channel).await.expect("it is answered");
    let open = network.stop(1);
    // Nobody calls, and nobody says that the health has changed.
    timeout(Duration::from_secs(5), open.join_all())
        .await
        .expect("the connection is closed in time");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_has_worked_and_ends_is_called_again_at_once() {
    let network = Network::default();
    let mut health = start(&network, 1);
    health.set_service_status(SERVICE, ServingStatus::Serving).await;
    let channel = channel(&network, &[1]);
    assert_eq!(four(&channel).await, [1; 4]);
    sleep(Duration::from_secs(2)).await;
    // This one ends the watch.
    health.clear_service_status(SERVICE).await;
    health.set_service_status(SERVICE, ServingStatus::Serving).await;
    settle().await;
    assert_eq!(four(&channel).await, [1; 4]);
}

/// A health that always says one word, and how often it was asked.
#[derive(Clone, Default)]
struct OneWord(Arc<AtomicUsize>);

#[tonic::async_trait]
impl Health for OneWord {
    async fn check(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        Err(Status::unimplemented("it is not needed here"))
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
async fn a_watch_that_ends_with_each_word_is_not_called_in_a_loop() {
    let network = Network::default();
    let health = OneWord::default();
    let echo = EchoServer::new(Backend { addr: addr(1) });
    let routes = Routes::new(echo).add_service(HealthServer::new(health.clone()));
    network.serve(1, routes);
    let _channel = channel(&network, &[1]);
    sleep(Duration::from_millis(9_500)).await;
    assert_eq!(health.0.load(SeqCst), 10, "once a second");
}

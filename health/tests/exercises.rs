//! The exercises of the README. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p health --test exercises -- --ignored exercise_1
//! ```

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures::stream::{self, BoxStream, StreamExt};
use health::{
    registry::{Registry, ServingStatus},
    server::{PRODUCT_INFO, serve},
};
use proto::{
    ecommerce::{Product, product_info_client::ProductInfoClient},
    workshop::{State, dependency_client::DependencyClient},
};
use testing::{Process, in_memory};
use tokio::{
    net::TcpListener,
    sync::{Notify, oneshot},
    time::timeout,
};
use tonic::{
    Code, Request, Response, Status,
    transport::{Channel, Server, server::TcpIncoming},
};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_client::HealthClient,
    health_server::{Health, HealthServer},
};

async fn start() -> (String, Channel) {
    start_until(pending()).await
}

async fn start_until(shutdown: impl Future<Output = ()> + Send + 'static) -> (String, Channel) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(serve(listener, shutdown));
    let channel = Channel::from_shared(format!("http://{addr}")).expect("it is a URI");
    (addr, channel.connect().await.expect("it listens"))
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_a_service_that_is_not_ready_says_so_to_its_callers() {
    let (_, channel) = start().await;
    let mut database = DependencyClient::new(channel.clone());
    let mut products = ProductInfoClient::new(channel);
    let product = Product { name: "a lamp".into(), ..Product::default() };
    database.set(State { up: false }).await.expect("it can be set");
    let status = products.add_product(product.clone()).await.expect_err("the database is down");
    assert_eq!(status.code(), Code::Unavailable);
    database.set(State { up: true }).await.expect("it can be set");
    let id =
        products.add_product(product.clone()).await.expect("the database is up").into_inner();
    database.set(State { up: false }).await.expect("it can be set");
    let status = products.get_product(id.clone()).await.expect_err("the database is down");
    assert_eq!(status.code(), Code::Unavailable);
    database.set(State { up: true }).await.expect("it can be set");
    products.get_product(id).await.expect("the database is up");

    // Another server has a database of its own. It is about to end, and still serves.
    database.set(State { up: false }).await.expect("it can be set");
    let (end, ended) = oneshot::channel::<()>();
    let (_, channel) = start_until(async { drop(ended.await) }).await;
    let request = HealthCheckRequest { service: PRODUCT_INFO.into() };
    let watch = HealthClient::new(channel.clone()).watch(request).await;
    let mut watch = watch.expect("it is known").into_inner();
    let mut next =
        async || watch.message().await.expect("it goes on").expect("it goes on").status();
    assert_eq!(next().await, ServingStatus::Serving);
    drop(end);
    assert_eq!(next().await, ServingStatus::NotServing);
    let added = ProductInfoClient::new(channel).add_product(product).await;
    added.expect("NOT_SERVING is not UNAVAILABLE: its database is up");
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_the_probe_waits_for_a_service_that_is_about_to_serve() {
    const PROBE: &str = env!("CARGO_BIN_EXE_health-probe");
    let (addr, channel) = start().await;
    let mut database = DependencyClient::new(channel);
    database.set(State { up: false }).await.expect("it can be set");
    let args = ["--addr", &addr, "--service", PRODUCT_INFO, "--wait"];
    let start = Instant::now();
    let given_up = Process::start(PROBE, &[&args[..], &["200ms"]].concat()).end().await;
    assert_eq!(given_up.status, Some(4), "{}", given_up.stderr);
    assert!(start.elapsed() >= Duration::from_millis(200), "it waits as long as it was told");

    let unknown = ["--addr", &addr, "--service", "no.such.Service", "--wait", "200ms"];
    let given_up = Process::start(PROBE, &unknown).end().await;
    assert_eq!(given_up.status, Some(3), "as without --wait: {}", given_up.stderr);

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound").to_string();
    let starting = Starting::default();
    let server = Server::builder().add_service(HealthServer::new(starting.clone()));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    let args = ["--addr", &addr, "--wait", "30s", "--rpc-header", "token: open-sesame"];
    let waiting = tokio::spawn(Process::start(PROBE, &args).end());
    // Longer than an answer may take by --rpc-timeout.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(!waiting.is_finished(), "it waits, whatever it is told before SERVING");
    starting.started.notify_one();
    let ended = timeout(Duration::from_secs(5), waiting).await.expect("it waits no longer");
    let ended = ended.expect("it ends");
    assert_eq!(ended.status, Some(0), "it watches, with its headers: {}", ended.stderr);
}

/// A server that starts slowly. It tells those who have a token, and of its start those who watch.
#[derive(Clone, Default)]
struct Starting {
    started: Arc<Notify>,
    told: Arc<AtomicBool>,
}

#[tonic::async_trait]
impl Health for Starting {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        admit(&request)?;
        let serving = self.told.load(Ordering::SeqCst);
        let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
        Ok(Response::new(HealthCheckResponse { status: status.into() }))
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        admit(&request)?;
        let Self { started, told } = self.clone();
        let start = stream::once(async move {
            started.notified().await;
            told.store(true, Ordering::SeqCst);
            ServingStatus::Serving
        });
        let before =
            [ServingStatus::ServiceUnknown, ServingStatus::NotServing, ServingStatus::Unknown];
        let statuses = stream::iter(before).chain(start).chain(stream::pending());
        let responses = statuses.map(|s| Ok(HealthCheckResponse { status: s.into() }));
        Ok(Response::new(responses.boxed()))
    }
}

fn admit(request: &Request<HealthCheckRequest>) -> Result<(), Status> {
    let token = request.metadata().get("token");
    token.map(|_| ()).ok_or_else(|| Status::unauthenticated("it has no token"))
}

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

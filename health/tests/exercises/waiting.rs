//! 2. A probe that waits.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures::stream::{self, BoxStream, StreamExt};
use health::{registry::ServingStatus, server::PRODUCT_INFO};
use proto::workshop::{State, dependency_client::DependencyClient};
use testing::Process;
use tokio::{net::TcpListener, sync::Notify, time::timeout};
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_server::{Health, HealthServer},
};

use crate::start;

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

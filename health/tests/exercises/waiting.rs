//! 2. A probe that waits.

use std::time::{Duration, Instant};

use health::registry::{Registry, ServingStatus};
use testing::{Ended, Process, start};
use tokio::time::{sleep, timeout};
use tonic::{
    Request, Status,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::pb::health_server::HealthServer;

async fn probe(addr: String, service: &str, wait: &str) -> Ended {
    let program = env!("CARGO_BIN_EXE_health-probe");
    let header = ["--rpc-header", "token: open-sesame"];
    let args = [&["--addr", &addr, "--service", service, "--wait", wait][..], &header].concat();
    Process::start(program, &args).end().await
}

fn authorize(request: Request<()>) -> Result<Request<()>, Status> {
    let missing = || Status::unauthenticated("no token");
    request.metadata().get("token").map(drop).ok_or_else(missing)?;
    Ok(request)
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_the_probe_waits_until_the_service_is_serving() {
    let registry = Registry::default();
    let health = HealthServer::with_interceptor(registry.clone(), authorize);
    let addr = start(|listener, _| {
        Server::builder().add_service(health).serve_with_incoming(TcpIncoming::from(listener))
    })
    .await;

    registry.set("down", ServingStatus::NotServing);
    let start = Instant::now();
    let ended = probe(addr.clone(), "down", "200ms").await;
    assert_eq!(ended.status, Some(4), "NOT_SERVING until the end is not 4: {}", ended.stderr);
    assert!(start.elapsed() >= Duration::from_millis(200), "it does not wait");
    let ended = probe(addr.clone(), "unknown", "200ms").await;
    assert_eq!(ended.status, Some(3), "an unknown service is not 3: {}", ended.stderr);

    let waiting = tokio::spawn(probe(addr, "late", "30s"));
    for status in [ServingStatus::NotServing, ServingStatus::Unknown] {
        // Longer than an answer may take by --rpc-timeout.
        sleep(Duration::from_millis(800)).await;
        assert!(!waiting.is_finished(), "it ends before the service is SERVING");
        registry.set("late", status);
    }
    registry.set("late", ServingStatus::Serving);
    let ended = timeout(Duration::from_secs(5), waiting).await;
    let ended = ended.expect("it does not end when the service is SERVING").expect("it runs");
    assert_eq!(ended.status, Some(0), "SERVING is not 0: {}", ended.stderr);
}

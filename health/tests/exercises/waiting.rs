//! 3. Project: a probe that waits.

use std::time::{Duration, Instant};

use health::registry::{Registry, ServingStatus};
use launcher::incoming;
use testing::{Ended, Process, start};
use tokio::time::{sleep, timeout};
use tonic::transport::Server;

async fn probe(addr: String, service: &str, wait: &str) -> Ended {
    let program = env!("CARGO_BIN_EXE_health-probe");
    let args = ["--addr", &addr, "--service", service, "--wait", wait];
    Process::start(program, &args).end().await
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_the_probe_waits_until_the_service_is_serving() {
    let registry = Registry::default();
    let health = registry.service();
    let addr = start(|listener, _| {
        Server::builder().add_service(health).serve_with_incoming(incoming(listener))
    })
    .await;

    registry.set("down", ServingStatus::NotServing);
    let start = Instant::now();
    let ended = probe(addr.clone(), "down", "200ms").await;
    assert_eq!(ended.status, Some(4), "exit with 4 if it stays NOT_SERVING: {}", ended.stderr);
    assert!(start.elapsed() >= Duration::from_millis(200), "--wait must wait");
    let ended = probe(addr.clone(), "unknown", "200ms").await;
    assert_eq!(ended.status, Some(3), "exit with 3 if it stays unknown: {}", ended.stderr);

    let waiting = tokio::spawn(probe(addr, "late", "30s"));
    for status in [ServingStatus::NotServing, ServingStatus::Unknown] {
        // Longer than an answer may take by --rpc-timeout.
        sleep(Duration::from_millis(800)).await;
        assert!(!waiting.is_finished(), "the probe must not end before it is SERVING");
        registry.set("late", status);
    }
    registry.set("late", ServingStatus::Serving);
    let ended = timeout(Duration::from_secs(5), waiting).await;
    let ended = ended.expect("the probe must end when it is SERVING").expect("it runs");
    assert_eq!(ended.status, Some(0), "exit with 0 when it is SERVING: {}", ended.stderr);
}

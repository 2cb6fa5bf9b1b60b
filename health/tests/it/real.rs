//! The real `grpc_health_probe`, and a real server in another language.

use std::env;

use testing::{Process, python};

use crate::{
    probe::PROBE,
    servers::{Kind, start},
};

/// Go's probe: `GRPC_HEALTH_PROBE`, or the one on the PATH.
fn real_probe() -> String {
    env::var("GRPC_HEALTH_PROBE").unwrap_or_else(|_| "grpc_health_probe".into())
}

#[tokio::test]
#[ignore = "needs grpc_health_probe"]
async fn the_real_probe_has_the_same_exit_status_for_each_kind_of_server() {
    for kind in Kind::ALL {
        let server = start(kind).await;
        let real = Process::start(&real_probe(), &server.args()).end().await;
        let ours = Process::start(PROBE, &server.args()).end().await;
        assert_eq!(real.status, ours.status, "{kind:?}:\n{}{}", real.stderr, ours.stderr);
    }
}

#[tokio::test]
#[ignore = "needs Python with grpcio-health-checking"]
async fn the_probe_understands_a_server_in_python() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/health_server.py");
    let mut server = Process::start(&python(), &[script]);
    let addr = server.addr().await;
    for (service, status) in [("", 0), ("up", 0), ("down", 4), ("no such service", 3)] {
        let ended = Process::start(PROBE, &["--addr", &addr, "--service", service]).end().await;
        assert_eq!(ended.status, Some(status), "{service}: {}", ended.stderr);
    }
}
